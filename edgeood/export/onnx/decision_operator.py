"""The mass-blind decision as an ONNX operator of the domain ``edgeood``, with a body of standard operators.

It stands behind the score: ``score`` and ``mass``, the jet's mass in GeV, give ``decision``, true for an anomalous jet.
"""

import numpy as np
import onnx
from onnx import AttributeProto, FunctionProto, NodeProto, TensorProto, helper, numpy_helper

from edgeood.export.onnx.score_operators import DOMAIN, OPSET, from_attribute, type_attribute
from edgeood.scores.fused.mass_blind import MassBlindDecision

OPERATOR = "MassBlindDecision"
MASS, DECISION = "mass", "decision"
"""Names of the graphs' second input and second output."""


def append_decision(model: onnx.ModelProto, decision: MassBlindDecision, step: float) -> None:
    """Append the operator to a model whose only output is a score in multiples of ``step``."""
    (score,) = model.graph.output
    size = score.type.tensor_type.shape.dim[0]
    node = helper.make_node(
        OPERATOR,
        [score.name, MASS],
        [DECISION],
        name=DECISION,
        domain=DOMAIN,
        # In the score's own unit: exact, as both are integers of less than 54 bits times a power of two.
        thresholds=numpy_helper.from_array(decision.thresholds * step),
        mass_step=decision.mass_type.step,
        mass_highest=float(decision.mass_type.highest_integer),
        mass_type=type_attribute(decision.mass_type),
    )
    attach_decision(model, node, size.dim_param or size.dim_value)


def attach_decision(model: onnx.ModelProto, node: NodeProto, size: str | int) -> None:
    """Make the operator a model's last node, with its function body, the second input and the second output."""
    shape = [size, 1]
    model.graph.node.append(node)
    model.graph.input.append(helper.make_tensor_value_info(MASS, TensorProto.FLOAT, shape))
    model.graph.output.append(helper.make_tensor_value_info(DECISION, TensorProto.BOOL, shape))
    if OPERATOR not in {function.name for function in model.functions}:
        model.functions.append(_body())


def detach_decision(model: onnx.ModelProto) -> NodeProto | None:
    """Take the operator off a model again, with what came with it, and return it; None if it has none."""
    node = decision_node(model)
    if node is not None:
        graph = model.graph
        graph.node.remove(node)
        graph.input.remove(next(value for value in graph.input if value.name == MASS))
        graph.output.remove(next(value for value in graph.output if value.name == DECISION))
        model.functions.remove(next(function for function in model.functions if function.name == OPERATOR))
    return node


def decision_node(model: onnx.ModelProto) -> NodeProto | None:
    """The operator in a model's graph, if it has one."""
    return next((node for node in model.graph.node if node.op_type == OPERATOR), None)


def _body() -> FunctionProto:
    """score > thresholds[round(mass / step)], in double precision, where every number is exact."""
    node, number = helper.make_node, AttributeProto.FLOAT
    body = [
        from_attribute("table", "thresholds", AttributeProto.TENSOR, "value"),
        from_attribute("step_single", "mass_step", number, "value_float"),
        from_attribute("highest_single", "mass_highest", number, "value_float"),
        node("Constant", [], ["lowest"], value=numpy_helper.from_array(np.array(0.0))),
        node("Cast", ["step_single"], ["step"], to=TensorProto.DOUBLE),
        node("Cast", ["highest_single"], ["highest"], to=TensorProto.DOUBLE),
        node("Cast", ["mass"], ["exact"], to=TensorProto.DOUBLE),
        node("Div", ["exact", "step"], ["steps"]),
        node("Round", ["steps"], ["rounded"]),
        node("Max", ["rounded", "lowest"], ["above"]),
        node("Min", ["above", "highest"], ["inside"]),
        node("Cast", ["inside"], ["word"], to=TensorProto.INT64),
        node("Gather", ["table", "word"], ["threshold"], axis=0),
        node("Greater", ["score", "threshold"], ["decision"]),
    ]
    opsets = [helper.make_opsetid("", OPSET)]
    attributes = ["thresholds", "mass_step", "mass_highest", "mass_type"]
    return helper.make_function(DOMAIN, OPERATOR, ["score", "mass"], ["decision"], body, opsets, attributes)
