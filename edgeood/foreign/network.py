"""What a model file of another's training holds, once it is understood."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.graph import Constant, FixedGraph
from edgeood.fixed_point.types import smallest_type

MOST_BITS = 24
"""Of a weight or a bias: what twins allow (:mod:`edgeood.networks.quantized.layer_types`)."""
_FINEST = 64
REMEDY = "quantize it with a power-of-two step and train again."


class ForeignNetwork(NamedTuple):
    """A quantized classifier of which only its own toolkit knows how to compute it."""

    graph: FixedGraph
    """its integer meaning; the first operation rounds the input, unless the model takes it as it is"""
    logits: Callable[[NDArray[np.float32]], NDArray[np.float64]]
    """the model itself: (n, …) network inputs → (n, K)"""
    toolkit: Literal["qkeras", "brevitas"]
    """which twin it becomes"""


def constant_of(values: NDArray[Any], declared: FixedPoint | None, what: str) -> Constant:
    """Weights or biases, whatever quantizer they come from: ``values`` of any shape, in units of a power of two.

    They have the ``declared`` type where they are on its grid, else the narrowest one that holds them all, as from
    quantizers with a scale for each channel. Raises :class:`EdgeoodError` if none of at most :data:`MOST_BITS` does.
    """
    exact = np.asarray(values, np.float64)
    if not np.isfinite(exact).all():
        raise EdgeoodError(f"{what} hold values that are no numbers; train the model again.")
    if (
        declared is not None
        and declared.bits <= MOST_BITS
        and np.array_equal(declared.quantize(exact), exact)
    ):
        return Constant(declared.to_integers(exact), declared)
    largest = float(np.abs(exact).max(initial=0))
    # A power of two above everything, then steps so fine that MOST_BITS of them reach it.
    top = int(np.ceil(np.log2(largest))) + 1 if largest else 1
    for fraction in range(-top if largest else 0, _FINEST):
        scaled = exact * 2.0**fraction
        if np.array_equal(scaled, np.rint(scaled)):
            break
    narrowest = smallest_type(float(exact.min(initial=0)), float(exact.max(initial=0)), fraction, signed=True)
    if narrowest.bits > MOST_BITS or not np.array_equal(narrowest.quantize(exact), exact):
        raise EdgeoodError(
            f"{what} are on no grid of at most {MOST_BITS} bits, as those of a layer that is not quantized; {REMEDY}"
        )
    if narrowest.bits < 2:
        narrowest = FixedPoint(2, 1 - narrowest.fraction)
    return Constant(narrowest.to_integers(exact), narrowest)
