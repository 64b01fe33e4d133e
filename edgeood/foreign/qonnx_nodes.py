"""The nodes of a QONNX file, one by one → operations of a fixed-point graph."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from edgeood.errors import EdgeoodError
from edgeood.fixed_point.graph import (
    INPUT,
    Constant,
    Convolution,
    Dense,
    Flatten,
    MaxPool,
    Operation,
    Quantize,
)
from edgeood.foreign.network import REMEDY, constant_of
from edgeood.foreign.qonnx_constants import Folded, folded, type_of_quant

_KNOWN = "Quant, Conv, Gemm, MatMul, Add, Relu, MaxPool and Flatten"


class NodeReader:
    """Reads the nodes of a ``ModelWrapper`` of qonnx, cleaned up, in their order.

    Raises :class:`EdgeoodError`, naming the file at ``path``, for a node or a setting without an integer meaning.
    """

    def __init__(self, model: Any, path: str) -> None:
        from onnx import numpy_helper

        graph = model.graph
        self.model, self.path = model, path
        self.operations: list[Operation] = []
        self.constants: dict[str, Folded] = {
            one.name: (numpy_helper.to_array(one), None) for one in graph.initializer
        }
        inputs = [one.name for one in graph.input if one.name not in self.constants]
        if len(inputs) != 1:
            raise EdgeoodError(f"{path} has {len(inputs)} inputs; a jet's image is one.")
        self.tensors = {inputs[0]: INPUT}
        self.rectified: set[str] = set()
        """Tensors whose ReLU is still to come: an unsigned type is one"""
        self.channels_last: set[str] = set()
        """Tensors of the file that were turned to (row, column, channel), and what was flattened so"""
        self.products: dict[str, tuple[str, Constant]] = {}
        """Tensors of the file that are products still without biases"""
        self.logits = ""
        """Tensor of the file"""

    def last(self) -> Dense:
        """The layer of the logits."""
        for name in list(self.products):
            self._biased(name, None)
        if not self.operations or not isinstance(self.operations[-1], Dense):
            raise EdgeoodError(f"{self.path} does not end with a dense layer of logits; give it one.")
        return self.operations[-1]

    def read(self, node: Any) -> None:
        """One node; those that it reads came before."""
        from onnx import helper

        settings = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        if all(name in self.constants or not name for name in node.input):
            made = folded(node, settings, self.constants)
            if made is None:
                raise self._refused(
                    node, "computes constants in a way that is not known here; fold them first"
                )
            self.constants[node.output[0]] = made
            return
        readers: dict[str, Callable[[Any, Mapping[str, Any]], None]] = {
            "Quant": self._quant,
            "Conv": self._convolution,
            "Gemm": self._gemm,
            "MatMul": self._product,
            "Add": lambda node, settings: self._biased(*self._data_first(node)),
            "Relu": self._relu,
            "MaxPool": self._pool,
            "Flatten": self._flatten,
            "Reshape": self._flatten,
            "Transpose": self._turned,
            "Softmax": lambda node, settings: None,
            "Identity": lambda node, settings: self._named(node, self.tensors[node.input[0]]),
        }
        if node.op_type not in readers:
            raise self._refused(node, f"has no integer meaning here; use {_KNOWN}")
        source = next(name for name in node.input if name not in self.constants)
        if source in self.products and node.op_type != "Add":
            self._biased(source, None)
        if source not in self.tensors and source not in self.products:
            raise self._refused(node, "stands behind a softmax; only the end of a network is one")
        if source in self.channels_last and node.op_type not in ("Flatten", "Reshape", "Gemm", "MatMul"):
            raise self._refused(node, "reads channels that stand last; only flattening may")
        if source in self.rectified and node.op_type not in ("Quant", "MaxPool", "Relu"):
            raise self._refused(node, f"reads a ReLU that is not quantized; {REMEDY[:-1]}")
        readers[node.op_type](node, settings)

    def _quant(self, node: Any, settings: Mapping[str, Any]) -> None:
        fixed_type = type_of_quant(node, settings, self.constants)
        if fixed_type is None:
            raise self._refused(node, f"has no power-of-two step and full range; {REMEDY[:-1]}")
        source = node.input[0]
        if source in self.rectified and fixed_type.signed:
            raise self._refused(node, "is signed behind a ReLU; make it unsigned")
        self._add(node, Quantize(node.output[0], (self.tensors[source],), fixed_type))

    def _convolution(self, node: Any, settings: Mapping[str, Any]) -> None:
        window, strides = settings["kernel_shape"], settings.get("strides", [1, 1])
        if any(settings.get("pads", [])) or settings.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
            raise self._refused(node, "is padded; use padding=0")
        if set(settings.get("dilations", [1])) != {1} or settings.get("group", 1) != 1:
            raise self._refused(node, "is dilated or grouped; use neither")
        if len(set(window)) > 1 or len(set(strides)) > 1:
            raise self._refused(node, "is not square; use one size and one stride for rows and columns")
        weights = self._constant(node, 1, "weights")
        bias = self._bias(node, 2, weights.integers.shape[0])
        tensor = self.tensors[node.input[0]]
        self._add(node, Convolution(node.output[0], (tensor,), weights, bias, int(strides[0])))

    def _gemm(self, node: Any, settings: Mapping[str, Any]) -> None:
        if settings.get("transA") or settings.get("alpha", 1) != 1 or settings.get("beta", 1) != 1:
            raise self._refused(node, "transposes its input or scales its sums; use a plain dense layer")
        weights = self._constant(node, 1, "weights")
        if settings.get("transB"):
            weights = Constant(weights.integers.T, weights.type)
        bias = self._bias(node, 2, weights.integers.shape[1])
        self._dense(node.output[0], self.tensors[node.input[0]], self._ordered(node, weights), bias)

    def _product(self, node: Any, settings: Mapping[str, Any]) -> None:
        weights = self._ordered(node, self._constant(node, 1, "weights"))
        self.products[node.output[0]] = (self.tensors[node.input[0]], weights)

    def _ordered(self, node: Any, weights: Constant) -> Constant:
        """Weights whose rows run over (channel, row, column), as those of a fixed-point graph do."""
        if node.input[0] not in self.channels_last:
            return weights
        image = next(one.inputs[0] for one in self.operations if one.name == node.input[0])
        _, channels, rows, columns = self.model.get_tensor_shape(image)
        order = np.arange(len(weights.integers)).reshape(rows, columns, channels).transpose(2, 0, 1).ravel()
        return Constant(weights.integers[order], weights.type)

    def _turned(self, node: Any, settings: Mapping[str, Any]) -> None:
        if settings.get("perm") != [0, 2, 3, 1]:
            raise self._refused(node, "turns a tensor otherwise than from channels first to channels last")
        self._named(node, self.tensors[node.input[0]])
        self.channels_last.add(node.output[0])

    def _data_first(self, node: Any) -> tuple[str, Any]:
        data = next(name for name in node.input if name not in self.constants)
        if data not in self.products:
            raise self._refused(node, "adds to something other than a dense layer's product")
        return data, node

    def _biased(self, product: str, node: Any) -> None:
        """The dense layer of a product, with the biases that a node adds to it, if one does."""
        tensor, weights = self.products.pop(product)
        width = weights.integers.shape[1]
        if node is None:
            bias, output = constant_of(np.zeros(width), None, ""), product
        else:
            position = 1 if node.input[0] == product else 0
            bias, output = self._bias(node, position, width), node.output[0]
        self._dense(output, tensor, weights, bias)

    def _dense(self, output: str, tensor: str, weights: Constant, bias: Constant) -> None:
        self.operations.append(Dense(output, (tensor,), weights, bias))
        self.tensors[output] = self.logits = output

    def _relu(self, node: Any, settings: Mapping[str, Any]) -> None:
        self._named(node, self.tensors[node.input[0]])
        self.rectified.add(node.output[0])

    def _pool(self, node: Any, settings: Mapping[str, Any]) -> None:
        sides = {*settings["kernel_shape"], *settings.get("strides", [1])}
        if any(settings.get("pads", [])) or settings.get("ceil_mode") or len(sides) > 1:
            raise self._refused(node, "pools over windows that are padded, overlap or are not square")
        self._add(node, MaxPool(node.output[0], (self.tensors[node.input[0]],), sides.pop()))
        if node.input[0] in self.rectified:
            self.rectified.add(node.output[0])

    def _flatten(self, node: Any, settings: Mapping[str, Any]) -> None:
        if node.op_type == "Reshape":
            target = self.constants[node.input[1]][0].tolist()
            if len(target) != 2:
                raise self._refused(node, "changes a shape; only flattening is known")
        self._add(node, Flatten(node.output[0], (self.tensors[node.input[0]],)))
        if node.input[0] in self.channels_last:
            self.channels_last.add(node.output[0])

    def _bias(self, node: Any, position: int, width: int) -> Constant:
        if len(node.input) <= position or not node.input[position]:
            return constant_of(np.zeros(width), None, "")
        bias = self._constant(node, position, "biases")
        return Constant(np.broadcast_to(bias.integers.reshape(-1), (width,)).copy(), bias.type)

    def _constant(self, node: Any, position: int, what: str) -> Constant:
        name = node.input[position]
        if name not in self.constants:
            raise self._refused(node, f"has {what} that are computed from the input")
        values, declared = self.constants[name]
        return constant_of(values, declared, f"{self.path}: the {what} of {node.op_type} '{node.name}'")

    def _add(self, node: Any, operation: Operation) -> None:
        self.operations.append(operation)
        self.tensors[node.output[0]] = operation.name

    def _named(self, node: Any, tensor: str) -> None:
        self.tensors[node.output[0]] = tensor

    def _refused(self, node: Any, why: str) -> EdgeoodError:
        return EdgeoodError(f"{self.path}: {node.op_type} node '{node.name or node.output[0]}' {why}.")
