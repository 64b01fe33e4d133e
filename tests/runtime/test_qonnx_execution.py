"""qonnx's own executor gives the bits of the exact reference, and refuses what float32 does not hold."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from plain_twins import (
    TWO_BLOCKS,
    WIDE_CANDIDATES,
    candidates,
    cnn_graph,
    corner_candidates,
    particlenet_graph,
    scores_for,
)
from quantized_runs import SIGNED, STRIDED, TINY, random_images

from edgeood.errors import EdgeoodError
from edgeood.export.onnx.metadata import store_metadata
from edgeood.export.onnx.qonnx import to_qonnx
from edgeood.fixed_point.evaluation import exact_outputs
from edgeood.fixed_point.graph import FixedGraph
from edgeood.runtime.parity.corners import corner_inputs
from edgeood.runtime.qonnx_execution import QonnxExecution
from edgeood.scores.fused.network import FusedNetwork

SCORES = ("max_logit", "mahalanobis_diagonal")
GRAPHS = {
    "cnn": lambda: cnn_graph(TINY),
    "strided": lambda: cnn_graph(STRIDED, quantization=SIGNED),
    "particlenet": lambda: particlenet_graph(identity=True),
    "dynamic": lambda: particlenet_graph(blocks=TWO_BLOCKS, dynamic=3, neighbours=7),
}


def exported(graph: FixedGraph, score_name: str, inputs: np.ndarray, path: Path) -> np.ndarray:
    """Write the QONNX file; returns the scores that it must give."""
    outputs = exact_outputs(graph, inputs)
    score = scores_for(graph, outputs)[score_name]
    model = to_qonnx(FusedNetwork(graph, score))
    store_metadata(model, {"score": score_name, "threshold": score.threshold})
    onnx.save(model, path)
    return score(*outputs)


@pytest.mark.parametrize("score_name", SCORES)
@pytest.mark.parametrize("name", GRAPHS)
def test_it_gives_the_exact_scores(name: str, score_name: str, tmp_path: Path) -> None:
    graph = GRAPHS[name]()
    if len(graph.shape) == 3:
        inputs = np.concatenate([random_images(200, 16), corner_inputs(graph.shape, graph.input_type)])
    else:
        inputs = np.concatenate([candidates(200, graph), corner_candidates(graph)])
    assert len(inputs) > 256  # a second, incomplete batch
    expected = exported(graph, score_name, inputs, tmp_path / "score.qonnx")
    engine = QonnxExecution(tmp_path / "score.qonnx")
    scores = engine(inputs)
    assert scores.dtype == np.float64
    np.testing.assert_array_equal(scores, expected)
    np.testing.assert_array_equal(engine(inputs[:3]), expected[:3])
    assert engine(inputs[:0]).shape == (0,)
    assert engine.threshold == (0 if score_name == "max_logit" else 10)


def test_sums_beyond_float32_are_refused(tmp_path: Path) -> None:
    graph = particlenet_graph(quantization=WIDE_CANDIDATES)
    exported(graph, "max_logit", candidates(40, graph), tmp_path / "score.qonnx")
    with pytest.raises(EdgeoodError, match=r"sums of layer 'edge0' can need \d+ bits"):
        QonnxExecution(tmp_path / "score.qonnx")


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no model")
    with pytest.raises(EdgeoodError, match="is no ONNX model"):
        QonnxExecution(tmp_path / "text")
    graph = cnn_graph(TINY)
    outputs = exact_outputs(graph, random_images(40, 16))
    onnx.save(to_qonnx(FusedNetwork(graph, scores_for(graph, outputs)["max_logit"])), tmp_path / "bare")
    with pytest.raises(EdgeoodError, match="was not exported by edgeood"):
        QonnxExecution(tmp_path / "bare")
