"""Effective bit operations of the fused scores, by the conventions of the networks' count."""

from edgeood.fixed_point.bit_operations import effective_bits
from edgeood.scores.fused import FusedScore
from edgeood.scores.fused.mahalanobis import FixedPointMahalanobis


def score_bit_operations(score: FusedScore) -> int:
    """EBOPs of a fused score for one jet (:mod:`edgeood.fixed_point.bit_operations`).

    The largest logit is found by comparisons, which count nothing. The diagonal Mahalanobis distance squares the
    difference to each class's mean, in every dimension, and multiplies the square by a constant.
    """
    if not isinstance(score, FixedPointMahalanobis):
        return 0
    squares = score.mean.size * score.difference_type.bits**2
    products = int(effective_bits(score.inverse_variance).sum()) * score.square_type.bits
    return squares + products
