"""Weights of a quantized network → its fixed-point graph, whatever toolkit its layers come from."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.graph import (
    INPUT,
    Constant,
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
from edgeood.inputs.trigger_candidates import ANGLE_FRACTION, ANGLES, FIRST_ANGLE
from edgeood.networks.quantized.layer_types import (
    POOL,
    layer_names,
    layer_types,
    pooled_type,
    side_before,
)
from edgeood.recipe import CNN, Images, ParticleNetLite, Quantization, TriggerCandidates

if TYPE_CHECKING:
    from edgeood.networks.quantized.twin import QuantizedTwin

Weights = Mapping[str, tuple[NDArray[Any], NDArray[Any]]]
"""Layer → kernel, in the layouts of Keras, and bias"""


def fixed_graph(twin: "QuantizedTwin") -> FixedGraph:
    """The graph of a twin's current weights."""
    twin.keep_in_range()
    weights: dict[str, tuple[NDArray[Any], NDArray[Any]]] = {}
    for name in layer_names(twin.network):
        kernel, bias = (one.detach().cpu().numpy() for one in twin.weights_of(name))
        weights[name] = (kernel, bias)
    return graph_of_weights(twin.inputs, twin.network, twin.quantization, weights)


def graph_of_weights(
    inputs: Images | TriggerCandidates,
    network: CNN | ParticleNetLite,
    quantization: Quantization,
    weights: Weights,
) -> FixedGraph:
    """The graph of a network whose latent ``weights`` are rounded to their types.

    Its input has the name :data:`~edgeood.fixed_point.graph.INPUT`; the other tensors are named
    ``input_quantizer``; ``<layer>`` for a layer's sums and ``<layer>_activation`` after them, ``pool<i>`` and
    ``flatten`` in a CNN; ``edge<i>_edges`` (a and b, quantized), ``edge<i>_maximum``, ``pool`` and
    ``pool_activation`` in ParticleNet-lite.
    """
    types_of_layers = layer_types(network, quantization)
    operations: list[Operation] = []

    def add(operation: Operation) -> str:
        operations.append(operation)
        return operation.name

    def constants(name: str) -> tuple[Constant, Constant]:
        types, (kernel, bias) = types_of_layers[name], weights[name]
        return (
            Constant(types["weights"].to_integers(kernel), types["weights"]),
            Constant(types["biases"].to_integers(bias), types["biases"]),
        )

    def dense(name: str, tensor: str, part: str = "activations") -> str:
        kernel, bias = constants(name)
        if side := side_before(inputs, network, name):
            rows = np.arange(len(kernel.integers)).reshape(side, side, -1).transpose(2, 0, 1).ravel()
            kernel = Constant(kernel.integers[rows], kernel.type)
        tensor = add(Dense(name, (tensor,), kernel, bias))
        if name == "logits":
            return tensor
        suffix = "edges" if part == "edges" else "activation"
        return add(Quantize(f"{name}_{suffix}", (tensor,), types_of_layers[name][part]))

    entry = x = add(Quantize("input_quantizer", (INPUT,), quantization.input))
    if isinstance(network, CNN):
        assert isinstance(inputs, Images)
        shape: tuple[int, ...] = (1, inputs.pixels, inputs.pixels)
        for i, convolution in enumerate(network.blocks):
            kernel, bias = constants(f"conv{i}")
            kernel = Constant(kernel.integers.transpose(3, 2, 0, 1), kernel.type)
            x = add(Convolution(f"conv{i}", (x,), kernel, bias, convolution.stride))
            x = add(Quantize(f"conv{i}_activation", (x,), types_of_layers[f"conv{i}"]["activations"]))
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
                graph = (x, 0, network.dynamic, types_of_layers[last]["activations"])
            points, first, count, coordinate_type = graph
            taken = (entry, points, dense(f"edge{i}", x, "edges"))
            x = add(KnnGather(f"edge{i}_maximum", taken, network.neighbours, first, count, coordinate_type))
            x = add(Quantize(f"edge{i}_activation", (x,), types_of_layers[f"edge{i}"]["activations"]))
            for j in range(len(block.nodes)):
                x = dense(f"node{i}_{j}", x)
        x = add(ConstituentMean(POOL, (entry, x)))
        x = add(Quantize(f"{POOL}_activation", (x,), pooled_type(quantization)))
    for i in range(len(network.hidden)):
        x = dense(f"dense{i}", x)
    representation = dense("representation", x)
    logits = dense("logits", representation)
    return FixedGraph(shape, tuple(operations), representation, logits)
