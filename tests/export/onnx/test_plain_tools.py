"""``network.qonnx.onnx`` in the hands of qonnx and hls4ml alone: their commands, and the exact logits."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from quantized_runs import CANDIDATES, LITE, on_candidates, quantized_run, random_images

from edgeood.export import to
from edgeood.fixed_point.evaluation import exact_outputs
from edgeood.scores.fused.network import fused_network

qonnx = pytest.importorskip("qonnx", reason="needs the extra 'quantize'")
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def exported() -> tuple[Path, np.ndarray, np.ndarray]:
    """The file, images (n, 1, P, P), and the exact logits (n, K)."""
    run = quantized_run()
    score = to(run, "qonnx", score="max_logit")
    graph = fused_network(run, "max_logit").graph
    images = random_images(12, graph.shape[-1], seed=8)
    return score.with_name("network.qonnx.onnx"), images, exact_outputs(graph, images).logits


def test_only_standard_operators_are_in_it(exported):
    model = onnx.load(exported[0])
    assert {node.domain for node in model.graph.node} == {"", "qonnx.custom_op.general"}
    assert not model.functions


def test_qonnx_executes_it(exported, tmp_path):
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx

    file, images, logits = exported
    subprocess.run([BIN / "qonnx-cleanup", file, "--out-file", tmp_path / "clean.onnx"], check=True)
    model = ModelWrapper(str(tmp_path / "clean.onnx"))
    given, result = model.graph.input[0].name, model.graph.output[0].name
    found = [execute_onnx(model, {given: one[None]})[result] for one in images]
    np.testing.assert_array_equal(np.concatenate(found), logits)


@pytest.mark.slow
def test_hls4ml_converts_and_simulates_it(exported, tmp_path):
    hls4ml = pytest.importorskip("hls4ml", reason="needs the extra 'firmware'")
    from qonnx.core.modelwrapper import ModelWrapper

    file, images, logits = exported
    for command in (
        ["qonnx-cleanup", file, "--out-file", "clean.onnx"],
        ["qonnx-to-channels-last", "clean.onnx", "--make-input-channels-last", "--out-file", "last.onnx"],
        ["qonnx-cleanup", "last.onnx", "--out-file", "ready.onnx"],
    ):
        subprocess.run([BIN / command[0], *command[1:]], cwd=tmp_path, check=True)
    model = ModelWrapper(str(tmp_path / "ready.onnx"))
    settings = {"backend": "Vitis", "granularity": "name", "default_precision": "fixed<32,16>"}
    config = hls4ml.utils.config_from_onnx_model(model, **settings)
    design = hls4ml.converters.convert_from_onnx_model(
        model, output_dir=str(tmp_path / "hls"), backend="Vitis", hls_config=config, project_name="plain"
    )
    design.compile()
    np.testing.assert_array_equal(design.predict(np.ascontiguousarray(np.moveaxis(images, 1, -1))), logits)


def test_a_particlenet_has_no_such_file():
    run = quantized_run(network=LITE, inputs=CANDIDATES, quantization=on_candidates())
    assert not to(run, "qonnx", score="max_logit").with_name("network.qonnx.onnx").exists()
