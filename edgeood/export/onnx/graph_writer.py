"""An ONNX graph as it is written down, one node after the other."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import NodeProto, TensorProto, helper, numpy_helper


class GraphWriter:
    """Collects nodes, constants and, where told, the shapes of tensors."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.initializers: list[TensorProto] = []
        self.shapes: dict[str, tuple[int, ...]] = {}

    def constant(self, values: ArrayLike, name: str, dtype: Any = np.float32) -> str:
        """Write a constant down; returns its name."""
        self.initializers.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def node(
        self, op: str, inputs: list[str], name: str, shape: tuple[int, ...] | None = None, **attributes: Any
    ) -> str:
        """Write a node down whose only output has the node's name; returns it."""
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        if shape is not None:
            self.shapes[name] = shape
        return name

    def graph(self, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]) -> onnx.GraphProto:
        """The graph, with the shapes that were told (float32) of its inner tensors."""
        ends = {value.name for value in (*inputs, *outputs)}
        inner = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in self.shapes.items()
            if name not in ends
        ]
        return helper.make_graph(self.nodes, "edgeood", inputs, outputs, self.initializers, value_info=inner)
