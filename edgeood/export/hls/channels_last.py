"""A QONNX graph in the form that hls4ml reads: features on the last axis."""

from typing import Any

import onnx
from onnx import helper, numpy_helper

from edgeood.export.onnx import decision_operator as decision_ops
from edgeood.export.onnx import score_operators as score_ops

_WEIGHTED = ("Conv", "MatMul")
_CHANNELS_LAST = "qonnx.custom_op.channels_last"


def channels_last(qonnx: onnx.ModelProto) -> Any:
    """The graph as a qonnx ``ModelWrapper``, with features last everywhere; the original is not changed.

    A mass-blind decision is its only output, which then holds the score as well: a design has one result.
    """
    network = onnx.ModelProto.FromString(qonnx.SerializeToString())
    decision = decision_ops.detach_decision(network)
    graph = _network_channels_last(network)
    if decision is not None:
        decision_ops.attach_decision(graph.model, decision, 1)
        (score,) = [value for value in graph.graph.output if value.name != decision_ops.DECISION]
        graph.graph.output.remove(score)
        graph.graph.value_info.append(score)
    return graph


def _network_channels_last(network: onnx.ModelProto) -> Any:
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.transformation.channels_last import ConvertToChannelsLastAndClean
    from qonnx.util.cleanup import cleanup_model

    if any(len(given.type.tensor_type.shape.dim) == 3 for given in network.graph.input):
        _products_to_convolutions(network.graph)
        return ModelWrapper(network)
    # Shapes cannot be inferred across an operator of ours: the score waits.
    operator = score_ops.detach(network)
    names = [node.name for node in network.graph.node if node.op_type in _WEIGHTED]
    graph = ModelWrapper(network).transform(ConvertToChannelsLastAndClean(make_input_channels_last=True))
    graph = cleanup_model(graph)
    # Clean-up numbers the nodes.
    weighted = [node for node in graph.graph.node if node.op_type in _WEIGHTED]
    for node, name in zip(weighted, names, strict=True):
        node.name = name
    score_ops.attach(graph.model, operator)
    return graph


def pointwise_sizes(graph: Any) -> dict[str, tuple[int, int]]:
    """Inputs and outputs of the dense layers on each constituent alone, by name, in a :func:`channels_last` graph."""
    convolutions = [node for node in graph.graph.node if node.op_type == "Conv"]
    shapes = {node.name: graph.get_tensor_shape(node.input[1]) for node in convolutions}
    return {name: (shape[2], shape[0]) for name, shape in shapes.items() if len(shape) == 3}


def _products_to_convolutions(graph: onnx.GraphProto) -> None:
    """Write a dense layer on each constituent alone, (1, N, in) → (1, N, out), as a convolution of width 1.

    hls4ml takes a MatMul for a layer on the whole table of constituents.
    """
    values = [*graph.input, *graph.value_info, *graph.output]
    ranks = {value.name: len(value.type.tensor_type.shape.dim) for value in values}
    for product in [node for node in graph.node if node.op_type == "MatMul" and ranks[node.input[0]] == 3]:
        (addition,) = (node for node in graph.node if product.output[0] in node.input)
        kernel, bias = product.input[1], addition.input[1]
        quantizer = next(node for node in graph.node if kernel in node.output)
        constant = next(one for one in graph.initializer if one.name == quantizer.input[0])
        # (in, out) → (out, width, in)
        weights = numpy_helper.to_array(constant).T[:, None, :]
        constant.CopyFrom(numpy_helper.from_array(weights, constant.name))
        for value in graph.value_info:
            if value.name in (constant.name, kernel):
                element_type = value.type.tensor_type.elem_type
                value.CopyFrom(helper.make_tensor_value_info(value.name, element_type, weights.shape))
        convolution = helper.make_node(
            "Conv",
            [product.input[0], kernel, bias],
            list(addition.output),
            name=addition.name,
            domain=_CHANNELS_LAST,
            kernel_shape=[1],
            strides=[1],
            pads=[0, 0],
            dilations=[1],
            group=1,
        )
        graph.node.remove(product)
        addition.CopyFrom(convolution)
