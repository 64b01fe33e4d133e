"""QONNX → the fixed-point graph it was written from: what engines that are made from the file alone compute."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, helper, numpy_helper

from edgeood.export.onnx.decision_operator import OPERATOR
from edgeood.export.onnx.score_operators import DOMAIN, OPERATORS, type_of_attribute
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


def read_qonnx(model: onnx.ModelProto) -> tuple[FixedGraph, NodeProto | None]:
    """The fixed-point graph of a QONNX model of ours, and its score's node, if there is one; a decision is passed over.

    The tensor that the score reads stands for both representation and logits. Raises :class:`NotImplementedError`
    for nodes and settings that :mod:`edgeood.export.onnx.qonnx` does not write.
    """
    reader = _Reader(model)
    score = None
    for node in model.graph.node:
        if node.domain == DOMAIN and node.op_type in OPERATORS.values():
            score = node
        elif node.op_type != OPERATOR:
            reader.read(node)
    last = score.input[0] if score is not None else model.graph.output[0].name
    entry = model.graph.input[0].type.tensor_type.shape.dim
    shape = tuple(dimension.dim_value for dimension in entry[1:])
    return FixedGraph(shape, tuple(reader.operations), last, last), score


class _Reader:
    def __init__(self, model: onnx.ModelProto) -> None:
        self.floats = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
        self.constants: dict[str, Constant] = {}
        self.products: dict[str, tuple[str, Constant]] = {}
        self.entry = model.graph.input[0].name
        self.operations: list[Operation] = []

    def read(self, node: NodeProto) -> None:
        settings = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        name = node.output[0]
        inputs = tuple(INPUT if one == self.entry else one for one in node.input)
        if node.op_type == "Quant":
            fixed_type = self._type(node, settings)
            if inputs[0] in self.floats:
                self.constants[name] = Constant(fixed_type.to_integers(self.floats[inputs[0]]), fixed_type)
            else:
                self.operations.append(Quantize(name, inputs[:1], fixed_type))
        elif node.op_type == "MatMul":
            self.products[name] = (inputs[0], self.constants[inputs[1]])
        elif node.op_type == "Add" and inputs[0] in self.products:
            tensor, weights = self.products[inputs[0]]
            self.operations.append(Dense(name, (tensor,), weights, self.constants[inputs[1]]))
        elif node.op_type == "Conv":
            weights, bias = (self.constants[one] for one in inputs[1:])
            stride = int(settings["strides"][0])
            self.operations.append(Convolution(name, inputs[:1], weights, bias, stride))
        elif node.op_type == "MaxPool":
            self.operations.append(MaxPool(name, inputs, int(settings["kernel_shape"][0])))
        elif node.op_type == "Flatten":
            self.operations.append(Flatten(name, inputs))
        elif node.op_type == "KnnGather":
            coordinate_type = type_of_attribute(settings.pop("coordinate_type"))
            self.operations.append(KnnGather(name, inputs, **settings, coordinate_type=coordinate_type))
        elif node.op_type == "ConstituentMean":
            self.operations.append(ConstituentMean(name, inputs))
        else:
            raise NotImplementedError(f"QONNX node {node.op_type} has no fixed-point meaning here")

    def _type(self, node: NodeProto, settings: Mapping[str, Any]) -> FixedPoint:
        scale, zero, bits = (float(self.floats[name]) for name in node.input[1:4])
        fraction, signed = -int(np.log2(scale)), bool(settings["signed"])
        fixed_type = FixedPoint(int(bits), int(bits) - signed - fraction, signed)
        if zero or fixed_type.step != scale or settings["narrow"] or settings["rounding_mode"] != b"ROUND":
            raise NotImplementedError(
                f"Quant node {node.output[0]} is not of power-of-two step with half-to-even rounding"
            )
        return fixed_type
