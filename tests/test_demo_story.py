"""The whole story at the smallest size that still tells it."""

import json

import pytest

from edgeood.demo import run_demo
from edgeood.evaluation.tables import format_measured

SMALL = (
    "inputs.pixels=26",
    "training.epochs=2",
    "training.batch_size=64",
    "data.train=0.5",
    "data.validation=0.2",
    "score.background_efficiency=0.1",
)
SCORES = ["max_logit", "mahalanobis", "mahalanobis_diagonal"]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return folder, run_demo(folder, jets=1080, progress=False, overrides=SMALL)


pytestmark = [pytest.mark.slow, pytest.mark.firmware]


def test_the_summary_says_everything_and_every_engine_agrees(told):
    folder, summary = told
    assert json.loads((folder / "summary.json").read_text()) == summary
    keys = ["jets", "decisions", "auroc", "sculpting", "parity", "throughput_jets_per_s", "wall_s"]
    assert list(summary) == keys
    for score in ("max_logit", "mahalanobis_diagonal"):
        point = summary["decisions"][score]
        share, error = point["mass_blind"]["background"]
        assert abs(share - 0.1) < 5 * error
        assert set(point["one_threshold"]["signals"]) == {"top"}
    for run in ("float", "quantized"):
        assert list(summary["auroc"][run]) == SCORES
        for score in SCORES:
            value, error = summary["auroc"][run][score]
            assert 0 < value < 1
            assert 0 < error < 0.2
            assert set(summary["sculpting"][run][score]) == {"jsd", "wasserstein_gev"}
    parity = summary["parity"]
    assert parity["engines"] == ["network", "onnxruntime", "csim"]
    assert parity["mismatches"] == {"max_logit": 0, "mahalanobis_diagonal": 0}
    assert parity["jets"] == summary["jets"]["test"] > 300
    table = (folder / "summary.md").read_text()
    assert (
        f"| max_logit | quantized | {format_measured(summary['auroc']['quantized']['max_logit'])} |" in table
    )
    assert set(summary["throughput_jets_per_s"]) == set(parity["engines"])
    assert list(summary["wall_s"]) == [
        *("generate", "train", "quantize", "calibrate", "evaluate", "export", "verify")
    ]
    assert "| max_logit | one for each mass |" in table


def test_figures_and_artefacts_are_there(told):
    folder, _ = told
    for run in ("float", "quantized"):
        for stem in ("roc_top", "score_max_logit", "mass_mahalanobis_diagonal"):
            assert (folder / run / "evaluation" / f"{stem}.png").stat().st_size > 5000
    for score in ("max_logit", "mahalanobis_diagonal"):
        export = folder / "quantized" / "export" / score
        assert {"score.qonnx.onnx", "score.onnx", "vitis", "score.json"} <= {p.name for p in export.iterdir()}


def test_told_again_it_trains_nothing_anew_and_says_the_same(told):
    folder, summary = told
    weights = (folder / "quantized" / "network.safetensors").stat().st_mtime_ns
    again = run_demo(folder, jets=1080, progress=False, overrides=SMALL)
    assert (folder / "quantized" / "network.safetensors").stat().st_mtime_ns == weights
    for key in ("jets", "decisions", "auroc", "sculpting", "parity"):
        assert again[key] == summary[key]
