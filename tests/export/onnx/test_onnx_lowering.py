"""Plain ONNX: the same bits as the exact reference, with and without optimization; the proof of 24 bits."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from plain_twins import (
    TWO_BLOCKS,
    WIDE_CANDIDATES,
    candidates,
    cnn_graph,
    corner_candidates,
    particlenet_graph,
    scores_for,
)
from quantized_runs import SIGNED, STRIDED, TINY, WIDE, quantized_run, random_images

from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.export.onnx.lowering import lower
from edgeood.export.onnx.qonnx import to_qonnx
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.evaluation import exact_outputs
from edgeood.fixed_point.graph import Constant, Convolution, FixedGraph
from edgeood.fixed_point.ranges import accumulator_bits
from edgeood.recipe import CNN, Block, Quantization
from edgeood.runtime.onnxruntime import OnnxRuntime
from edgeood.runtime.parity.corners import corner_inputs
from edgeood.scores.fused.network import FusedNetwork

SCORES = ("max_logit", "mahalanobis_diagonal")
GRAPHS = {
    "cnn": (cnn_graph, {"network": TINY}),
    "signed": (cnn_graph, {"network": TINY, "quantization": SIGNED}),
    "wide": (cnn_graph, {"network": TINY, "quantization": WIDE}),
    "strided": (cnn_graph, {"network": STRIDED}),
    "particlenet": (particlenet_graph, {"constituents": 16, "neighbours": 4}),
    "static twice": (particlenet_graph, {"blocks": TWO_BLOCKS}),
    "dynamic": (particlenet_graph, {"blocks": TWO_BLOCKS, "dynamic": 3, "identity": True}),
    "few": (particlenet_graph, {"constituents": 2, "neighbours": 5}),
    "wide candidates": (
        particlenet_graph,
        {"blocks": TWO_BLOCKS, "dynamic": 5, "quantization": WIDE_CANDIDATES, "angle_bits": 12},
    ),
}


def graph_and_inputs(name: str) -> tuple[FixedGraph, np.ndarray]:
    build, settings = GRAPHS[name]
    graph = build(**settings)
    corners = corner_inputs(graph.shape, graph.input_type)
    if len(graph.shape) == 3:
        return graph, np.concatenate([random_images(150, 16), corners])
    return graph, np.concatenate([candidates(300, graph), corner_candidates(graph), corners])


def write(model: onnx.ModelProto, path: Path) -> Path:
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("score_name", SCORES)
@pytest.mark.parametrize("name", GRAPHS)
def test_onnxruntime_equals_the_exact_outputs(name: str, score_name: str, tmp_path: Path) -> None:
    graph, inputs = graph_and_inputs(name)
    outputs = exact_outputs(graph, inputs)
    score = scores_for(graph, outputs)[score_name]
    expected = score(*outputs)
    assert np.unique(expected).size > 50
    path = write(lower(to_qonnx(FusedNetwork(graph, score)), {"score": score_name}), tmp_path / "score.onnx")
    for optimize in (False, True):
        np.testing.assert_array_equal(OnnxRuntime(path, optimize=optimize)(inputs), expected)


@pytest.mark.parametrize("name", ["cnn", "wide", "dynamic", "wide candidates"])
def test_layers_in_float32_are_proven_to_fit(name: str) -> None:
    graph, inputs = graph_and_inputs(name)
    model = lower(
        to_qonnx(FusedNetwork(graph, scores_for(graph, exact_outputs(graph, inputs))["max_logit"])), {}
    )
    (bits,) = (json.loads(one.value) for one in model.metadata_props if one.key.endswith("accumulator_bits"))
    assert bits == accumulator_bits(graph)
    assert (max(bits.values()) > 24) == name.startswith("wide")
    initializers = {one.name: one.data_type for one in model.graph.initializer}
    casts = {node.output[0] for node in model.graph.node if node.op_type == "Cast"}
    for layer, width in bits.items():
        wanted = TensorProto.FLOAT if width <= 24 else TensorProto.DOUBLE
        if f"{layer}_bias" in initializers:
            assert initializers[f"{layer}_bias"] == wanted
        else:
            assert (f"{layer}_inputs" in casts) == (width > 24)


def test_maxima_are_taken_before_rounding() -> None:
    graph, _ = graph_and_inputs("cnn")
    score = scores_for(graph, exact_outputs(graph, random_images(40, 16)))["max_logit"]
    nodes = {node.name: node for node in lower(to_qonnx(FusedNetwork(graph, score)), {}).graph.node}
    assert list(nodes["pool0_sums"].input) == ["conv0"]
    assert list(nodes["conv0_activation_rounded"].input) == ["pool0_sums"]


def test_a_convolution_too_wide_for_float32_is_refused() -> None:
    # A 24-bit pixel times a weight of two or three steps has no place beside another one.
    wide = Quantization(
        input=FixedPoint(24, 0, False), weights=FixedPoint(8, 0), activations=FixedPoint(8, 2, False)
    )
    graph = cnn_graph(CNN(blocks=(Block(filters=2, pool=2),), representation=4), 16, wide)
    score = scores_for(graph, exact_outputs(graph, random_images(40, 16)))["max_logit"]
    with pytest.raises(EdgeoodError, match="layer 'conv0' has inputs too wide"):
        lower(to_qonnx(FusedNetwork(graph, score)), {})


def test_a_wide_convolution_without_weights_gives_its_biases(tmp_path: Path) -> None:
    graph, images = graph_and_inputs("wide")
    layer = graph["conv1"]
    assert isinstance(layer, Convolution)
    # In steps of what products there would be, 24-bit biases need more bits than float32 has.
    empty = replace(
        layer,
        weights=replace(layer.weights, integers=np.zeros_like(layer.weights.integers)),
        bias=Constant(layer.bias.integers * 2**7 + 1, FixedPoint(24, 8)),
    )
    operations = tuple(empty if one.name == "conv1" else one for one in graph.operations)
    graph = replace(graph, operations=operations)
    assert accumulator_bits(graph)["conv1"] > 24
    outputs = exact_outputs(graph, images)
    score = scores_for(graph, outputs)["max_logit"]
    path = write(lower(to_qonnx(FusedNetwork(graph, score)), {"score": ""}), tmp_path / "score.onnx")
    np.testing.assert_array_equal(OnnxRuntime(path)(images), score(*outputs))


def test_the_model_describes_itself() -> None:
    run = quantized_run()
    engine = OnnxRuntime(to(run, "onnx", score="max_logit"))
    assert engine.about["score"] == "max_logit"
    assert engine.about["classes"] == ["qcd", "wz"]
    assert engine.about["inputs"] == run.manifest["recipe"]["inputs"]
    assert engine.threshold == float(run.load_scores()["max_logit"]["threshold"])
    scores = engine(random_images(50, 16)) / engine.about["step"]
    np.testing.assert_array_equal(scores, np.rint(scores))


@pytest.mark.parametrize("name", ["cnn", "dynamic"])
def test_batch_size_does_not_matter(name: str, tmp_path: Path) -> None:
    graph, inputs = graph_and_inputs(name)
    score = scores_for(graph, exact_outputs(graph, inputs))["mahalanobis_diagonal"]
    engine = OnnxRuntime(
        write(lower(to_qonnx(FusedNetwork(graph, score)), {"score": ""}), tmp_path / "score.onnx")
    )
    one_by_one = np.concatenate([engine(inputs[i : i + 1]) for i in range(20)])
    np.testing.assert_array_equal(engine(inputs)[:20], one_by_one)
    assert engine(inputs[:0]).shape == (0,)
