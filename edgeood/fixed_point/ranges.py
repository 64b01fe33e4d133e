"""How large every number of a quantized network can become, by interval arithmetic on its integers.

The input is assumed to be anything whatsoever: its Quantize leaves its type's range. From there, every channel's
interval follows exactly: a product's ends come from the ends of its factors, the ends of Σ w·x from those x that
suit the sign of every w, rounding and saturation are monotone. The bound of a layer that reads the input is
attained; later ones may be loose, as the channels of a layer are taken to be independent.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeood.fixed_point.graph import (
    INPUT,
    ConstituentMean,
    Convolution,
    Dense,
    FixedGraph,
    Flatten,
    KnnGather,
    MaxPool,
    Operation,
    Quantize,
)
from edgeood.fixed_point.types import FixedPoint

FLOAT32_BITS = 24
FLOAT64_BITS = 53
"""Bits of an integer that a float holds exactly."""


@dataclass(frozen=True)
class Range:
    """Intervals of integers in units of 2^−fraction, one for each channel.

    The integers are Python's (arrays of objects), which never wrap.
    """

    low: NDArray[np.object_]
    """(C,)"""
    high: NDArray[np.object_]
    """(C,)"""
    fraction: int

    @property
    def lowest(self) -> int:
        """The smallest of all channels."""
        return int(self.low.min())

    @property
    def highest(self) -> int:
        """The largest of all channels."""
        return int(self.high.max())

    @property
    def bits(self) -> int:
        """Bits of the narrowest two's complement (unsigned, if nothing is negative) that holds all channels."""
        if self.lowest >= 0:
            return max(self.highest.bit_length(), 1)
        return max(self.highest.bit_length(), (-self.lowest - 1).bit_length()) + 1

    @property
    def magnitude_bits(self) -> int:
        """Bits of the largest absolute value: a float with a significand so wide is exact."""
        return max(abs(self.lowest), abs(self.highest)).bit_length()

    @property
    def type(self) -> FixedPoint:
        """The narrowest type that holds all channels."""
        signed = self.lowest < 0
        return FixedPoint(self.bits, self.bits - signed - self.fraction, signed)

    def fits(self, holder: FixedPoint) -> bool:
        """Does a type hold every value of the range, without wrapping and without rounding?"""
        if holder.fraction < self.fraction:
            return False
        shift = holder.fraction - self.fraction
        return (
            holder.lowest_integer <= self.lowest << shift and self.highest << shift <= holder.highest_integer
        )

    def at(self, fraction: int) -> "Range":
        """The same range in steps that are as fine or finer."""
        factor = 1 << (fraction - self.fraction)
        return Range(self.low * factor, self.high * factor, fraction)

    def with_zero(self) -> "Range":
        """The same range, made to hold zero."""
        return Range(np.minimum(self.low, 0), np.maximum(self.high, 0), self.fraction)

    def union(self, other: "Range") -> "Range":
        """The smallest range of the same steps that holds both."""
        return Range(np.minimum(self.low, other.low), np.maximum(self.high, other.high), self.fraction)


def quantized(taken: Range, fixed_type: FixedPoint) -> Range:
    """Rounding half to even and saturating; both keep the order of numbers."""
    drop = taken.fraction - fixed_type.fraction

    def one(value: int) -> int:
        if drop <= 0:
            value <<= -drop
        else:
            whole, rest = divmod(value, 1 << drop)
            half = 1 << (drop - 1)
            value = whole + (rest > half or (rest == half and whole % 2 == 1))
        return min(max(value, fixed_type.lowest_integer), fixed_type.highest_integer)

    return Range(_each(one, taken.low), _each(one, taken.high), fixed_type.fraction)


def full_range(fixed_type: FixedPoint, channels: int) -> Range:
    """Everything that a type can hold."""
    low, high = (
        np.full(channels, end, object) for end in (fixed_type.lowest_integer, fixed_type.highest_integer)
    )
    return Range(low, high, fixed_type.fraction)


def ranges(graph: FixedGraph) -> dict[str, Range]:
    """The range of every tensor of a network, by name, and of what is computed on the way to it.

    The latter are ``<layer>.partial``, the sums of any of a layer's products with or without its bias (what an
    accumulator can meet, whatever the order); ``<edge>_maximum.coordinates``, ``.difference`` and ``.distance`` of
    a :class:`~edgeood.fixed_point.graph.KnnGather`; and ``pool.partial``.
    """
    found: dict[str, Range] = {}
    for operation in graph.operations:
        found |= _ranges_of(operation, found, graph.shape)
    return found


def _ranges_of(operation: Operation, found: dict[str, Range], shape: tuple[int, ...]) -> dict[str, Range]:
    name = operation.name
    if isinstance(operation, Quantize):
        if operation.inputs == (INPUT,):
            # An image has one channel, a candidate one for each feature.
            return {name: full_range(operation.type, 1 if len(shape) == 3 else shape[-1])}
        return {name: quantized(found[operation.inputs[0]], operation.type)}
    if isinstance(operation, Dense | Convolution):
        result, partial = layer_ranges(operation, found[operation.inputs[0]])
        return {name: result, f"{name}.partial": partial}
    if isinstance(operation, MaxPool | Flatten):
        return {name: found[operation.inputs[0]]}
    if isinstance(operation, KnnGather):
        return _gathered(operation, found)
    assert isinstance(operation, ConstituentMean)
    taken, count = found[operation.inputs[1]].with_zero(), shape[0]
    mean = Range(taken.low * count, taken.high * count, taken.fraction + count.bit_length() - 1)
    return {name: mean, f"{name}.partial": mean}


def layer_ranges(layer: Dense | Convolution, taken: Range) -> tuple[Range, Range]:
    """Ranges of Σ w·x + b, and of the sums of any of its terms, from the range of x."""
    weights, bias = layer.weights, layer.bias
    fraction = max(taken.fraction + weights.type.fraction, bias.type.fraction)
    kernel = weights.integers
    if isinstance(layer, Convolution):
        kernel = kernel.transpose(1, 2, 3, 0)
    # Flattened images have the pixels of a channel one after the other.
    kernel = kernel.reshape(len(taken.low), -1, kernel.shape[-1])
    positive = np.maximum(kernel, 0).sum(axis=1).astype(object).T
    negative = np.minimum(kernel, 0).sum(axis=1).astype(object).T
    factor = 1 << (fraction - taken.fraction - weights.type.fraction)
    offset = bias.integers.astype(object) * (1 << (fraction - bias.type.fraction))

    def products(x: Range) -> Range:
        low = (positive @ x.low + negative @ x.high) * factor
        return Range(low, (positive @ x.high + negative @ x.low) * factor, fraction)

    whole, some = products(taken), products(taken.with_zero())
    some = Range(some.low + np.minimum(offset, 0), some.high + np.maximum(offset, 0), fraction)
    return Range(whole.low + offset, whole.high + offset, fraction), some


def _gathered(operation: KnnGather, found: dict[str, Range]) -> dict[str, Range]:
    name, (_, points, edges) = operation.name, operation.inputs
    columns = slice(operation.first, operation.first + operation.coordinates)
    taken = Range(found[points].low[columns], found[points].high[columns], found[points].fraction)
    coordinates = quantized(taken, operation.coordinate_type)
    width = coordinates.high - coordinates.low
    difference = Range(-width, width, coordinates.fraction)
    farthest = np.array([(width**2).sum()], object)
    low, high = found[edges].low, found[edges].high
    half = len(low) // 2
    sums = Range(low[:half] + low[half:], high[:half] + high[half:], found[edges].fraction)
    return {
        # Where there is no constituent, there is zero.
        name: sums.with_zero(),
        f"{name}.coordinates": coordinates,
        f"{name}.difference": difference,
        f"{name}.distance": Range(np.zeros(1, object), farthest, 2 * coordinates.fraction),
    }


def accumulator_bits(graph: FixedGraph) -> dict[str, int]:
    """Bits of the largest absolute value that an operation can meet on its way, in units of its finest step.

    By name of every operation that computes: layers, gathers (the sums a + b and the distances), the mean. At most
    :data:`FLOAT32_BITS` mean that float32 computes it exactly, whatever the order of summation; :data:`FLOAT64_BITS`
    do for float64.
    """
    return operation_bits(ranges(graph))


def operation_bits(known: dict[str, Range]) -> dict[str, int]:
    """:func:`accumulator_bits` from ranges that are already known."""
    bits: dict[str, int] = {}
    for name, one in known.items():
        operation, _, part = name.partition(".")
        if part:
            bits[operation] = max(bits.get(operation, known[operation].magnitude_bits), one.magnitude_bits)
    return bits


def _each(function: Callable[[int], int], values: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.array([function(int(value)) for value in values], object)
