"""Effective bit operations (EBOPs): what a fixed-point network costs on a chip, from its integers alone.

A multiplication of b by c bits costs b·c [C. Sun et al., *HGQ*, arXiv:2405.00645, §III]; summed over all that one
jet needs, this follows the look-up tables and DSPs of a fully unrolled design. Our conventions:

- a *constant* has the bits from its highest to its lowest nonzero one, the sign not counted: 0110100 has 4, a
  power of two has 1, and zero, which needs no multiplier, has none;
- an *activation* has all bits of its type, the sign included;
- a weight counts once for every position (pixel or constituent) that it meets. A design that streams positions
  through one multiplier has that many times fewer of them;
- *distances* of a nearest-neighbour graph are squares of differences, which have one bit more than their
  coordinates. That of i and j is computed once, and a graph on the same points as an earlier one not at all;
- the fused *score* is counted in :mod:`edgeood.scores.bit_operations`;
- additions, comparisons (pooling, maxima, sorting), biases, rounding and shifts (means) count nothing, as in HGQ.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.fixed_point import FixedPoint
from edgeood.inputs.trigger_candidates import ANGLE_FRACTION, ANGLES
from edgeood.networks.quantized.fixed_graph import (
    ConstituentMean,
    Convolution,
    Dense,
    FixedGraph,
    Flatten,
    KnnGather,
    MaxPool,
    Quantize,
)
from edgeood.networks.quantized.layer_types import layer_types, pooled_type
from edgeood.recipe import CNN, Images, ParticleNetLite, Quantization, TriggerCandidates

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
    kinds: dict[str, FixedPoint] = {}
    costs: BitOperations = {}
    graphs: set[tuple[str, int, int]] = set()
    for one in graph.operations:
        source = one.inputs[0]
        shape = shapes[source]
        if isinstance(one, Quantize):
            kinds[one.name] = one.kind
        elif isinstance(one, MaxPool):
            kinds[one.name] = kinds[source]
            shape = (shape[0], shape[1] // one.window, shape[2] // one.window)
        elif isinstance(one, Flatten):
            kinds[one.name], shape = kinds[source], (math.prod(shape),)
        elif isinstance(one, Convolution):
            weights = one.weights.integers
            rows, columns = (
                (side - kernel) // one.stride + 1
                for side, kernel in zip(shape[1:], weights.shape[2:], strict=True)
            )
            shape = (len(weights), rows, columns)
            costs[one.name] = _products(weights, rows * columns, kinds[source])
        elif isinstance(one, Dense):
            costs[one.name] = _products(one.weights.integers, math.prod(shape[:-1]), kinds[source])
            shape = (*shape[:-1], one.weights.integers.shape[1])
        elif isinstance(one, KnnGather):
            points, edges = one.inputs[1:]
            if (points, one.first, one.coordinates) not in graphs:
                graphs.add((points, one.first, one.coordinates))
                costs[one.name] = _distances(shape[0], one.coordinates, one.coordinate_type)
            shape = (shape[0], shapes[edges][1] // 2)
        elif isinstance(one, ConstituentMean):
            shape = (shapes[one.inputs[1]][1],)
        shapes[one.name] = shape
    return costs


def bit_operations_bound(
    inputs: Images | TriggerCandidates,
    network: CNN | ParticleNetLite,
    quantization: Quantization,
    classes: int,
) -> BitOperations:
    """The most EBOPs that a recipe's network can have whatever its weights, from sizes and types alone.

    Every weight of a signed type of b bits is taken to have b − 1 effective bits, the most there are.
    Raises :class:`EdgeoodError` as :func:`~edgeood.networks.quantized.layer_types.layer_types`.
    """
    types = layer_types(network, quantization)
    costs: BitOperations = {}

    def layer(
        name: str, weights: int, positions: int, taken: FixedPoint, part: str = "activations"
    ) -> FixedPoint:
        costs[name] = weights * positions * (types[name]["weights"].bits - 1) * taken.bits
        return types[name][part]

    kind = quantization.input
    if isinstance(network, CNN):
        assert isinstance(inputs, Images)
        side, width = inputs.pixels, 1
        for i, block in enumerate(network.blocks):
            positions = ((side - block.kernel) // block.stride + 1) ** 2
            kind = layer(f"conv{i}", block.kernel**2 * width * block.filters, positions, kind)
            side, width = block.side_after(side), block.filters
        width *= side**2
    else:
        assert isinstance(inputs, TriggerCandidates)
        count, width = inputs.constituents, inputs.features
        angles = FixedPoint(inputs.angle_bits, inputs.angle_bits - 1 - ANGLE_FRACTION)
        for i, edge in enumerate(network.blocks):
            layer(f"edge{i}", width * 2 * edge.edge, count, kind)
            if i == 0:
                costs["edge0_maximum"] = _distances(count, ANGLES, angles)
            elif network.dynamic:
                costs[f"edge{i}_maximum"] = _distances(count, network.dynamic, kind)
            kind, width = types[f"edge{i}"]["activations"], edge.edge
            for j, size in enumerate(edge.nodes):
                kind, width = layer(f"node{i}_{j}", width * size, count, kind), size
        kind = pooled_type(quantization)
    for i, size in enumerate(network.hidden):
        kind, width = layer(f"dense{i}", width * size, 1, kind), size
    kind = layer("representation", width * network.representation, 1, kind)
    layer("logits", network.representation * classes, 1, kind)
    return costs


def _products(weights: NDArray[np.int64], positions: int, taken: FixedPoint) -> int:
    return int(effective_bits(weights).sum()) * positions * taken.bits


def _distances(constituents: int, coordinates: int, kind: FixedPoint) -> int:
    return math.comb(constituents, 2) * coordinates * (kind.bits + 1) ** 2
