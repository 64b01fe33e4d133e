"""Effective bit operations (EBOPs): what a fixed-point network costs on a chip, from its integers alone.

A multiplication of b by c bits costs b·c [C. Sun et al., *HGQ*, arXiv:2405.00645, §III]; summed over all that one
jet needs, this follows the look-up tables and DSPs of a fully unrolled design. Our conventions:

- a *constant* has the bits from its highest to its lowest nonzero one, the sign not counted: 0110100 has 4, a
  power of two has 1, and zero, which needs no multiplier, has none;
- an *activation* has all bits of its type, the sign included;
- a weight counts once for every position (pixel or constituent) that it meets. A design that streams positions
  through one multiplier has that many times fewer of them;
- *distances* of a nearest-neighbour graph are squares of differences, which have one bit more than their
  coordinates. That of i and j is computed once, and a graph on the same points as an earlier one not at all, nor one
  in which all others are neighbours;
- the fused *score* is counted in :mod:`edgeood.scores.fused.bit_operations`;
- additions, comparisons (pooling, maxima, sorting), biases, rounding and shifts (means) count nothing, as in HGQ.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.fixed_point.graph import (
    ConstituentMean,
    Convolution,
    Dense,
    FixedGraph,
    Flatten,
    KnnGather,
    MaxPool,
    Quantize,
)
from edgeood.fixed_point.types import FixedPoint

BitOperations = dict[str, int]
"""Layer → effective bit operations for one jet; only layers that multiply. The total is their sum."""


def effective_bits(integers: ArrayLike) -> NDArray[np.int64]:
    """Bits from the highest to the lowest nonzero bit of |n|, 0 for 0. Any shape."""
    magnitude = np.abs(np.asarray(integers, np.int64))
    odd = magnitude // np.where(magnitude, magnitude & -magnitude, 1)
    # frexp is exact up to 53 bits: n = m · 2^e with ½ ≤ m < 1, so e is the number of bits.
    return np.frexp(odd.astype(np.float64))[1].astype(np.int64)


def bit_operations(graph: FixedGraph) -> BitOperations:
    """EBOPs of every layer of a graph, by its weights (module docstring)."""
    shapes: dict[str, tuple[int, ...]] = {graph.operations[0].inputs[0]: graph.shape}
    types: dict[str, FixedPoint] = {}
    costs: BitOperations = {}
    graphs: set[tuple[str, int, int]] = set()
    for one in graph.operations:
        source = one.inputs[0]
        shape = shapes[source]
        if isinstance(one, Quantize):
            types[one.name] = one.type
        elif isinstance(one, MaxPool):
            types[one.name] = types[source]
            shape = (shape[0], shape[1] // one.window, shape[2] // one.window)
        elif isinstance(one, Flatten):
            types[one.name], shape = types[source], (math.prod(shape),)
        elif isinstance(one, Convolution):
            weights = one.weights.integers
            rows, columns = (
                (side - kernel) // one.stride + 1
                for side, kernel in zip(shape[1:], weights.shape[2:], strict=True)
            )
            shape = (len(weights), rows, columns)
            costs[one.name] = _products(weights, rows * columns, types[source])
        elif isinstance(one, Dense):
            costs[one.name] = _products(one.weights.integers, math.prod(shape[:-1]), types[source])
            shape = (*shape[:-1], one.weights.integers.shape[1])
        elif isinstance(one, KnnGather):
            points, edges = one.inputs[1:]
            chooses = one.neighbours < shape[0] - 1
            if chooses and (points, one.first, one.coordinates) not in graphs:
                graphs.add((points, one.first, one.coordinates))
                costs[one.name] = distance_operations(shape[0], one.coordinates, one.coordinate_type.bits)
            shape = (shape[0], shapes[edges][1] // 2)
        elif isinstance(one, ConstituentMean):
            shape = (shapes[one.inputs[1]][1],)
        shapes[one.name] = shape
    return costs


def distance_operations(constituents: int, coordinates: int, bits: int) -> int:
    """EBOPs of all squared distances between so many constituents, of coordinates of so many bits."""
    return math.comb(constituents, 2) * coordinates * (bits + 1) ** 2


def _products(weights: NDArray[np.int64], positions: int, taken: FixedPoint) -> int:
    return int(effective_bits(weights).sum()) * positions * taken.bits
