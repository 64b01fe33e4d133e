"""Float network → ONNX with its score (not bit-exact: float32 sums depend on their order)."""

import io
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from torch import nn

OPSET = 17


def to_onnx(
    network: "nn.Module",
    score: str,
    parameters: Mapping[str, NDArray[Any]],
    shape: Sequence[int],
    name: str = "inputs",
) -> onnx.ModelProto:
    """The input ``name``, N jets of this ``shape`` in float32 → ``score`` (N, 1) float64, for any N.

    ``score`` is ``max_logit``, ``mahalanobis`` or ``mahalanobis_diagonal``; ``parameters`` are the fitted ones.
    """
    import torch

    from edgeood.export.onnx.dense_graphs import dense

    buffer, outputs = io.BytesIO(), ["representation", "logits"]
    with warnings.catch_warnings():
        # The exporter that needs no further package announces its successor.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            dense(network).eval(),
            (torch.zeros(2, *shape),),
            buffer,  # type: ignore[arg-type]
            input_names=[name],
            output_names=outputs,
            dynamic_axes={tensor: {0: "N"} for tensor in (name, *outputs)},
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load_model_from_string(buffer.getvalue())
    graph = model.graph
    for output in list(graph.output):
        graph.output.remove(output)
        graph.value_info.append(output)
    nodes = _Nodes(graph)
    if score == "max_logit":
        largest = nodes.add("ReduceMax", [nodes.double("logits")], axes=[-1], keepdims=1)
        last = nodes.add("Neg", [largest])
    else:
        row = nodes.add("Unsqueeze", [nodes.double("representation"), nodes.constant(np.array([1]))])
        difference = nodes.add("Sub", [row, nodes.constant(parameters["mean"])])
        if score == "mahalanobis":
            # (N, K, 1, D) · (K, D, D) gives every difference its class's precision.
            column = nodes.add("Unsqueeze", [difference, nodes.constant(np.array([2]))])
            weighted = nodes.add("MatMul", [column, nodes.constant(parameters["precision"])])
            weighted = nodes.add("Squeeze", [weighted, nodes.constant(np.array([2]))])
        else:
            weighted = nodes.add("Mul", [difference, nodes.constant(parameters["inverse_variance"])])
        squares = nodes.add("Mul", [weighted, difference])
        distances = nodes.add("ReduceSum", [squares, nodes.constant(np.array([-1]))], keepdims=0)
        last = nodes.add("ReduceMin", [distances], axes=[-1], keepdims=1)
    graph.node.append(helper.make_node("Identity", [last], ["score"], name="score"))
    graph.output.append(helper.make_tensor_value_info("score", TensorProto.DOUBLE, ["N", 1]))
    model.producer_name = "edgeood"
    onnx.checker.check_model(model)
    return model


class _Nodes:
    """Appends the score's nodes under names that the exporter does not use."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.graph = graph
        self.count = 0

    def _name(self) -> str:
        self.count += 1
        return f"edgeood_score_{self.count}"

    def add(self, op: str, inputs: list[str], **attributes: Any) -> str:
        name = self._name()
        self.graph.node.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def constant(self, values: NDArray[Any]) -> str:
        name = self._name()
        self.graph.initializer.append(numpy_helper.from_array(values, name))
        return name

    def double(self, tensor: str) -> str:
        return self.add("Cast", [tensor], to=TensorProto.DOUBLE)
