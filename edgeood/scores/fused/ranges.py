"""How large the numbers of a fused score can become: interval arithmetic, continued from the network's."""

from collections.abc import Mapping

import numpy as np

from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.graph import FixedGraph
from edgeood.fixed_point.ranges import Range
from edgeood.scores.fused import FusedScore
from edgeood.scores.fused.mahalanobis import FixedPointMahalanobis
from edgeood.scores.fused.max_logit import FixedPointMaxLogit


def score_ranges(score: FusedScore, known: Mapping[str, Range], graph: FixedGraph) -> dict[str, Range]:
    """Ranges of ``score`` and, of a Mahalanobis score, of what is computed on the way to it.

    These are ``score.difference`` r − μ and ``score.square`` (D for each class), ``score.square_kept`` after the
    rounding down, ``score.product``, ``score.product_kept``, and ``score.sum`` (one for each class).
    """
    if isinstance(score, FixedPointMahalanobis):
        return _mahalanobis_ranges(score, known[graph.representation])
    assert isinstance(score, FixedPointMaxLogit)
    logits = known[graph.logits]
    # The largest logit is no smaller than the largest of the lowest ends.
    low, high = np.array([-logits.high.max()], object), np.array([-logits.low.max()], object)
    return {"score": Range(low, high, logits.fraction)}


def _mahalanobis_ranges(score: FixedPointMahalanobis, representation: Range) -> dict[str, Range]:
    fraction = score.difference_type.fraction
    taken = representation.at(fraction)
    mean = score.mean.astype(object) * (1 << (fraction - score.mean_type.fraction))
    low, high = taken.low - mean, taken.high - mean
    nearest = np.maximum(np.maximum(low, -high), 0)
    square = Range(nearest**2, np.maximum(-low, high) ** 2, 2 * fraction)
    square_kept = _floored(square, score.square_type.fraction)
    weights = score.inverse_variance.astype(object)
    product = Range(
        square_kept.low * weights,
        square_kept.high * weights,
        square_kept.fraction + score.inverse_variance_type.fraction,
    )
    product_kept = _floored(product, score.product_type.fraction)
    distance = Range(product_kept.low.sum(axis=1), product_kept.high.sum(axis=1), product_kept.fraction)
    smallest = Range(distance.low.min(keepdims=True), distance.high.min(keepdims=True), distance.fraction)
    return {
        "score.difference": Range(low, high, fraction),
        "score.square": square,
        "score.square_kept": square_kept,
        "score.product": product,
        "score.product_kept": product_kept,
        "score.sum": distance,
        "score": smallest,
    }


def _floored(taken: Range, fraction: int) -> Range:
    drop = taken.fraction - fraction
    return Range(taken.low // (1 << drop), taken.high // (1 << drop), fraction)


def score_types(score: FusedScore) -> dict[str, FixedPoint]:
    """The types of a fused score, by the names of :func:`score_ranges` (and the logits' by theirs)."""
    types = score.types()
    if isinstance(score, FixedPointMaxLogit):
        return {"score": types["score"]}
    return {
        "score.difference": types["difference"],
        "score.square_kept": types["square"],
        "score.product_kept": types["product"],
        "score.sum": types["score"],
        "score": types["score"],
    }
