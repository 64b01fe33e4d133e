"""Quantized network → QONNX, the one interchange format: a graph of Quant nodes and integer-valued layers.

qonnx 1.0 no longer converts QKeras, hence an emitter of our own. The fused score is the graph's last node, of
our domain ``edgeood``, and comes with an ONNX function body (:mod:`edgeood.export.score_ops`).
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import helper, numpy_helper

from edgeood.export.score_ops import OPSET, append_score
from edgeood.fixed_point import FixedPoint
from edgeood.scores.fused import FusedScore

if TYPE_CHECKING:
    from edgeood.networks.quantized.qkeras_cnn import QKerasCNN

QONNX_DOMAIN = "qonnx.custom_op.general"
IR_VERSION = 9
# hls4ml reads these even where they have their default values.
_PLAIN = {"pads": [0, 0, 0, 0], "dilations": [1, 1]}


class _Graph:
    """Nodes and initializers as they are written down, one after the other."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, values: ArrayLike, name: str) -> str:
        self.initializers.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name

    def node(self, op: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def quant(self, tensor: str, kind: FixedPoint, name: str) -> str:
        """A Quant node: scale, zero point, bits; round half to even, saturate.

        Unsigned types saturate at zero, which is the ReLU.
        """
        inputs = [
            tensor,
            self.constant(kind.step, f"{name}_scale"),
            self.constant(0, f"{name}_zero_point"),
            self.constant(kind.bits, f"{name}_bits"),
        ]
        settings = {"signed": int(kind.signed), "narrow": 0, "rounding_mode": "ROUND"}
        return self.node("Quant", inputs, name, domain=QONNX_DOMAIN, **settings)


def network_graph(network: "QKerasCNN", output: str) -> onnx.ModelProto:
    """The QONNX graph of a quantized network up to its ``representation`` or its ``logits``.

    Input ``images`` (1, 1, P, P) float32, as qonnx and hls4ml work with a batch of one.
    """
    from edgeood.networks.quantized.fused_quantizers import fixed_point_of

    graph = _Graph()
    model = network.keras_model()
    pixels = int(model.input.shape[1])
    tensor, flattened = "images", None
    for layer in model.layers:
        sort, name = type(layer).__name__, layer.name
        if sort == "InputLayer":
            continue
        if sort in ("QConv2D", "QDense"):
            kernel, bias = (weight.astype(np.float64) for weight in layer.get_weights())
            kernel_type, bias_type = map(fixed_point_of, layer.get_quantizers()[:2])
            if sort == "QConv2D":
                kernel = kernel.transpose(3, 2, 0, 1)
            elif flattened is not None:
                kernel, flattened = kernel[flattened], None
            kernel_name = graph.constant(kernel_type.quantize(kernel), f"{name}_kernel_values")
            kernel_name = graph.quant(kernel_name, kernel_type, f"{name}_kernel")
            bias_name = graph.constant(bias_type.quantize(bias), f"{name}_bias_values")
            bias_name = graph.quant(bias_name, bias_type, f"{name}_bias")
            if sort == "QConv2D":
                tensor = graph.node(
                    "Conv",
                    [tensor, kernel_name, bias_name],
                    name,
                    kernel_shape=kernel.shape[2:],
                    **_PLAIN,
                    strides=list(layer.strides),
                    group=1,
                )
            else:
                tensor = graph.node("MatMul", [tensor, kernel_name], f"{name}_product")
                tensor = graph.node("Add", [tensor, bias_name], name)
        elif sort == "QActivation":
            tensor = graph.quant(tensor, fixed_point_of(layer.activation), name)
        elif sort == "MaxPooling2D":
            window = list(layer.pool_size)
            settings = {**_PLAIN, "kernel_shape": window, "strides": window, "ceil_mode": 0}
            tensor = graph.node("MaxPool", [tensor], name, **settings)
        elif sort == "Flatten":
            flattened = _channels_first(tuple(int(size) for size in layer.input.shape[1:]))
            tensor = graph.node("Flatten", [tensor], name, axis=1)
        else:
            raise NotImplementedError(f"layer '{name}' of type {sort} has no QONNX form here")
        if name in (output, f"{output}_activation") and (output == "logits" or sort == "QActivation"):
            size = int(layer.output.shape[-1])
            break
    else:
        raise ValueError(f"the network has no output '{output}'")

    value = helper.make_tensor_value_info
    proto = helper.make_graph(
        graph.nodes,
        "edgeood",
        [value("images", onnx.TensorProto.FLOAT, [1, 1, pixels, pixels])],
        [value(tensor, onnx.TensorProto.FLOAT, [1, size])],
        graph.initializers,
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(QONNX_DOMAIN, 1)]
    return helper.make_model(proto, opset_imports=opsets, ir_version=IR_VERSION, producer_name="edgeood")


def _channels_first(shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Where the (row, column, channel) numbers of a flattened Keras tensor lie in (channel, row, column) order."""
    return np.arange(np.prod(shape)).reshape(shape).transpose(2, 0, 1).ravel()


def to_qonnx(network: "QKerasCNN", score: FusedScore) -> onnx.ModelProto:
    """The cleaned QONNX graph of a quantized network with its fused score: ``images`` → ``score`` (1, 1)."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.util.cleanup import cleanup_model

    graph = network_graph(network, "logits" if score.name == "max_logit" else "representation")
    # Clean-up infers shapes, which it cannot across an operator of ours: the score comes afterwards.
    cleaned = cleanup_model(ModelWrapper(graph), preserve_qnt_ops=True).model
    append_score(cleaned, score)
    return cleaned
