"""A quantized network as a list of operations on integers: what all engines must compute.

A twin of either toolkit becomes this graph; the exact reference, the proof of ranges, the count of bit
operations, QONNX, and the integer scorer are all made from it alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeood.fixed_point import FixedPoint
from edgeood.inputs.trigger_candidates import ANGLE_FRACTION, ANGLES, FIRST_ANGLE
from edgeood.networks.quantized.layer_types import POOL, pooled_type
from edgeood.networks.quantized.twin import QuantizedTwin, side_before
from edgeood.recipe import CNN, Images, TriggerCandidates

INPUT = "inputs"
"""Name of the graph's input tensor."""


@dataclass(frozen=True)
class Constant:
    """Weights or biases: integers in units of ``kind.step``."""

    integers: NDArray[np.int64]
    kind: FixedPoint

    @property
    def values(self) -> NDArray[np.float64]:
        """What the integers stand for."""
        return np.asarray(self.integers * self.kind.step, np.float64)


@dataclass(frozen=True)
class Operation:
    """One operation; its output tensor has its name. Shapes below leave the batch axis out."""

    name: str
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Quantize(Operation):
    """Round half to even onto a type and saturate; unsigned types are a ReLU besides."""

    kind: FixedPoint


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
    its momentum, column 0, is above zero. Coordinates are columns first … first + coordinates of the points,
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
        return first.kind


def fixed_graph(twin: QuantizedTwin) -> FixedGraph:
    """The graph of a twin's current weights.

    Its input has the name :data:`INPUT`; the other tensors are named ``input_quantizer``; ``<layer>`` for a layer's
    sums and ``<layer>_activation`` after them, ``pool<i>`` and ``flatten`` in a CNN; ``edge<i>_edges`` (a and b,
    quantized), ``edge<i>_maximum``, ``pool`` and ``pool_activation`` in ParticleNet-lite.
    """
    twin.keep_in_range()
    operations: list[Operation] = []

    def add(operation: Operation) -> str:
        operations.append(operation)
        return operation.name

    def constants(name: str) -> tuple[Constant, Constant]:
        types, weights = twin.types[name], twin.weights_of(name)
        return tuple(  # type: ignore[return-value]
            Constant(types[part].to_integers(one.detach().cpu().numpy()), types[part])
            for part, one in zip(("weights", "biases"), weights, strict=True)
        )

    def dense(name: str, tensor: str, part: str = "activations") -> str:
        kernel, bias = constants(name)
        if side := side_before(twin, name):
            rows = np.arange(len(kernel.integers)).reshape(side, side, -1).transpose(2, 0, 1).ravel()
            kernel = Constant(kernel.integers[rows], kernel.kind)
        tensor = add(Dense(name, (tensor,), kernel, bias))
        if name == "logits":
            return tensor
        suffix = "edges" if part == "edges" else "activation"
        return add(Quantize(f"{name}_{suffix}", (tensor,), twin.types[name][part]))

    entry = x = add(Quantize("input_quantizer", (INPUT,), twin.quantization.input))
    network, inputs = twin.network, twin.inputs
    if isinstance(network, CNN):
        assert isinstance(inputs, Images)
        shape: tuple[int, ...] = (1, inputs.pixels, inputs.pixels)
        for i, convolution in enumerate(network.blocks):
            kernel, bias = constants(f"conv{i}")
            kernel = Constant(kernel.integers.transpose(3, 2, 0, 1), kernel.kind)
            x = add(Convolution(f"conv{i}", (x,), kernel, bias, convolution.stride))
            x = add(Quantize(f"conv{i}_activation", (x,), twin.types[f"conv{i}"]["activations"]))
            if convolution.pool > 1:
                x = add(MaxPool(f"pool{i}", (x,), convolution.pool))
        x = add(Flatten("flatten", (x,)))
    else:
        assert isinstance(inputs, TriggerCandidates)
        shape = (inputs.constituents, inputs.features)
        angles = FixedPoint(inputs.angle_bits, inputs.angle_bits - 1 - ANGLE_FRACTION)
        graph = (entry, FIRST_ANGLE, ANGLES, angles)
        for i, block in enumerate(network.blocks):
            if i and network.dynamic:
                depth = len(network.blocks[i - 1].nodes)
                last = f"node{i - 1}_{depth - 1}" if depth else f"edge{i - 1}"
                graph = (x, 0, network.dynamic, twin.types[last]["activations"])
            points, first, count, kind = graph
            edges = dense(f"edge{i}", x, "edges")
            x = add(
                KnnGather(f"edge{i}_maximum", (entry, points, edges), network.neighbours, first, count, kind)
            )
            x = add(Quantize(f"edge{i}_activation", (x,), twin.types[f"edge{i}"]["activations"]))
            for j in range(len(block.nodes)):
                x = dense(f"node{i}_{j}", x)
        x = add(ConstituentMean(POOL, (entry, x)))
        x = add(Quantize(f"{POOL}_activation", (x,), pooled_type(twin.quantization)))
    for i in range(len(network.hidden)):
        x = dense(f"dense{i}", x)
    representation = dense("representation", x)
    logits = dense("logits", representation)
    return FixedGraph(shape, tuple(operations), representation, logits)
