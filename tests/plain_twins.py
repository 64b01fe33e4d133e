"""Quantized twins that hold weights and nothing else, made without any toolkit; and inputs for them."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.graph import Dense, FixedGraph, Quantize
from edgeood.fixed_point.types import smallest_type
from edgeood.inputs.trigger_candidates import ANGLE_FRACTION, IDENTITY, PT_FRACTION
from edgeood.networks.build import OutputArrays
from edgeood.networks.quantized.fixed_graph import fixed_graph
from edgeood.networks.quantized.twin import QuantizedTwin
from edgeood.recipe import CNN, EdgeBlock, Images, ParticleNetLite, Quantization, TriggerCandidates
from edgeood.scores.fused import FusedScore
from edgeood.scores.fused.mahalanobis import fixed_point_mahalanobis
from edgeood.scores.fused.max_logit import FixedPointMaxLogit

ONE_BLOCK = (EdgeBlock(edge=6, nodes=(5,)),)
TWO_BLOCKS = (EdgeBlock(edge=6, nodes=(5,)), EdgeBlock(edge=4))
CANDIDATE_TYPE = FixedPoint(15, 4)

WIDE_CANDIDATES = Quantization(
    input=CANDIDATE_TYPE,
    weights=FixedPoint(14, 1),
    biases=FixedPoint(16, 2),
    activations=FixedPoint(16, 4, False),
    edges=FixedPoint(24, 6),
    pooled=FixedPoint(20, 4, False),
    representation=FixedPoint(12, 4, False),
)
"""Sums, distances of the second graph, a + b and means of more than 24 bits."""


class PlainTwin(QuantizedTwin):
    """Parameters of the right shapes, large enough for the outputs to use their ranges; it computes nothing."""

    def __init__(
        self, inputs: Any, network: Any, quantization: Quantization, classes: int, seed: int
    ) -> None:
        super().__init__(inputs, network, quantization, classes)
        self.parameters_of = nn.ParameterDict()
        for name, shape in _kernel_shapes(inputs, network, classes).items():
            self.parameters_of[f"{name}_kernel"] = nn.Parameter(torch.empty(shape))
            self.parameters_of[f"{name}_bias"] = nn.Parameter(torch.empty(shape[-1]))
        torch.manual_seed(seed)
        self.start()
        with torch.no_grad():
            for name, parameter in self.parameters_of.items():
                if name.endswith("bias"):
                    parameter.uniform_(-0.3, 0.5)
                else:
                    parameter.mul_(2)
        self.keep_in_range()

    def weights_of(self, name: str) -> tuple[Tensor, Tensor]:
        return self.parameters_of[f"{name}_kernel"], self.parameters_of[f"{name}_bias"]


def _kernel_shapes(inputs: Any, network: Any, classes: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    if isinstance(network, CNN):
        width, side = 1, inputs.pixels
        for i, block in enumerate(network.blocks):
            shapes[f"conv{i}"] = (block.kernel, block.kernel, width, block.filters)
            width, side = block.filters, block.side_after(side)
        width *= side**2
    else:
        width = inputs.features
        for i, block in enumerate(network.blocks):
            shapes[f"edge{i}"] = (width, 2 * block.edge)
            width = block.edge
            for j, size in enumerate(block.nodes):
                shapes[f"node{i}_{j}"] = (width, size)
                width = size
    names = [f"dense{i}" for i in range(len(network.hidden))] + ["representation", "logits"]
    for name, size in zip(names, (*network.hidden, network.representation, classes), strict=True):
        shapes[name] = (width, size)
        width = size
    return shapes


def cnn_graph(
    network: CNN,
    pixels: int = 16,
    quantization: Quantization = Quantization(),  # noqa: B008 - frozen
    seed: int = 0,
) -> FixedGraph:
    """The fixed-point graph of a CNN with random weights and two classes."""
    return fixed_graph(PlainTwin(Images(pixels=pixels), network, quantization, 2, seed))


def particlenet_graph(
    *,
    constituents: int = 8,
    neighbours: int = 3,
    blocks: tuple[EdgeBlock, ...] = ONE_BLOCK,
    dynamic: int = 0,
    identity: bool = False,
    quantization: Quantization = Quantization(input=CANDIDATE_TYPE),  # noqa: B008 - frozen
    seed: int = 0,
    **inputs: Any,
) -> FixedGraph:
    """The fixed-point graph of a ParticleNet-lite with random weights and three classes."""
    network = ParticleNetLite(
        neighbours=neighbours, blocks=blocks, dynamic=dynamic, hidden=(7,), representation=5
    )
    entry = TriggerCandidates(constituents=constituents, identity=identity, **inputs)
    return fixed_graph(PlainTwin(entry, network, quantization, 3, seed))


def scores_for(graph: FixedGraph, outputs: OutputArrays) -> dict[str, FusedScore]:
    """Both fused scores, the Mahalanobis one fitted on the halves of the outputs."""
    representation = graph[graph.representation]
    assert isinstance(representation, Quantize)
    halves = np.array_split(outputs.representation, 2)
    mean = np.stack([half.mean(axis=0) for half in halves])
    inverse = np.stack([1 / (half.var(axis=0) + 0.1) for half in halves])
    return {
        "max_logit": FixedPointMaxLogit(_logits_type(graph), 0.0),
        "mahalanobis_diagonal": fixed_point_mahalanobis(mean, inverse, 10.0, representation.type, 0.01),
    }


def _logits_type(graph: FixedGraph) -> FixedPoint:
    """As :func:`edgeood.networks.quantized.layer_types.logits_type`, from the graph alone."""
    representation, logits = graph[graph.representation], graph[graph.logits]
    assert isinstance(representation, Quantize)
    assert isinstance(logits, Dense)
    taken, weights, bias = representation.type, logits.weights.type, logits.bias.type
    fraction = max(taken.fraction + weights.fraction, bias.fraction)
    reach = max(taken.high, -taken.low)
    largest = len(logits.weights.integers) * reach * -weights.low - bias.low
    return smallest_type(-largest, largest, fraction, signed=True)


def candidates(count: int, graph: FixedGraph, seed: int = 1) -> np.ndarray:
    """(count, N, F) float32 on a trigger's grid: 0 to N constituents, falling in pT, many of them equally far."""
    random = np.random.default_rng(seed)
    places, features = graph.shape
    x = np.zeros((count, places, features))
    pt = -np.sort(-random.exponential(400, (count, places)), axis=1)
    x[..., 0] = np.ceil(pt) * 2.0**-PT_FRACTION
    spread = random.choice([2, 40], (count, 1, 1))
    x[..., 1:3] = (
        np.clip(np.rint(random.normal(0, spread, (count, places, 2))), -256, 255) * 2.0**-ANGLE_FRACTION
    )
    if features > 3:
        x[..., 3:] = np.eye(len(IDENTITY))[random.integers(0, len(IDENTITY), (count, places))]
    x[np.arange(places) >= random.integers(0, places + 1, count)[:, None]] = 0
    return x.astype(np.float32)


def corner_candidates(graph: FixedGraph, seed: int = 2) -> np.ndarray:
    """(n, N, F) float32 that no trigger would send: off the grid, saturating, with gaps, empty, all alike."""
    random = np.random.default_rng(seed)
    input_type, shape = graph.input_type, (16, *graph.shape)
    low, high, step = input_type.low, input_type.high, input_type.step
    within = random.uniform(low, high, shape)
    ties = (random.integers(input_type.lowest_integer, input_type.highest_integer, shape) + 0.5) * step
    gaps = np.where(random.random(shape[:2])[..., None] < 0.5, within, 0)
    ends = random.choice([low, high, 0], shape)
    constant = [0.0, high, low, step / 2, step, 1e6, -1e6, 1e-30, 1e-42, -1e-42]
    alike = [np.full((1, *graph.shape), value) for value in constant]
    return np.concatenate([within, 3 * within, ties, gaps, ends, *alike]).astype(np.float32)
