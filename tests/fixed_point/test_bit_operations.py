"""Effective bit operations: closed forms, and the bound that types alone give."""

import numpy as np
import pytest
import torch

from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.bit_operations import bit_operations, effective_bits
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
    Quantize,
)
from edgeood.networks.quantized.bit_operations_bound import bit_operations_bound
from edgeood.networks.quantized.fixed_graph import fixed_graph
from edgeood.networks.quantized.twin import QuantizedTwin
from edgeood.recipe import CNN, Block, EdgeBlock, Images, ParticleNetLite, Quantization, TriggerCandidates

WEIGHT = FixedPoint(6, 0)
IMAGE = FixedPoint(8, 0, signed=False)
HIDDEN = FixedPoint(5, 1, signed=False)


def constant(values) -> Constant:
    return Constant(np.asarray(values, np.int64), WEIGHT)


def dense(name: str, source: str, inputs: int, outputs: int, weight: int) -> Dense:
    return Dense(name, (source,), constant(np.full((inputs, outputs), weight)), constant(np.zeros(outputs)))


@pytest.mark.parametrize(
    ("integer", "bits"),
    [
        (0, 0),
        (1, 1),
        (2, 1),
        (-32, 1),
        (3, 2),
        (5, 3),
        (-6, 2),
        (0b0110100, 4),
        (31, 5),
        (-31, 5),
        (2**52 + 1, 53),
    ],
)
def test_effective_bits_lie_between_the_outermost_nonzero_ones(integer, bits):
    assert effective_bits(integer) == bits
    assert effective_bits([[integer, -integer]]).tolist() == [[bits, bits]]


def test_effective_bits_of_every_small_integer_are_those_of_its_binary_digits():
    integers = np.arange(-(2**10), 2**10)
    digits = [len(bin(abs(n))[2:].strip("0")) for n in integers.tolist()]
    assert effective_bits(integers).tolist() == digits


def test_a_convolution_costs_every_nonzero_weight_at_every_position():
    kernel = np.zeros((2, 1, 3, 3))
    kernel[0, 0, 1, 1], kernel[1, 0, 0, 0] = 5, -4  # 3 bits and 1 bit
    operations = (
        Quantize("input_quantizer", (INPUT,), IMAGE),
        Convolution("conv0", ("input_quantizer",), constant(kernel), constant([1, 1]), stride=2),
        Quantize("conv0_activation", ("conv0",), HIDDEN),
        MaxPool("pool0", ("conv0_activation",), 2),
        Flatten("flatten", ("pool0",)),
        dense("representation", "flatten", 2 * 2 * 2, 3, 7),
        Quantize("representation_activation", ("representation",), HIDDEN),
        dense("logits", "representation_activation", 3, 2, 0),
    )
    graph = FixedGraph((1, 11, 11), operations, "representation_activation", "logits")
    # 11 pixels, kernel 3, stride 2: 5 × 5 positions, pooled to 2 × 2; images have 8 bits, activations 5.
    assert bit_operations(graph) == {
        "conv0": (3 + 1) * 25 * 8,
        "representation": 8 * 3 * 3 * 5,
        "logits": 0,
    }


def test_a_graph_costs_each_distance_once_and_edge_layers_every_constituent():
    candidates, angles = FixedPoint(15, 4), FixedPoint(9, 1)
    geometry = {"neighbours": 2, "first": 1, "coordinates": 2, "coordinate_type": angles}
    operations = (
        Quantize("input_quantizer", (INPUT,), candidates),
        dense("edge0", "input_quantizer", 3, 8, 3),
        Quantize("edge0_edges", ("edge0",), FixedPoint(10, 3)),
        KnnGather("edge0_maximum", ("input_quantizer", "input_quantizer", "edge0_edges"), **geometry),
        Quantize("edge0_activation", ("edge0_maximum",), HIDDEN),
        dense("edge1", "edge0_activation", 4, 6, 1),
        Quantize("edge1_edges", ("edge1",), FixedPoint(10, 3)),
        KnnGather("edge1_maximum", ("input_quantizer", "input_quantizer", "edge1_edges"), **geometry),
        Quantize("edge1_activation", ("edge1_maximum",), HIDDEN),
        ConstituentMean("pool", ("input_quantizer", "edge1_activation")),
        Quantize("pool_activation", ("pool",), FixedPoint(7, 2, signed=False)),
        dense("representation", "pool_activation", 3, 2, 1),
        Quantize("representation_activation", ("representation",), FixedPoint(9, 3)),
        dense("logits", "representation_activation", 2, 2, 1),
    )
    graph = FixedGraph((4, 3), operations, "representation_activation", "logits")
    assert bit_operations(graph) == {
        "edge0": 4 * 3 * 8 * 2 * 15,
        "edge0_maximum": 6 * 2 * 10 * 10,  # 4 constituents make 6 pairs; differences have 10 bits
        "edge1": 4 * 4 * 6 * 5,  # the second graph is on the same points: its distances are known
        "representation": 3 * 2 * 7,
        "logits": 2 * 2 * 9,
    }


class _Widest(QuantizedTwin):
    """A twin without a toolkit, all of whose weights are the type's widest: its highest integer, all ones."""

    def __init__(self, inputs, network, quantization, classes) -> None:
        super().__init__(inputs, network, quantization, classes)
        self.kernels = {}
        width = 1 if isinstance(network, CNN) else inputs.features
        for name in self.layer_names:
            size = self._size(name, classes)
            if (
                isinstance(network, CNN)
                and name in ("dense0", "representation")
                and name == self._first_dense()
            ):
                side = inputs.pixels
                for block in network.blocks:
                    side = block.side_after(side)
                width *= side**2
            shape = (width, size)
            if name.startswith("conv"):
                kernel = network.blocks[int(name[4:])].kernel
                shape = (kernel, kernel, width, size)
            highest = self.types[name]["weights"].high
            self.kernels[name] = torch.full(shape, highest), torch.zeros(size)
            width = size // 2 if name.startswith("edge") else size

    def _first_dense(self) -> str:
        return "dense0" if self.network.hidden else "representation"

    def _size(self, name: str, classes: int) -> int:
        network = self.network
        if name.startswith("conv"):
            return network.blocks[int(name[4:])].filters
        if name.startswith("edge"):
            return 2 * network.blocks[int(name[4:])].edge
        if name.startswith("node"):
            block, node = name[4:].split("_")
            return network.blocks[int(block)].nodes[int(node)]
        if name.startswith("dense"):
            return network.hidden[int(name[5:])]
        return network.representation if name == "representation" else classes

    def weights_of(self, name):
        return self.kernels[name]


LITE = {"blocks": (EdgeBlock(edge=4, nodes=(5,)), EdgeBlock(edge=6)), "hidden": (7,), "representation": 5}
QUANTIZATION = Quantization(input=FixedPoint(15, 4), layers={"dense0": {"weights": FixedPoint(4, 0)}})


@pytest.mark.parametrize(
    ("inputs", "network"),
    [
        (Images(pixels=16), CNN(blocks=(Block(filters=3, pool=2), Block(filters=4, stride=2)), hidden=(6,))),
        (Images(pixels=11), CNN(blocks=(Block(filters=2, kernel=4, stride=3),), representation=3)),
        (TriggerCandidates(constituents=8), ParticleNetLite(**LITE, neighbours=3)),
        (TriggerCandidates(constituents=8), ParticleNetLite(**LITE, neighbours=3, dynamic=2)),
    ],
)
def test_the_bound_is_reached_by_weights_that_are_all_ones(inputs, network):
    quantization = QUANTIZATION
    if isinstance(network, CNN) and not network.hidden:
        quantization = quantization.model_copy(update={"layers": {}})
    twin = _Widest(inputs, network, quantization, 2)
    bound = bit_operations_bound(inputs, network, quantization, 2)
    assert min(bound.values()) > 0
    assert bit_operations(fixed_graph(twin)) == bound
    for kernel, _ in twin.kernels.values():
        kernel.uniform_(-1, 1)
    fewer = bit_operations(fixed_graph(twin))
    assert list(fewer) == list(bound)
    assert all(fewer[name] <= bound[name] for name in bound)
    assert sum(fewer.values()) < sum(bound.values())
