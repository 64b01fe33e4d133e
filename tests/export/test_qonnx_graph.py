"""The QONNX graph: its nodes, its score operators, and what qonnx computes with it."""

import numpy as np
import onnx
import pytest
from quantized_runs import STRIDED, quantized_run, random_images

from edgeood.export.qonnx import network_graph, to_qonnx
from edgeood.export.score_ops import attach, constants_of, detach
from edgeood.networks.load import load_network
from edgeood.runtime.network import open_network
from edgeood.scores.fused import fused_score

KINDS = ("max_logit", "mahalanobis_diagonal")


def graph_of(run, kind: str) -> onnx.ModelProto:
    return to_qonnx(load_network(run), fused_score(run.recipe, kind, run.load_scores()[kind]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("settings", [{}, {"network": STRIDED}])
def test_qonnx_execution_equals_the_network(kind: str, settings: dict) -> None:
    from onnx.inliner import inline_local_functions
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    run = quantized_run(**settings)
    graph = graph_of(run, kind)
    onnx.checker.check_model(graph)
    # qonnx executes node by node and knows no functions; their bodies it does know.
    plain = ModelWrapper(inline_local_functions(graph)).transform(InferShapes())
    images = random_images(12, 16)
    name = graph.graph.input[0].name
    scores = [execute_onnx(plain, {name: image[None]})["score"].item() for image in images]
    np.testing.assert_array_equal(scores, open_network(run, kind)(images))


def test_every_quant_node_has_a_power_of_two_step_and_rounds_half_to_even() -> None:
    graph = graph_of(quantized_run(), "max_logit").graph
    values = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    quants = [node for node in graph.node if node.op_type == "Quant"]
    assert len(quants) == 10 + 5  # kernels and biases of 5 layers; the input and 4 activations
    for node in quants:
        scale, zero, _ = (float(values[name]) for name in node.input[1:])
        assert np.log2(scale) == round(np.log2(scale))
        assert zero == 0
        attributes = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
        assert attributes["rounding_mode"] == b"ROUND"


def test_score_operator_carries_its_constants_and_types() -> None:
    run = quantized_run()
    score = fused_score(run.recipe, KINDS[1], run.load_scores()[KINDS[1]])
    node = graph_of(run, KINDS[1]).graph.node[-1]
    assert (node.domain, node.op_type) == ("edgeood", "DiagonalMahalanobis")
    constants = constants_of(node)
    np.testing.assert_array_equal(constants["mean"], score.mean * score.mean_type.step)
    assert {name: constants[f"{name}_type"] for name in score.types()} == score.types()


@pytest.mark.parametrize("kind", KINDS)
def test_detaching_and_attaching_changes_nothing(kind: str) -> None:
    graph = graph_of(quantized_run(), kind)
    before = graph.SerializeToString(deterministic=True)
    node = detach(graph)
    assert not graph.functions
    assert all(opset.domain != "edgeood" for opset in graph.opset_import)
    attach(graph, node)
    assert graph.SerializeToString(deterministic=True) == before


def test_unknown_output_is_refused() -> None:
    with pytest.raises(ValueError, match="no output 'nothing'"):
        network_graph(load_network(quantized_run()), "nothing")
