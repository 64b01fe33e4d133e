"""Proof that no number of a network and its fused score can leave its type, whatever the input.

The worst cases follow by interval arithmetic (:mod:`edgeood.fixed_point.ranges`, :mod:`edgeood.scores.fused.ranges`).
They are compared with the score's own types, with the 53 bits that every engine computes exactly, and with the types
that an engine's compiler chose for its accumulators.
"""

from collections.abc import Mapping

import numpy as np

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.ranges import FLOAT64_BITS, Range
from edgeood.scores.fused.max_logit import FixedPointMaxLogit
from edgeood.scores.fused.network import FusedNetwork
from edgeood.scores.fused.ranges import score_types

Report = dict[str, dict[str, int | str]]
"""By name: ``low`` and ``high`` (integers), ``fraction`` (their steps are 2^−fraction), ``bits`` they need, and
``type``, where one was compared."""


def prove(network: FusedNetwork, accumulators: Mapping[str, FixedPoint] | None = None) -> Report:
    """Prove that nothing wraps and nothing loses a bit, for any input; the report holds every range.

    Parameters
    ----------
    network : the network and the score fused to it
    accumulators : the exact types that an engine chose, by name of the operation or of a part of it as in
        :meth:`FusedNetwork.ranges <edgeood.scores.fused.network.FusedNetwork.ranges>`. A layer's must hold its sums
        and all its partial sums (``<layer>.partial``).

    Raises :class:`EdgeoodError` naming the layer if a number may leave its type, be rounded by it, or exceed the
    53 bits that every engine computes exactly; or if ``accumulators`` names nothing of the network.
    """
    known = network.ranges()
    chosen = dict(score_types(network.score))
    if isinstance(network.score, FixedPointMaxLogit):
        chosen[network.graph.logits] = network.score.logits_type
    for name, one in known.items():
        if one.magnitude_bits > FLOAT64_BITS:
            raise EdgeoodError(
                f"{_place(name)} can need {one.magnitude_bits} bits, more than the {FLOAT64_BITS} that every engine "
                f"computes exactly; choose narrower types in quantization.layers."
            )
    _check(known, chosen)
    if network.decision is not None:
        low, high = int(network.decision.thresholds.min()), int(network.decision.thresholds.max())
        held = Range(np.array([low], object), np.array([high], object), network.score_type.fraction)
        known["decision.threshold"], chosen["decision.threshold"] = held, network.score_type
        _check({"decision.threshold": held}, {"decision.threshold": network.score_type})
    if accumulators:
        if unknown := sorted(set(accumulators) - set(known)):
            raise EdgeoodError(
                f"no range is known of '{unknown[0]}', whose type is to be proven; name an operation of the network."
            )
        partial = {
            f"{name}.partial": fixed_type
            for name, fixed_type in accumulators.items()
            if f"{name}.partial" in known
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
    for name, fixed_type in chosen.items():
        one = known[name]
        if not one.fits(fixed_type):
            fault = "loses bits" if fixed_type.fraction < one.fraction else "can wrap"
            raise EdgeoodError(
                f"{_place(name)} has values of {one.lowest} to {one.highest} in steps of 2^{-one.fraction}, with which "
                f"the chosen type {_written(fixed_type)} {fault}; choose narrower types in quantization.layers."
            )


def _place(name: str) -> str:
    operation, _, part = name.partition(".")
    return f"layer '{operation}' ({part} values)" if part else f"layer '{operation}'"


def _written(fixed_type: FixedPoint) -> str:
    """In HLS C++, without modes: nothing is rounded and nothing overflows."""
    return f"ap_{'' if fixed_type.signed else 'u'}fixed<{fixed_type.bits},{fixed_type.integer + fixed_type.signed}>"
