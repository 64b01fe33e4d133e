"""The outputs of a quantized network by its fixed-point graph alone, exact in float64, whatever the toolkit."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.inputs.trigger_candidates import PT
from edgeood.networks.build import OutputArrays
from edgeood.networks.particlenet.edge_maximum import constituent_mean, edge_maximum, neighbour_mask
from edgeood.networks.quantized.fixed_graph import (
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
    fixed_graph,
)
from edgeood.networks.quantized.interval_ranges import Range, ranges
from edgeood.networks.quantized.twin import QuantizedTwin

FLOAT32_BITS = 24
FLOAT64_BITS = 53


def accumulator_bits(network: FixedGraph | QuantizedTwin) -> dict[str, int]:
    """Bits of the largest absolute value that an operation can meet on its way, in units of its finest step.

    By name of every operation that computes: layers, gathers (the sums a + b and the distances), the mean. At most
    24 bits mean that float32 computes it exactly, whatever the order of summation; 53 do for float64.
    """
    return operation_bits(ranges(_graph_of(network)))


def operation_bits(known: dict[str, Range]) -> dict[str, int]:
    """:func:`accumulator_bits` from ranges that are already known."""
    bits: dict[str, int] = {}
    for name, one in known.items():
        operation, _, part = name.partition(".")
        if part:
            bits[operation] = max(bits.get(operation, known[operation].magnitude_bits), one.magnitude_bits)
    return bits


def exact_outputs(network: FixedGraph | QuantizedTwin, inputs: NDArray, batch_size: int = 64) -> OutputArrays:
    """Representation (B, D) and logits (B, K), float64, of (B, 1, P, P) images or (B, N, F) candidates.

    Raises :class:`EdgeoodError` naming the layer if float64 cannot hold its sums.
    """
    graph = _graph_of(network)
    for name, bits in accumulator_bits(graph).items():
        if bits > FLOAT64_BITS:
            raise EdgeoodError(
                f"layer '{name}' has sums of {bits} bits, more than the {FLOAT64_BITS} that every engine computes "
                f"exactly; choose narrower types in quantization.layers."
            )
    steps = [(one, _evaluator(one)) for one in graph.operations]
    representations, logits = [], []
    with torch.inference_mode():
        # An empty batch, too, goes through the network once and comes out with the right shape.
        for start in range(0, max(len(inputs), 1), batch_size):
            batch = np.asarray(inputs[start : start + batch_size], np.float64)
            tensors = {INPUT: torch.from_numpy(batch)}
            for operation, evaluate in steps:
                tensors[operation.name] = evaluate(*(tensors[name] for name in operation.inputs))
            representations.append(tensors[graph.representation].numpy())
            logits.append(tensors[graph.logits].numpy())
    return OutputArrays(np.concatenate(representations), np.concatenate(logits))


def _graph_of(network: FixedGraph | QuantizedTwin) -> FixedGraph:
    return network if isinstance(network, FixedGraph) else fixed_graph(network)


def _evaluator(operation: Operation) -> Callable[..., Tensor]:
    """The function that an operation is, of its float64 inputs with the batch axis first."""
    if isinstance(operation, Quantize):
        kind = operation.kind
        return lambda x: _quantized(x, kind)
    if isinstance(operation, Dense):
        weights, bias = (torch.from_numpy(one.values) for one in (operation.weights, operation.bias))
        return lambda x: x @ weights + bias
    if isinstance(operation, Convolution):
        stride = operation.stride
        weights, bias = (torch.from_numpy(one.values) for one in (operation.weights, operation.bias))
        return lambda x: nn.functional.conv2d(x, weights, bias, stride)
    if isinstance(operation, MaxPool):
        window = operation.window
        return lambda x: nn.functional.max_pool2d(x, window)
    if isinstance(operation, Flatten):
        return lambda x: x.flatten(1)
    if isinstance(operation, KnnGather):
        return lambda candidates, points, edges: _gathered(operation, candidates, points, edges)
    assert isinstance(operation, ConstituentMean)
    return lambda candidates, features: constituent_mean(features, candidates[..., PT] > 0)


def _quantized(x: Tensor, kind: FixedPoint) -> Tensor:
    return (x / kind.step).round_().clamp_(kind.lowest_integer, kind.highest_integer).mul_(kind.step)


def _gathered(operation: KnnGather, candidates: Tensor, points: Tensor, edges: Tensor) -> Tensor:
    valid = candidates[..., PT] > 0
    columns = points[..., operation.first : operation.first + operation.coordinates]
    coordinates = _quantized(columns, operation.coordinate_type)
    return edge_maximum(edges, neighbour_mask(coordinates, valid, operation.neighbours), valid)
