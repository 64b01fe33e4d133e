"""The QONNX graph: its nodes, its operators, and the fixed-point graph that is read back from it."""

from dataclasses import asdict

import numpy as np
import onnx
import pytest
from plain_twins import TWO_BLOCKS, candidates, cnn_graph, particlenet_graph, scores_for
from quantized_runs import SIGNED, STRIDED, TINY, random_images

from edgeood.export.onnx.qonnx import network_graph, to_qonnx
from edgeood.export.onnx.qonnx_reader import read_qonnx
from edgeood.export.onnx.score_operators import attach, constants_of, detach
from edgeood.fixed_point.evaluation import exact_outputs
from edgeood.fixed_point.graph import FixedGraph
from edgeood.scores.fused.network import FusedNetwork

SCORES = ("max_logit", "mahalanobis_diagonal")
GRAPHS = {
    "cnn": cnn_graph(TINY, 16),
    "strided": cnn_graph(STRIDED, 16, SIGNED),
    "particlenet": particlenet_graph(),
    "dynamic": particlenet_graph(blocks=TWO_BLOCKS, dynamic=3, identity=True),
}


def model_of(graph: FixedGraph, score_name: str) -> onnx.ModelProto:
    inputs = random_images(40, 16) if len(graph.shape) == 3 else candidates(40, graph)
    return to_qonnx(FusedNetwork(graph, scores_for(graph, exact_outputs(graph, inputs))[score_name]))


@pytest.mark.parametrize("score_name", SCORES)
@pytest.mark.parametrize("name", GRAPHS)
def test_reading_gives_the_fixed_point_graph_again(name: str, score_name: str) -> None:
    graph = GRAPHS[name]
    model = model_of(graph, score_name)
    onnx.checker.check_model(model)
    read, score = read_qonnx(model)
    assert score is not None
    assert (
        score.op_type == {"max_logit": "MaxLogit", "mahalanobis_diagonal": "DiagonalMahalanobis"}[score_name]
    )
    assert read.logits == read.representation == score.input[0]
    assert read.logits == (graph.logits if score_name == "max_logit" else graph.representation)
    assert read.shape == graph.shape
    # A Mahalanobis score leaves the logits out.
    assert len(read.operations) == len(graph.operations) - (score_name != "max_logit")
    for one, other in zip(read.operations, graph.operations, strict=False):
        assert type(one) is type(other)
        np.testing.assert_equal(asdict(one), asdict(other))


@pytest.mark.parametrize("name", GRAPHS)
def test_all_shapes_are_known_and_are_those_of_onnx(name: str) -> None:
    from onnx.inliner import inline_local_functions
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.transformation.infer_shapes import InferShapes

    model = network_graph(GRAPHS[name], "logits")
    assert model.graph.input[0].name == ("images" if len(GRAPHS[name].shape) == 3 else "candidates")
    told = ModelWrapper(model)
    inferred = inline_local_functions(model)
    del inferred.graph.value_info[:]
    known = ModelWrapper(inferred).transform(InferShapes())
    outputs = [node.output[0] for node in model.graph.node]
    assert len(outputs) > 10
    for tensor in outputs:
        shape = told.get_tensor_shape(tensor)
        assert shape is not None
        # What depends on the number of neighbours is not inferred (0).
        for own, other in zip(shape, known.get_tensor_shape(tensor), strict=True):
            assert other in (own, 0)


def test_every_quant_node_has_a_power_of_two_step_and_rounds_half_to_even() -> None:
    graph = model_of(GRAPHS["cnn"], "max_logit").graph
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
    graph = GRAPHS["particlenet"]
    score = scores_for(graph, exact_outputs(graph, candidates(40, graph)))[SCORES[1]]
    node = to_qonnx(FusedNetwork(graph, score)).graph.node[-1]
    assert (node.domain, node.op_type) == ("edgeood", "DiagonalMahalanobis")
    constants = constants_of(node)
    np.testing.assert_array_equal(constants["mean"], score.mean * score.mean_type.step)
    assert {name: constants[f"{name}_type"] for name in score.types()} == score.types()


@pytest.mark.parametrize("name", ["cnn", "particlenet"])
@pytest.mark.parametrize("score_name", SCORES)
def test_detaching_and_attaching_changes_nothing(name: str, score_name: str) -> None:
    model = model_of(GRAPHS[name], score_name)
    before = model.SerializeToString(deterministic=True)
    node = detach(model)
    assert node.name == "score"
    # A CNN has no operators of ours but the score.
    domains = {opset.domain for opset in model.opset_import}
    assert ("edgeood" in domains) == bool(model.functions) == (name == "particlenet")
    onnx.checker.check_model(model)
    attach(model, node)
    assert model.SerializeToString(deterministic=True) == before


def test_what_is_not_ours_is_not_read() -> None:
    model = model_of(GRAPHS["cnn"], "max_logit")
    model.graph.node[-2].op_type = "Sub"
    with pytest.raises(NotImplementedError, match="QONNX node Sub"):
        read_qonnx(model)
    model = model_of(GRAPHS["cnn"], "max_logit")
    next(one for one in model.graph.node[0].attribute if one.name == "rounding_mode").s = b"FLOOR"
    with pytest.raises(NotImplementedError, match="half-to-even"):
        read_qonnx(model)


def test_unknown_output_is_refused() -> None:
    with pytest.raises(ValueError, match="no output 'nothing'"):
        network_graph(GRAPHS["cnn"], "nothing")
