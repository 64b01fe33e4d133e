"""The fused scores as ONNX operators of the domain ``edgeood``, each with a function body of standard ones.

ONNX Runtime inlines the body; hls4ml maps the operator by its name to the headers in ``firmware/``. Types
stand in the attributes as [bits, integer bits without sign, signed].
"""

from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, FunctionProto, NodeProto, TensorProto, helper, numpy_helper

from edgeood.fixed_point import FixedPoint
from edgeood.scores.fused import FusedScore
from edgeood.scores.fused.mahalanobis import FixedPointMahalanobis

DOMAIN = "edgeood"
OPSET = 17
OPERATORS = {"max_logit": "MaxLogit", "mahalanobis_diagonal": "DiagonalMahalanobis"}


def type_attribute(fixed_type: FixedPoint) -> list[int]:
    """A fixed-point type as an attribute."""
    return [fixed_type.bits, fixed_type.integer, int(fixed_type.signed)]


def type_of_attribute(values: list[int]) -> FixedPoint:
    """What :func:`type_attribute` wrote."""
    bits, integer, signed = values
    return FixedPoint(int(bits), int(integer), bool(signed))


def _max_logit() -> FunctionProto:
    """−max over the last axis: float in, double out."""
    body = [
        helper.make_node("Cast", ["logits"], ["exact"], to=TensorProto.DOUBLE),
        helper.make_node("ReduceMax", ["exact"], ["largest"], axes=[-1], keepdims=1),
        helper.make_node("Neg", ["largest"], ["score"]),
    ]
    types = ["logits_type", "score_type"]
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_function(DOMAIN, "MaxLogit", ["logits"], ["score"], body, opsets, types)


def from_attribute(output: str, attribute: str, attribute_type: int, field: str) -> NodeProto:
    """A constant of a function body that is an attribute of its node."""
    node = helper.make_node("Constant", [], [output])
    node.attribute.append(AttributeProto(name=field, ref_attr_name=attribute, type=attribute_type))
    return node


def _diagonal_mahalanobis() -> FunctionProto:
    """min_k Σ_d ⌊⌊(r_d − μ_kd)²⌋ v_kd⌋ in double precision, where every number is exact (< 2⁵³ steps)."""
    node, tensor, number = helper.make_node, AttributeProto.TENSOR, AttributeProto.FLOAT
    body = [
        from_attribute("mean", "mean", tensor, "value"),
        from_attribute("inverse_variance", "inverse_variance", tensor, "value"),
        node("Constant", [], ["class_axis"], value_ints=[1]),
        node("Constant", [], ["last_axis"], value_ints=[-1]),
        node("Cast", ["representation"], ["exact"], to=TensorProto.DOUBLE),
        node("Unsqueeze", ["exact", "class_axis"], ["row"]),
        node("Sub", ["row", "mean"], ["difference"]),
        node("Mul", ["difference", "difference"], ["square"]),
        *_floor("square", "square_step", number),
        node("Mul", ["square_floored", "inverse_variance"], ["product"]),
        *_floor("product", "product_step", number),
        node("ReduceSum", ["product_floored", "last_axis"], ["distances"], keepdims=0),
        node("ReduceMin", ["distances"], ["score"], axes=[-1], keepdims=1),
    ]
    types = [
        f"{name}_type"
        for name in ("representation", "mean", "inverse_variance", "difference", "square", "product", "score")
    ]
    attributes = ["mean", "inverse_variance", "square_step", "product_step", *types]
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_function(
        DOMAIN, "DiagonalMahalanobis", ["representation"], ["score"], body, opsets, attributes
    )


def _floor(value: str, step_attribute: str, attribute_type: int) -> list[NodeProto]:
    """Round ``value`` down to a multiple of a power of two."""
    return [
        from_attribute(f"{step_attribute}_single", step_attribute, attribute_type, "value_float"),
        helper.make_node("Cast", [f"{step_attribute}_single"], [step_attribute], to=TensorProto.DOUBLE),
        helper.make_node("Div", [value, step_attribute], [f"{value}_steps"]),
        helper.make_node("Floor", [f"{value}_steps"], [f"{value}_whole_steps"]),
        helper.make_node("Mul", [f"{value}_whole_steps", step_attribute], [f"{value}_floored"]),
    ]


def append_score(model: onnx.ModelProto, score: FusedScore) -> None:
    """Append the operator of ``score`` to the model's only output, which becomes ``score`` (…, 1), double."""
    attributes: dict[str, Any] = {
        f"{name}_type": type_attribute(fixed_type) for name, fixed_type in score.types().items()
    }
    if isinstance(score, FixedPointMahalanobis):
        attributes |= {
            "mean": numpy_helper.from_array(score.mean * score.mean_type.step),
            "inverse_variance": numpy_helper.from_array(
                score.inverse_variance * score.inverse_variance_type.step
            ),
            "square_step": score.square_type.step,
            "product_step": score.product_type.step,
        }
    (output,) = model.graph.output
    node = helper.make_node(
        OPERATORS[score.name], [output.name], ["score"], name="score", domain=DOMAIN, **attributes
    )
    attach(model, node)


def attach(model: onnx.ModelProto, node: NodeProto) -> None:
    """Make a score operator the model's last node, with its function body."""
    graph = model.graph
    last = graph.output.pop()
    batch = last.type.tensor_type.shape.dim[0]
    node = NodeProto.FromString(node.SerializeToString())
    node.input[0] = last.name
    graph.node.append(node)
    if last.name not in {value.name for value in graph.value_info}:
        graph.value_info.append(last)
    size = batch.dim_param or batch.dim_value
    graph.output.append(helper.make_tensor_value_info("score", TensorProto.DOUBLE, [size, 1]))
    model.functions.append(_max_logit() if node.op_type == "MaxLogit" else _diagonal_mahalanobis())
    if DOMAIN not in {opset.domain for opset in model.opset_import}:
        model.opset_import.append(helper.make_opsetid(DOMAIN, 1))


def detach(model: onnx.ModelProto) -> NodeProto:
    """Take the score operator off a model again, and return it."""
    graph = model.graph
    node = next(node for node in graph.node if node.op_type in OPERATORS.values())
    graph.node.remove(node)
    del graph.output[:]
    value = next(value for value in graph.value_info if value.name == node.input[0])
    graph.value_info.remove(value)
    graph.output.append(value)
    functions = [function for function in model.functions if function.name != node.op_type]
    del model.functions[:]
    model.functions.extend(functions)
    if not functions:
        kept = [opset for opset in model.opset_import if opset.domain != DOMAIN]
        del model.opset_import[:]
        model.opset_import.extend(kept)
    return node


def constants_of(node: NodeProto) -> dict[str, np.ndarray | FixedPoint | float]:
    """The attributes of a score operator: types as :class:`FixedPoint`, tensors as arrays."""
    values = {}
    for attribute in node.attribute:
        value = helper.get_attribute_value(attribute)
        if attribute.name.endswith("_type"):
            value = type_of_attribute(value)
        elif attribute.type == AttributeProto.TENSOR:
            value = numpy_helper.to_array(value)
        values[attribute.name] = value
    return values
