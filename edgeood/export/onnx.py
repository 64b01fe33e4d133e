"""QONNX → plain ONNX for ONNX Runtime, exact to the last bit.

Quant nodes become Mul–Round–Clip–Mul, constants are folded, the batch axis is free. Float32 holds every integer
up to 2²⁴, so a layer is computed in it only if its largest possible |accumulator|, Σ|w|·max|x| + |b| in units
of the finest step, is proven to fit; no order of summation can then round. Otherwise its sums are formed in
float64 (a convolution, which ONNX Runtime only has in float32, from slices of its weights that do fit).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edgeood.export.score_ops import DOMAIN
from edgeood.fixed_point import FixedPoint

FLOAT32_BITS = 24


@dataclass(frozen=True)
class _Fixed:
    """Known integers: ``values`` in units of 2^−fraction."""

    values: NDArray[np.int64]
    fraction: int

    def reals(self) -> NDArray[np.float64]:
        return np.asarray(self.values * 2.0**-self.fraction, np.float64)

    def at(self, fraction: int) -> NDArray[np.int64]:
        return self.values << (fraction - self.fraction)


def largest_accumulator(weights: _Fixed, bias: _Fixed, inputs: FixedPoint, outputs_axis: int) -> int:
    """Largest possible |Σ w·x + b| of any output, in units of the finer of the product's and bias's step."""
    fraction = max(weights.fraction + inputs.fraction, bias.fraction)
    summed = tuple(axis for axis in range(weights.values.ndim) if axis != outputs_axis)
    reach = max(inputs.highest_integer, -inputs.lowest_integer)
    products = np.abs(weights.values).sum(axis=summed) * reach << (
        fraction - weights.fraction - inputs.fraction
    )
    return int((products + np.abs(bias.at(fraction))).max())


class _Lowering:
    """Walks a QONNX graph and writes the plain one."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.source = model
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.floats = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
        self.constants: dict[str, _Fixed] = {}
        self.types: dict[str, FixedPoint] = {}
        self.double: set[str] = set()
        self.names = {model.graph.input[0].name: "images"}
        self.report: dict[str, int] = {}

    def constant(self, values: Any, name: str, kind: Any = np.float32) -> str:
        self.initializers.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def add(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def run(self) -> None:
        for node in self.source.graph.node:
            attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
            inputs = [self.names.get(name, name) for name in node.input]
            output = node.output[0]
            if node.op_type == "Quant":
                self._quant(inputs, output, attributes)
            elif node.op_type in ("Conv", "MatMul"):
                self._layer(node, inputs, attributes)
            elif node.op_type == "Add" and inputs[1] in self.constants:
                self.names[output] = inputs[0]
            elif node.op_type in ("MaxPool", "Flatten"):
                self.add(node.op_type, inputs[:1], output, **attributes)
                self.types[output] = self.types[inputs[0]]
            elif node.domain == DOMAIN:
                kept = onnx.NodeProto.FromString(node.SerializeToString())
                kept.input[0] = inputs[0]
                self.nodes.append(kept)
            else:
                raise NotImplementedError(f"QONNX node {node.op_type} has no lowering to ONNX here")

    def _quant(self, inputs: list[str], output: str, attributes: Mapping[str, Any]) -> None:
        scale, zero, bits = (float(self.floats[name]) for name in inputs[1:4])
        fraction = -int(np.log2(scale))
        signed = bool(attributes["signed"])
        kind = FixedPoint(int(bits), int(bits) - signed - fraction, signed)
        if zero or kind.step != scale or attributes["narrow"] or attributes["rounding_mode"] != b"ROUND":
            raise NotImplementedError(
                f"Quant node {output} is not of power-of-two step with half-to-even rounding"
            )
        if inputs[0] in self.floats:
            self.constants[output] = _Fixed(kind.to_integers(self.floats[inputs[0]]), fraction)
            return
        precision = np.float64 if inputs[0] in self.double else np.float32
        steps = self.add(
            "Mul", [inputs[0], self.constant(1 / scale, f"{output}_inverse", precision)], f"{output}_steps"
        )
        rounded = self.add("Round", [steps], f"{output}_rounded")
        low = self.constant(kind.lowest_integer, f"{output}_low", precision)
        high = self.constant(kind.highest_integer, f"{output}_high", precision)
        clipped = self.add("Clip", [rounded, low, high], f"{output}_clipped")
        if precision is np.float64:
            # The integers themselves are small again.
            clipped = self.add("Cast", [clipped], f"{output}_single", to=TensorProto.FLOAT)
        self.add("Mul", [clipped, self.constant(scale, f"{output}_scale")], output)
        self.types[output] = kind

    def _layer(self, node: onnx.NodeProto, inputs: list[str], attributes: Mapping[str, Any]) -> None:
        weights, output = self.constants[inputs[1]], node.output[0]
        if node.op_type == "Conv":
            bias, axis = self.constants[inputs[2]], 0
        else:
            (following,) = [other for other in self.source.graph.node if output in other.input]
            bias, axis = self.constants[next(name for name in following.input if name != output)], 1
        bits = largest_accumulator(weights, bias, self.types[inputs[0]], axis).bit_length()
        self.report[output] = bits
        own = f"{output}_sums"
        self.names[output] = own
        if bits <= FLOAT32_BITS:
            single = [inputs[0], self.constant(weights.reals(), f"{output}_weights")]
            if node.op_type == "Conv":
                self.add("Conv", [*single, self.constant(bias.reals(), f"{output}_bias")], own, **attributes)
            else:
                self.add("MatMul", single, f"{own}_products")
                self.add("Add", [f"{own}_products", self.constant(bias.reals(), f"{output}_bias")], own)
            return
        self.double.add(own)
        shape = (-1, 1, 1) if node.op_type == "Conv" else (-1,)
        offset = self.constant(bias.reals().reshape(shape), f"{output}_bias", np.float64)
        if node.op_type == "MatMul":
            exact = self.add("Cast", inputs[:1], f"{own}_inputs", to=TensorProto.DOUBLE)
            factor = self.constant(weights.reals(), f"{output}_weights", np.float64)
            terms = [self.add("MatMul", [exact, factor], f"{own}_products")]
        else:
            terms = []
            for i, part in enumerate(self._slices(weights, self.types[inputs[0]])):
                factor = self.constant(part.reals(), f"{output}_weights_{i}")
                term = self.add("Conv", [inputs[0], factor], f"{own}_{i}", **attributes)
                terms.append(self.add("Cast", [term], f"{own}_{i}_exact", to=TensorProto.DOUBLE))
        self.add("Sum", [*terms, offset], own)

    def _slices(self, weights: _Fixed, inputs: FixedPoint) -> list[_Fixed]:
        """Kernels that add up to ``weights``, each with accumulators that fit float32."""
        nothing = _Fixed(np.zeros(1, np.int64), 0)
        for width in range(23, 0, -1):
            rest = weights.values
            parts: list[_Fixed] = []
            while rest.any():
                low = np.sign(rest) * (np.abs(rest) & (2**width - 1))
                parts.append(_Fixed(low << width * len(parts), weights.fraction))
                rest = (rest - low) >> width
            whole = [_Fixed(part.values >> width * i, weights.fraction) for i, part in enumerate(parts)]
            if all(largest_accumulator(one, nothing, inputs, 0) < 2**FLOAT32_BITS for one in whole):
                return parts
        raise NotImplementedError("the inputs of a convolution are too wide for float32")


def lower(qonnx: onnx.ModelProto, metadata: Mapping[str, Any]) -> onnx.ModelProto:
    """The plain ONNX model of a QONNX graph with a fused score: ``images`` (N, 1, P, P) → ``score`` (N, 1).

    The score is float64. ``metadata`` is stored in the model's properties, each value as JSON.
    """
    lowering = _Lowering(qonnx)
    lowering.run()
    shape = [dimension.dim_value for dimension in qonnx.graph.input[0].type.tensor_type.shape.dim]
    graph = helper.make_graph(
        lowering.nodes,
        "edgeood",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", *shape[1:]])],
        [helper.make_tensor_value_info("score", TensorProto.DOUBLE, ["N", 1])],
        lowering.initializers,
    )
    opsets = [opset for opset in qonnx.opset_import if not opset.domain.startswith("qonnx")]
    model = helper.make_model(
        graph,
        opset_imports=opsets,
        functions=qonnx.functions,
        ir_version=qonnx.ir_version,
        producer_name="edgeood",
    )
    describe(model, {**metadata, "accumulator_bits": lowering.report})
    onnx.checker.check_model(model)
    return model


def describe(model: onnx.ModelProto, metadata: Mapping[str, Any]) -> None:
    """Store what scoring must know in the model's properties, each value as JSON."""
    helper.set_model_props(model, {f"edgeood.{key}": json.dumps(value) for key, value in metadata.items()})
