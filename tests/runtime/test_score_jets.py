"""Scoring jet files; ONNX Runtime scoring stands on numpy, h5py and onnxruntime alone."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import onnxruntime
import pytest
from quantized_runs import jet_file, quantized_run, random_jets

from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.inputs.images import images_of
from edgeood.runtime.network import open_network
from edgeood.runtime.onnxruntime import OnnxRuntime
from edgeood.runtime.score import score
from edgeood.scores.fused.network import fused_network


def test_scores_of_a_file_equal_the_networks(tmp_path: Path) -> None:
    run = quantized_run()
    path = to(run, "onnx", score="mahalanobis_diagonal")
    expected = open_network(run, "mahalanobis_diagonal")(
        images_of(random_jets(100), run.manifest["recipe"]["inputs"])
    )
    done: list[int] = []
    values = score(run, jet_file(), tmp_path / "scores.h5", progress=done.append)
    np.testing.assert_array_equal(values, expected)
    assert sum(done) == 100
    np.testing.assert_array_equal(score(run.path, [jet_file()], engine="network"), expected)
    np.testing.assert_array_equal(score(path, jet_file()), expected)
    with h5py.File(tmp_path / "scores.h5") as file:
        threshold = float(run.load_scores()["mahalanobis_diagonal"]["threshold"])
        assert dict(file.attrs) == {
            "score": "mahalanobis_diagonal",
            "engine": "onnxruntime",
            "threshold": threshold,
            "mass_blind": False,
        }
        np.testing.assert_array_equal(file["score"], expected)
        np.testing.assert_array_equal(file["anomalous"], expected > threshold)
        np.testing.assert_array_equal(file["event"], np.arange(100))


def test_a_calibrated_runs_decisions_are_written(tmp_path: Path) -> None:
    run = quantized_run(mass_blind=True)
    path = to(run, "onnx", score="max_logit")
    network, jets = fused_network(run, "max_logit"), random_jets(100)
    integers = network.integers(images_of(jets, run.manifest["recipe"]["inputs"]))
    wanted = network.decisions(integers, jets.jets["mass"])
    assert 0 < wanted.sum() < 100
    assert (wanted != (integers > network.threshold_integer)).any()
    for source in (run, path):
        score(source, jet_file(), tmp_path / "scores.h5", score="max_logit")
        with h5py.File(tmp_path / "scores.h5") as file:
            np.testing.assert_array_equal(file["score"], integers * network.step)
            np.testing.assert_array_equal(file["anomalous"], wanted)
            assert file.attrs["mass_blind"]


def test_the_recipes_score_is_the_default() -> None:
    run = quantized_run()
    to(run, "onnx", score="max_logit")
    to(run, "onnx")
    assert (score(run, jet_file()) != score(run, jet_file(), score="max_logit")).any()


ALONE = """
import sys
from edgeood.runtime.score import score
values = score(sys.argv[1], sys.argv[2], sys.argv[3])
print(sorted({name.split(".")[0] for name in sys.modules} & set(sys.argv[4:])), len(values))
"""


@pytest.mark.parametrize("given", ["run directory", "model file"])
def test_scoring_imports_no_framework(given: str, tmp_path: Path) -> None:
    run = quantized_run()
    path = to(run, "onnx")
    heavy = [
        "torch",
        "keras",
        "qkeras",
        "tensorflow",
        "onnx",
        "qonnx",
        "hls4ml",
        "pydantic",
        "yaml",
        "scipy",
        "typer",
    ]
    heavy += ["rich", "safetensors", "lightning", "matplotlib", "sklearn", "awkward", "fastjet", "pythia8mc"]
    source = run.path if given == "run directory" else path
    command = [sys.executable, "-c", ALONE, source, jet_file(), tmp_path / "scores.h5", *heavy]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[] 100\n"
    assert done.stderr == ""


def test_foreign_models_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"nothing")
    with pytest.raises(EdgeoodError, match="no model that ONNX Runtime opens"):
        OnnxRuntime(broken)
    foreign = Path(onnxruntime.__file__).parent / "datasets" / "sigmoid.onnx"
    with pytest.raises(EdgeoodError, match="not exported by edgeood"):
        OnnxRuntime(foreign)
