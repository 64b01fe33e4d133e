"""A quantized network as a list of operations on integers: what all engines must compute.

A twin of either toolkit becomes this graph; the exact reference, the proof of ranges, the count of bit
operations, QONNX, and the integer scorer are all made from it alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeood.fixed_point.types import FixedPoint

INPUT = "inputs"
"""Name of the graph's input tensor."""
PT = 0
"""Column of a candidate's momentum; without momentum a candidate is padding."""


@dataclass(frozen=True)
class Constant:
    """Weights or biases: integers in units of ``type.step``."""

    integers: NDArray[np.int64]
    type: FixedPoint

    @property
    def values(self) -> NDArray[np.float64]:
        """What the integers stand for."""
        return np.asarray(self.integers * self.type.step, np.float64)


@dataclass(frozen=True)
class Operation:
    """One operation; its output tensor has its name. Shapes below leave the batch axis out."""

    name: str
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Quantize(Operation):
    """Round half to even onto a type and saturate; unsigned types are a ReLU besides."""

    type: FixedPoint


@dataclass(frozen=True)
class Dense(Operation):
    """x·W + b over the last axis, exactly. (…, in) → (…, out)."""

    weights: Constant
    """(in, out); after :class:`Flatten`, ``in`` runs over (channel, row, column)"""
    bias: Constant
    """(out,)"""


@dataclass(frozen=True)
class Convolution(Operation):
    """Cross-correlation without padding, exactly. (in, H, W) → (out, H′, W′)."""

    weights: Constant
    """(out, in, height, width)"""
    bias: Constant
    """(out,)"""
    stride: int


@dataclass(frozen=True)
class MaxPool(Operation):
    """Maximum over square windows that do not overlap; an incomplete window is dropped."""

    window: int


@dataclass(frozen=True)
class Flatten(Operation):
    """(C, H, W) → (C·H·W,)."""


@dataclass(frozen=True)
class KnnGather(Operation):
    """a_i + max b_j over the ``neighbours`` nearest valid others j of i. (N, C); zero where i is padding.

    Inputs: candidates (N, F), points (N, ≥ first + coordinates), edges (N, 2C) = a, b. A candidate is valid if
    its momentum, column :data:`PT`, is above zero. Coordinates are columns first … first + coordinates of the points,
    quantized to ``coordinate_type``; equal distances go to the lower index. A constituent with fewer valid
    others has them all as neighbours, one with none has itself. Sum and distances are exact.
    """

    neighbours: int
    first: int
    coordinates: int
    coordinate_type: FixedPoint


@dataclass(frozen=True)
class ConstituentMean(Operation):
    """Σ h_i / N over the valid constituents, N (a power of two) counting the empty places too, exactly. (C,).

    Inputs: candidates (N, F), features (N, C).
    """


@dataclass(frozen=True)
class FixedGraph:
    """Operations in an order of computation, from the one input to representation and logits."""

    shape: tuple[int, ...]
    """of the input without the batch axis: (1, P, P) or (N, F)"""
    operations: tuple[Operation, ...]
    representation: str
    """the tensor (D,), on the grid of its Quantize"""
    logits: str
    """the tensor (K,), exact sums"""

    def __getitem__(self, name: str) -> Operation:
        return next(one for one in self.operations if one.name == name)

    @property
    def input_type(self) -> FixedPoint:
        """The type that the input is rounded to."""
        first = self.operations[0]
        assert isinstance(first, Quantize)
        return first.type
