"""Quantized network → QONNX, the one interchange format: a graph of Quant nodes and integer-valued layers.

The graph is written from the network's fixed-point graph, whatever toolkit it comes from, and keeps its names.
Operators that ONNX lacks, and the fused score, which is the last node, are of our domain ``edgeood`` and come with
function bodies (:mod:`edgeood.export.onnx.constituent_operators`, :mod:`edgeood.export.onnx.score_operators`).
"""

import numpy as np
import onnx
from onnx import TensorProto, helper

from edgeood.export.onnx.constituent_operators import add_functions, graph_node
from edgeood.export.onnx.decision_operator import append_decision
from edgeood.export.onnx.graph_writer import GraphWriter
from edgeood.export.onnx.score_operators import OPSET, append_score
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
from edgeood.scores.fused.network import FusedNetwork

QONNX_DOMAIN = "qonnx.custom_op.general"
IR_VERSION = 9
# hls4ml reads these even where they have their default values.
_PLAIN = {"pads": [0, 0, 0, 0], "dilations": [1, 1]}


def input_name(graph: FixedGraph) -> str:
    """``images`` or ``candidates``: what the input of the ONNX graphs is called."""
    return "images" if len(graph.shape) == 3 else "candidates"


class _Emitter(GraphWriter):
    """Writes the nodes of operations, for a batch of one."""

    def operation(self, operation: Operation, inputs: list[str]) -> None:
        name, taken = operation.name, self.shapes[inputs[-1]]
        if isinstance(operation, Quantize):
            self.quant(inputs[0], operation.type, name, taken)
        elif isinstance(operation, Dense):
            weights = self.parameter(operation.weights, f"{name}_kernel")
            bias = self.parameter(operation.bias, f"{name}_bias")
            shape = (*taken[:-1], operation.bias.integers.size)
            product = self.node("MatMul", [inputs[0], weights], f"{name}_product", shape)
            self.node("Add", [product, bias], name, shape)
        elif isinstance(operation, Convolution):
            weights = self.parameter(operation.weights, f"{name}_kernel")
            bias = self.parameter(operation.bias, f"{name}_bias")
            outputs, _, *window = operation.weights.integers.shape
            sides = [
                (side - size) // operation.stride + 1 for side, size in zip(taken[2:], window, strict=True)
            ]
            strides = [operation.stride, operation.stride]
            settings = {**_PLAIN, "kernel_shape": window, "strides": strides, "group": 1}
            self.node("Conv", [inputs[0], weights, bias], name, (1, outputs, *sides), **settings)
        elif isinstance(operation, MaxPool):
            sides = [side // operation.window for side in taken[2:]]
            window = [operation.window, operation.window]
            settings = {**_PLAIN, "kernel_shape": window, "strides": window, "ceil_mode": 0}
            self.node("MaxPool", inputs, name, (*taken[:2], *sides), **settings)
        elif isinstance(operation, Flatten):
            self.node("Flatten", inputs, name, (1, int(np.prod(taken))), axis=1)
        else:
            assert isinstance(operation, KnnGather | ConstituentMean)
            self.nodes.append(graph_node(operation, inputs))
            gathers = isinstance(operation, KnnGather)
            self.shapes[name] = (*taken[:2], taken[2] // 2) if gathers else (1, taken[2])

    def parameter(self, constant: Constant, name: str) -> str:
        """Weights or biases: their values, and the Quant node that says their type."""
        values = self.constant(constant.values, f"{name}_values")
        return self.quant(values, constant.type, name, constant.integers.shape)

    def quant(self, tensor: str, fixed_type: FixedPoint, name: str, shape: tuple[int, ...]) -> str:
        """A Quant node: scale, zero point, bits; round half to even, saturate.

        Unsigned types saturate at zero, which is the ReLU.
        """
        inputs = [
            tensor,
            self.constant(fixed_type.step, f"{name}_scale"),
            self.constant(0, f"{name}_zero_point"),
            self.constant(fixed_type.bits, f"{name}_bits"),
        ]
        settings = {"signed": int(fixed_type.signed), "narrow": 0, "rounding_mode": "ROUND"}
        return self.node("Quant", inputs, name, shape, domain=QONNX_DOMAIN, **settings)


def network_graph(graph: FixedGraph, output: str) -> onnx.ModelProto:
    """The QONNX graph of a network up to its ``representation`` or its ``logits``, with all shapes.

    Input ``images`` (1, 1, P, P) or ``candidates`` (1, N, F), float32: qonnx and hls4ml work with a batch of one.
    """
    if output not in ("representation", "logits"):
        raise ValueError(f"the network has no output '{output}'")
    last = graph.representation if output == "representation" else graph.logits
    emitter = _Emitter()
    entry = input_name(graph)
    emitter.shapes[entry] = (1, *graph.shape)
    for operation in graph.operations:
        emitter.operation(operation, [entry if name == INPUT else name for name in operation.inputs])
        if operation.name == last:
            break
    value = helper.make_tensor_value_info
    proto = emitter.graph(
        [value(entry, TensorProto.FLOAT, (1, *graph.shape))],
        [value(last, TensorProto.FLOAT, emitter.shapes[last])],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(QONNX_DOMAIN, 1)]
    model = helper.make_model(proto, opset_imports=opsets, ir_version=IR_VERSION, producer_name="edgeood")
    add_functions(model)
    return model


def to_qonnx(network: FusedNetwork) -> onnx.ModelProto:
    """The QONNX graph of a fused network: ``images`` or ``candidates`` → ``score`` (1, 1).

    A mass-blind decision adds ``mass`` (1, 1), in GeV, → ``decision`` (1, 1).
    """
    model = network_graph(network.graph, "logits" if network.score.name == "max_logit" else "representation")
    append_score(model, network.score)
    if network.decision is not None:
        append_decision(model, network.decision, network.step)
    return model
