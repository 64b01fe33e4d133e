"""`edgeood.export.to`: targets, errors, what lies in the run directory afterwards."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from quantized_runs import make_run, quantized_run

from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.export.hls.project import project_name
from edgeood.export.record import exported, origin, read_record
from edgeood.run import Run


@pytest.mark.parametrize(
    ("target", "message"),
    [("vitsi", "did you mean 'vitis'"), ("bitstream", "choose one of qonnx, onnx, vitis")],
)
def test_unknown_targets_get_a_hint(target: str, message: str) -> None:
    with pytest.raises(EdgeoodError, match=message):
        to(quantized_run(), target)


def test_unknown_scores_get_a_hint() -> None:
    with pytest.raises(EdgeoodError, match="did you mean 'max_logit'"):
        to(quantized_run(), "onnx", score="maxlogit")


def test_full_mahalanobis_of_a_quantized_run_is_refused() -> None:
    with pytest.raises(EdgeoodError, match="has no firmware; use max_logit or mahalanobis_diagonal"):
        to(quantized_run(), "vitis", score="mahalanobis")


def test_description_tells_what_a_consumer_needs() -> None:
    run = quantized_run()
    for target in ("qonnx", "onnx"):
        assert to(run, target, score="max_logit").is_file()
    about = json.loads((run.export_folder("max_logit") / "score.json").read_text())
    assert about == read_record(run, "max_logit")
    assert about["made_from"] == origin(run)
    assert {"qonnx", "onnx"} <= set(about["artefacts"])
    assert about["threshold_integer"] == np.floor(about["threshold"] / about["step"])
    assert about["types"]["score"]["signed"] is True


def test_exports_of_another_network_are_not_used(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", seed=1)
    with pytest.raises(
        EdgeoodError, match=r"no onnx export of 'max_logit'; run `edgeood export .* --target onnx"
    ):
        exported(run, "max_logit", "onnx")
    path = to(run, "onnx", score="max_logit")
    assert exported(run, "max_logit", "onnx") == path
    with pytest.raises(EdgeoodError, match="no vitis export"):
        exported(run, "max_logit", "vitis")
    other = quantized_run()
    to(other, "onnx", score="max_logit")
    shutil.rmtree(run.export_folder("max_logit"))
    shutil.copytree(other.export_folder("max_logit"), run.export_folder("max_logit"))
    with pytest.raises(EdgeoodError, match="exported from another network"):
        exported(Run.open(run.path), "max_logit", "onnx")


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    files = [to(make_run(tmp_path / name, seed=4), "onnx", score="max_logit") for name in ("a", "b")]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("name", "identifier"),
    [("cnn-nurd demo", "cnn_nurd_demo"), ("2twin", "p_2twin"), ("nnet", "p_nnet"), ("→", "network")],
)
def test_project_names_are_identifiers(name: str, identifier: str) -> None:
    assert project_name(name) == identifier
