"""QONNX → plain ONNX for ONNX Runtime, exact to the last bit.

Tensors hold integers: a layer's weights carry the power of two that turns its sums into steps of the type that
they are rounded to next, so that a Quant node becomes Round and Clip. Maxima are taken before that rounding, which
keeps the order of numbers. The batch axis is free.

Float32 holds every integer up to 2²⁴, so an operation is computed in it only if all that it can meet, whatever
the input and the order of summation, is proven to fit (:mod:`edgeood.fixed_point.ranges`).
Otherwise its sums are formed in float64 (a convolution, which ONNX Runtime only has in float32, from slices of its
weights that do fit).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper

from edgeood.errors import EdgeoodError
from edgeood.export.onnx.constituent_operators import graph_node
from edgeood.export.onnx.decision_operator import attach_decision, decision_node
from edgeood.export.onnx.graph_writer import GraphWriter
from edgeood.export.onnx.metadata import store_metadata
from edgeood.export.onnx.qonnx_reader import read_qonnx
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
from edgeood.fixed_point.ranges import FLOAT32_BITS, Range, layer_ranges, operation_bits, ranges


class _Lowering(GraphWriter):
    """Writes the plain nodes of a fixed-point graph."""

    def __init__(self, graph: FixedGraph, entry: str) -> None:
        super().__init__()
        self.ranges = ranges(graph)
        self.bits = operation_bits(self.ranges)
        self.readers: dict[str, list[Operation]] = {}
        for operation in graph.operations:
            for name in dict.fromkeys(operation.inputs):
                self.readers.setdefault(name, []).append(operation)
        self.names = {INPUT: entry}
        """What a tensor of the graph is called here."""
        self.fractions = {INPUT: 0}
        """A tensor holds its value times two to this power."""
        self.double: set[str] = set()
        for operation in graph.operations:
            self.operation(operation)

    def operation(self, operation: Operation) -> None:
        """Write one operation down."""
        name, (tensor, *_) = operation.name, operation.inputs
        if isinstance(operation, Quantize):
            self.quantize(operation)
        elif isinstance(operation, MaxPool):
            # Already done, if it stands behind a rounding.
            if name not in self.names:
                self.keep(name, self.pool(operation, self.names[tensor], name), tensor)
        elif isinstance(operation, Flatten):
            self.keep(name, self.node("Flatten", [self.names[tensor]], name, axis=1), tensor)
        elif isinstance(operation, Dense | Convolution):
            self.fractions[name] = self.wanted(name)
            self.layer(operation)
        else:
            assert isinstance(operation, KnnGather | ConstituentMean)
            self.graph_operation(operation)

    def keep(self, name: str, own: str, like: str) -> None:
        """Note a tensor that holds integers of the same steps as another one."""
        self.names[name], self.fractions[name] = own, self.fractions[like]
        if like in self.double:
            self.double.add(name)

    def wanted(self, name: str) -> int:
        """Fraction bits of the type that a layer's sums are rounded to; values as they are, if to none."""
        (reader,) = self.readers.get(name, [None])
        return reader.type.fraction if isinstance(reader, Quantize) else 0

    def quantize(self, operation: Quantize) -> None:
        """Round and Clip; in double precision and back to single, where the sums are."""
        name, fixed_type, taken = operation.name, operation.type, operation.inputs[0]
        wide = taken in self.double
        precision = np.float64 if wide else np.float32
        tensor = self.names[taken]
        if fixed_type.fraction != self.fractions[taken]:
            factor = self.constant(
                2.0 ** (fixed_type.fraction - self.fractions[taken]), f"{name}_factor", precision
            )
            tensor = self.node("Mul", [tensor, factor], f"{name}_steps")
        readers = self.readers.get(name, [])
        pool = readers[0] if len(readers) == 1 and isinstance(readers[0], MaxPool) and not wide else None
        if pool is not None:
            tensor = self.pool(pool, tensor, f"{pool.name}_sums")
        tensor = self.node("Round", [tensor], f"{name}_rounded")
        low = self.constant(fixed_type.lowest_integer, f"{name}_low", precision)
        high = self.constant(fixed_type.highest_integer, f"{name}_high", precision)
        tensor = self.node("Clip", [tensor, low, high], f"{name}_clipped" if wide else name)
        if wide:
            tensor = self.node("Cast", [tensor], name, to=TensorProto.FLOAT)
        for one in (name, pool.name if pool is not None else name):
            self.names[one], self.fractions[one] = tensor, fixed_type.fraction

    def pool(self, operation: MaxPool, tensor: str, name: str) -> str:
        """The maximum over windows."""
        window = [operation.window, operation.window]
        return self.node("MaxPool", [tensor], name, kernel_shape=window, strides=window)

    def layer(self, operation: Dense | Convolution) -> None:
        """x·W + b in single precision, if that is exact, else in double."""
        name, taken = operation.name, operation.inputs[0]
        tensor, fraction = self.names[taken], self.fractions[name]
        kernel = operation.weights.values * 2.0 ** (fraction - self.fractions[taken])
        offset = operation.bias.values * 2.0**fraction
        self.names[name] = name
        if self.bits[name] <= FLOAT32_BITS:
            inputs = [tensor, self.constant(kernel, f"{name}_weights")]
            bias = self.constant(offset, f"{name}_bias")
            if isinstance(operation, Convolution):
                strides = [operation.stride, operation.stride]
                self.node("Conv", [*inputs, bias], name, strides=strides)
            else:
                product = self.node("MatMul", inputs, f"{name}_product")
                self.node("Add", [product, bias], name)
            return
        self.double.add(name)
        if isinstance(operation, Dense):
            exact = self.node("Cast", [tensor], f"{name}_inputs", to=TensorProto.DOUBLE)
            factor = self.constant(kernel, f"{name}_weights", np.float64)
            terms = [self.node("MatMul", [exact, factor], f"{name}_product")]
        else:
            offset, terms = offset.reshape(-1, 1, 1), []
            strides = [operation.stride, operation.stride]
            scale = 2.0 ** (fraction - self.fractions[taken])
            for i, part in enumerate(_slices(operation, self.ranges[taken])):
                factor = self.constant(part * operation.weights.type.step * scale, f"{name}_weights_{i}")
                term = self.node("Conv", [tensor, factor], f"{name}_{i}", strides=strides)
                terms.append(self.node("Cast", [term], f"{name}_{i}_exact", to=TensorProto.DOUBLE))
        self.node("Sum", [*terms, self.constant(offset, f"{name}_bias", np.float64)], name)

    def graph_operation(self, operation: KnnGather | ConstituentMean) -> None:
        """A function call, with a coordinate type that counts in the steps that the points come in."""
        name = operation.name
        inputs = [self.names[one] for one in operation.inputs]
        if self.bits[name] > FLOAT32_BITS:
            inputs[-1] = self.node("Cast", inputs[-1:], f"{name}_inputs", to=TensorProto.DOUBLE)
            self.double.add(name)
        self.names[name], self.fractions[name] = name, self.fractions[operation.inputs[-1]]
        if isinstance(operation, KnnGather):
            own, fraction = operation.coordinate_type, self.fractions[operation.inputs[1]]
            moved = FixedPoint(own.bits, own.integer + fraction, own.signed)
            operation = replace(operation, coordinate_type=moved)
        self.nodes.append(graph_node(operation, inputs))

    def score(self, node: NodeProto) -> None:
        """The score reads values, not steps."""
        kept = NodeProto.FromString(node.SerializeToString())
        taken = node.input[0]
        kept.input[0] = self.names[taken]
        if self.fractions[taken]:
            step = self.constant(2.0 ** -self.fractions[taken], "score_step")
            kept.input[0] = self.node("Mul", [self.names[taken], step], "score_input")
        self.nodes.append(kept)


def _slices(layer: Convolution, taken: Range) -> list[np.ndarray]:
    """Integer kernels that add up to the weights, each with sums that fit float32."""
    nothing = Constant(np.zeros_like(layer.bias.integers), layer.bias.type)
    for width in range(FLOAT32_BITS - 1, 0, -1):
        rest, fits = layer.weights.integers, True
        parts: list[np.ndarray] = []
        # At least one, so that weights that are all zero still give the right shape.
        while rest.any() or not parts:
            low = np.sign(rest) * (np.abs(rest) & (2**width - 1))
            one = replace(layer, weights=Constant(low, layer.weights.type), bias=nothing)
            # In steps of the products: the bias, which may have finer ones, is added afterwards.
            result, partial = layer_ranges(one, taken)
            shift = result.fraction - taken.fraction - layer.weights.type.fraction
            fits = fits and partial.magnitude_bits - shift <= FLOAT32_BITS
            parts.append(low << width * len(parts))
            rest = (rest - low) >> width
        if fits:
            return parts
    raise EdgeoodError(
        f"layer '{layer.name}' has inputs too wide for a convolution in float32; choose narrower types in "
        f"quantization.layers."
    )


def lower(qonnx: onnx.ModelProto, metadata: Mapping[str, Any]) -> onnx.ModelProto:
    """The plain ONNX model of a QONNX graph with a fused score.

    ``images`` (B, 1, P, P) or ``candidates`` (B, N, F), float32 → ``score`` (B, 1), float64; with a mass-blind decision
    also ``mass`` (B, 1), float32, in GeV → ``decision`` (B, 1), bool. ``metadata`` is stored
    in the model's properties, each value as JSON, and so are ``accumulator_bits`` of every layer. Raises
    :class:`EdgeoodError` naming the layer if a convolution cannot be computed exactly.
    """
    graph, score = read_qonnx(qonnx)
    assert score is not None
    entry = qonnx.graph.input[0].name
    lowering = _Lowering(graph, entry)
    lowering.score(score)
    proto = lowering.graph(
        [helper.make_tensor_value_info(entry, TensorProto.FLOAT, ["batch", *graph.shape])],
        [helper.make_tensor_value_info("score", TensorProto.DOUBLE, ["batch", 1])],
    )
    opsets = [opset for opset in qonnx.opset_import if not opset.domain.startswith("qonnx")]
    model = helper.make_model(
        proto,
        opset_imports=opsets,
        functions=qonnx.functions,
        ir_version=qonnx.ir_version,
        producer_name="edgeood",
    )
    if decision := decision_node(qonnx):
        attach_decision(model, decision, "batch")
    store_metadata(model, {**metadata, "accumulator_bits": lowering.bits})
    onnx.checker.check_model(model)
    return model
