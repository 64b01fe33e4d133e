"""Exact arithmetic on alkaid's traced numbers: rounding that saturates, products with constants, layers.

A traced number knows its interval and its step, so that every result has just the bits that it needs. alkaid keeps
constants in float32, and would cut more than 24 bits without a word: they are refused here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.graph import Dense

Number = Any
"""A traced number: alkaid's ``FVariable``."""
Numbers = NDArray[np.object_]
"""An array of them."""
_CONSTANT_BITS = 24


def is_constant(one: Number) -> bool:
    """Whether a number has one value only."""
    return bool(one.low == one.high)


def constant(value: float, like: Number) -> Number:
    """A number that has one value."""
    from alkaid.trace import FVariable

    return FVariable.from_const(float(value), hwconf=like.hwconf)


def rounded(one: Number, fixed_type: FixedPoint) -> Number:
    """Round half to even onto a type and saturate, as :meth:`FixedPoint.quantize` does.

    A ReLU comes first, as it takes the sign away, and saturation last, as few bits are left then: the ends of the type
    lie on its grid, so that the order does not matter to the result.
    """
    if is_constant(one):
        return constant(float(fixed_type.quantize(one.low)), one)
    if not fixed_type.signed and one.low < 0:
        one = one.relu()
    signed, integer, fraction = (int(part) for part in one.kif)
    if fraction > fixed_type.fraction:
        if signed + integer + 1 + fixed_type.fraction <= signed:
            # Half a step at most: a tie goes to zero, which is even.
            return constant(0.0, one)
        one = one.quantize(signed, integer + 1, fixed_type.fraction, "WRAP", "RND_CONV")
    if one.low < fixed_type.low:
        one = one.max_of(fixed_type.low)
    if one.high > fixed_type.high:
        one = one.min_of(fixed_type.high)
    return one


def rounded_all(numbers: Numbers, fixed_type: FixedPoint) -> Numbers:
    """:func:`rounded` of every number of an array."""
    return _array([rounded(one, fixed_type) for one in numbers.ravel()], numbers.shape)


def floored(one: Number, fraction: int) -> Number:
    """Round down to steps of 2^−fraction."""
    signed, integer, own = (int(part) for part in one.kif)
    return one if own <= fraction else one.quantize(signed, integer, fraction, "WRAP", "TRN")


def added(one: Number, value: float) -> Number:
    """A number plus a constant. Raises :class:`EdgeoodError` if the constant is too wide for alkaid."""
    _check_width("adds", value)
    return one + float(value)


def times(one: Number, value: float) -> Number:
    """A number times a constant. Raises :class:`EdgeoodError` if the constant is too wide for alkaid."""
    _check_width("multiplies by", value)
    return one * float(value)


def _check_width(what: str, value: float) -> None:
    numerator, _ = float(value).as_integer_ratio()
    bits = (abs(numerator) // (numerator & -numerator)).bit_length() if numerator else 0
    if bits > _CONSTANT_BITS:
        raise EdgeoodError(
            f"the design {what} a constant of {bits} bits, more than the {_CONSTANT_BITS} that RTL is made for; choose "
            "narrower types in quantization.layers, or allow a larger score.error_budget."
        )


def largest(numbers: Sequence[Number]) -> Number:
    """The maximum, by a tree of comparators."""
    return _folded(list(numbers), lambda one, other: one.max_of(other))


def smallest(numbers: Sequence[Number]) -> Number:
    """The minimum, by a tree of comparators."""
    return _folded(list(numbers), lambda one, other: one.min_of(other))


def total(numbers: Sequence[Number]) -> Number:
    """The sum, by a tree of adders."""
    return _folded(list(numbers), lambda one, other: one + other)


def _folded(numbers: list[Number], join: Any) -> Number:
    """Neighbours joined in pairs, those that are ready first, until one is left."""
    while len(numbers) > 1:
        numbers.sort(key=lambda one: float(one.latency))
        numbers = [*numbers[2:], join(numbers[0], numbers[1])]
    return numbers[0]


class Layers:
    """Dense layers; the adder graph of a matrix is sought once for all rows that it meets alike."""

    def __init__(self) -> None:
        self._solved: dict[Any, Any] = {}

    def dense(self, numbers: Numbers, layer: Dense) -> Numbers:
        """x·W + b over the last axis, exactly. (…, in) → (…, out)."""
        rows = numbers.reshape(-1, numbers.shape[-1])
        results = np.stack([self._row(row, layer) for row in rows])
        return results.reshape(*numbers.shape[:-1], results.shape[-1])

    def _row(self, row: Numbers, layer: Dense) -> Numbers:
        weights, bias = layer.weights.values, layer.bias.values
        varies = np.array([not is_constant(one) for one in row])
        offset = (
            bias
            + np.array([0.0 if moves else one.low for one, moves in zip(row, varies, strict=True)]) @ weights
        )
        used = np.flatnonzero(varies & (weights != 0).any(axis=1))
        reached = np.flatnonzero((weights[used] != 0).any(axis=0)) if len(used) else np.array([], int)
        sums: list[Number] = [constant(value, row[0]) for value in offset]
        products = self._products(row[used], weights[np.ix_(used, reached)]) if len(reached) else []
        for place, product in zip(reached, products, strict=True):
            sums[place] = added(product, float(offset[place]))
        return _array(sums, (len(sums),))

    def _products(self, row: Numbers, matrix: NDArray[np.float64]) -> list[Number]:
        from alkaid.cmvm import QInterval, cmvm_solve

        intervals = [QInterval(float(one.low), float(one.high), float(one.step)) for one in row]
        latencies = [float(one.latency) for one in row]
        first = min(latencies)
        key = (
            matrix.tobytes(),
            matrix.shape,
            tuple(intervals),
            tuple(round(one - first, 3) for one in latencies),
        )
        if key not in self._solved:
            kernel = np.ascontiguousarray(matrix, np.float32)
            assert (kernel == matrix).all(), "weights have 24 bits at most"
            self._solved[key] = cmvm_solve(kernel, qintervals=intervals, latencies=latencies)
        inner, outer = self._solved[key]
        return list(outer(inner(row, quantize=False), quantize=False))


def _array(numbers: Sequence[Number], shape: tuple[int, ...]) -> Numbers:
    result = np.empty(len(numbers), object)
    result[:] = numbers
    return result.reshape(shape)
