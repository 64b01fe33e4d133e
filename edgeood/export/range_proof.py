"""Proof that no number of a network and its fused score can leave its type, whatever the input.

The worst cases follow by interval arithmetic (:mod:`edgeood.networks.quantized.interval_ranges`), continued here
through the score. They are compared with the score's own types, with the 53 bits that every engine computes
exactly, and with the types that an engine's compiler chose for its accumulators.
"""

from collections.abc import Mapping

import numpy as np

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.networks.quantized.exact import FLOAT64_BITS
from edgeood.networks.quantized.fixed_graph import FixedGraph
from edgeood.networks.quantized.interval_ranges import Range, ranges
from edgeood.scores.fixed_point_mahalanobis import FixedPointMahalanobis
from edgeood.scores.fused import FixedPointMaxLogit, FusedScore

Report = dict[str, dict[str, int | str]]
"""By name: ``low`` and ``high`` (integers), ``fraction`` (their steps are 2^−fraction), ``bits`` they need, and
``type``, where one was compared."""


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


def prove(
    graph: FixedGraph, score: FusedScore, accumulators: Mapping[str, FixedPoint] | None = None
) -> Report:
    """Prove that nothing wraps and nothing loses a bit, for any input; the report holds every range.

    Parameters
    ----------
    graph, score : the network and the score fused to it
    accumulators : the exact types that an engine chose, by name of the operation or of a part of it as in
        :func:`~edgeood.networks.quantized.interval_ranges.ranges` and :func:`score_ranges`. A layer's must hold
        its sums and all its partial sums (``<layer>.partial``).

    Raises :class:`EdgeoodError` naming the layer if a number may leave its type, be rounded by it, or exceed the
    53 bits that every engine computes exactly; or if ``accumulators`` names nothing of the network.
    """
    known = ranges(graph)
    known |= score_ranges(score, known, graph)
    chosen = dict(score_types(score))
    if isinstance(score, FixedPointMaxLogit):
        chosen[graph.logits] = score.logits_type
    for name, one in known.items():
        if one.magnitude_bits > FLOAT64_BITS:
            raise EdgeoodError(
                f"{_place(name)} can need {one.magnitude_bits} bits, more than the {FLOAT64_BITS} that every engine "
                f"computes exactly; choose narrower types in quantization.layers."
            )
    _check(known, chosen)
    if accumulators:
        if unknown := sorted(set(accumulators) - set(known)):
            raise EdgeoodError(
                f"no range is known of '{unknown[0]}', whose type is to be proven; name an operation of the network."
            )
        partial = {
            f"{name}.partial": kind for name, kind in accumulators.items() if f"{name}.partial" in known
        }
        chosen |= partial | dict(accumulators)
        _check(known, partial | dict(accumulators))
    report: Report = {}
    for name, one in known.items():
        report[name] = {
            "low": one.lowest,
            "high": one.highest,
            "fraction": one.fraction,
            "bits": one.bits,
        }
        if name in chosen:
            report[name]["type"] = _written(chosen[name])
    return report


def _check(known: Mapping[str, Range], chosen: Mapping[str, FixedPoint]) -> None:
    for name, kind in chosen.items():
        one = known[name]
        if not one.fits(kind):
            fault = "loses bits" if kind.fraction < one.fraction else "can wrap"
            raise EdgeoodError(
                f"{_place(name)} has values of {one.lowest} to {one.highest} in steps of 2^{-one.fraction}, with which "
                f"the chosen type {_written(kind)} {fault}; choose narrower types in quantization.layers."
            )


def _place(name: str) -> str:
    operation, _, part = name.partition(".")
    return f"layer '{operation}' ({part} values)" if part else f"layer '{operation}'"


def _written(kind: FixedPoint) -> str:
    """In HLS C++, without modes: nothing is rounded and nothing overflows."""
    return f"ap_{'' if kind.signed else 'u'}fixed<{kind.bits},{kind.integer + kind.signed}>"
