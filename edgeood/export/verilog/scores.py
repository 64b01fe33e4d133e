"""The fused scores and the decision as logic, of alkaid's traced numbers."""

import hashlib

import numpy as np

from edgeood.errors import EdgeoodError
from edgeood.export.verilog.arithmetic import (
    Number,
    Numbers,
    added,
    constant,
    floored,
    is_constant,
    largest,
    smallest,
    times,
    total,
)
from edgeood.scores.fused import FusedScore
from edgeood.scores.fused.mahalanobis import FixedPointMahalanobis
from edgeood.scores.fused.mass_blind import MassBlindDecision
from edgeood.scores.fused.max_logit import FixedPointMaxLogit
from edgeood.scores.fused.network import FusedNetwork

_TABLE_BITS = 31


def fused(score: FusedScore, representation: Numbers, logits: Numbers) -> Number:
    """The score of a representation (D,) and logits (K,)."""
    if isinstance(score, FixedPointMaxLogit):
        return -largest(list(logits))
    assert isinstance(score, FixedPointMahalanobis)
    means = score.mean * score.mean_type.step
    inverse_variances = score.inverse_variance * score.inverse_variance_type.step
    nearest = []
    for own_mean, weights in zip(means, inverse_variances, strict=True):
        terms = []
        for one, middle, weight in zip(representation, own_mean, weights, strict=True):
            difference = abs(added(one, -float(middle)))
            square = floored(difference * difference, score.square_type.fraction)
            terms.append(floored(times(square, float(weight)), score.product_type.fraction))
        nearest.append(total(terms))
    return smallest(nearest)


def anomalous(network: FusedNetwork, score: Number, mass: Number | None) -> Number:
    """One bit: the score is above the threshold, that of the jet's mass word where the run is calibrated."""
    if network.decision is not None:
        assert mass is not None
        return _above(score, _looked_up(network.decision, mass, network.step))
    # Beyond the ends of the type it makes no difference where.
    low, high = network.score_type.lowest_integer - 1, network.score_type.highest_integer
    threshold = min(max(network.threshold_integer, low), high) * network.step
    return _above(score, constant(threshold, score))


def _above(score: Number, threshold: Number) -> Number:
    """One bit, in as few operations as the intervals leave."""
    if score.low > threshold.high:
        return constant(1.0, score)
    if score.high <= threshold.low:
        return constant(0.0, score)
    margin = added(score, -threshold.low) if is_constant(threshold) else score - threshold
    return margin.is_positive()


def _looked_up(decision: MassBlindDecision, mass: Number, step: float) -> Number:
    """The threshold of a mass word. alkaid makes tables of float32; these are made of the integers themselves."""
    from alkaid.trace.fixed_variable import LookupTable, TableSpec
    from alkaid.types import QInterval

    low, high = int(decision.thresholds.min()), int(decision.thresholds.max())
    if low == high:
        return constant(low * step, mass)
    if max(high.bit_length(), (-low).bit_length()) > _TABLE_BITS:
        raise EdgeoodError(
            f"the table of thresholds needs more than the {_TABLE_BITS} bits that RTL is made for; allow a larger "
            "score.error_budget."
        )
    integers = decision.thresholds.astype(np.int32)
    digest = hashlib.sha256(integers.tobytes() + repr(step).encode()).hexdigest()
    spec = TableSpec(digest, QInterval(low * step, high * step, step), decision.mass_type.bits)
    return mass.lookup(LookupTable(integers, spec=spec))
