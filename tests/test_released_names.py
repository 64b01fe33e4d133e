"""The name of a released detector stands for a run in every verb; what it would be written to is a copy."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

import edgeood
from edgeood.cli import app
from edgeood.errors import EdgeoodError
from edgeood.released import load_released
from edgeood.resources import is_released, released_folder, run_folder
from edgeood.run import Run
from edgeood.run_copy import own_run

NAME = "particlenet-lite-leptons"
SCORES = ("max_logit", "mahalanobis_diagonal")
# A few jets of every process are not the background that the domain is of.
pytestmark = pytest.mark.filterwarnings("ignore::edgeood.errors.OutsideDomainWarning")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the detector's own jets; and nothing of the package's changes."""
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(released_folder() / NAME / "jets.h5", "jets.h5")


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    before = content(released_folder())
    yield
    assert content(released_folder()) == before


def content(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every file."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    return {str(file): (file.stat().st_size, file.stat().st_mtime_ns) for file in files}


def call(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


def test_score_and_verify_take_the_name() -> None:
    told = call("score", NAME, "jets.h5", "--quiet")
    assert told.exit_code == 0, told.output
    decided = load_released(NAME).decide("jets.h5")
    with h5py.File("scores.h5") as file:
        np.testing.assert_array_equal(file["score"], decided.scores)
        np.testing.assert_array_equal(file["anomalous"], decided.anomalous)
    told = call("verify", NAME, "jets.h5", "--engines", "network,onnxruntime", "--quiet")
    assert told.exit_code == 0, told.output
    assert f"{len(decided.scores)} jets and" in told.output
    np.testing.assert_array_equal(edgeood.score(NAME, "jets.h5"), decided.scores)


def test_nothing_replaces_a_file_of_the_package() -> None:
    told = call("score", NAME, "jets.h5", "-o", str(released_folder() / NAME / "scores.npz"), "--quiet")
    assert "is an input" in str(told.exception)


@pytest.mark.parametrize(
    "words",
    [
        ("export", NAME, "--target", "onnx"),
        ("evaluate", NAME, "--jets", "jets.h5"),
        ("calibrate", NAME, "jets.h5"),
        ("export", str(released_folder() / NAME), "--target", "onnx"),
        ("export", NAME, "--target", "onnx", "-o", str(released_folder() / "mine")),
    ],
    ids=lambda words: f"{words[0]} {len(words)}",
)
def test_verbs_that_write_into_a_run_want_a_copy(words: tuple[str, ...]) -> None:
    told = call(*words)
    assert isinstance(told.exception, EdgeoodError)
    assert "is of a released detector, which nothing is written to; give -o a folder" in str(told.exception)


def test_a_copy_is_made_once_and_is_a_run_like_any_other() -> None:
    told = call("export", NAME, "--target", "onnx", "-o", "mine")
    assert told.exit_code == 0, told.exception
    assert told.output == "mine/export/max_logit/score.onnx\n"
    assert not os.access("mine/run.json", os.X_OK)
    np.testing.assert_array_equal(edgeood.score("mine", "jets.h5"), edgeood.score(NAME, "jets.h5"))
    told = call("calibrate", NAME, *["jets.h5"] * 4, "--unseen", "--efficiency", "0.5", "-o", "mine")
    assert told.exit_code == 0, told.exception
    assert json.loads(Path("mine/run.json").read_text())["calibration"]["efficiencies"] == [0.5]
    # It is gone on with, not made again.
    assert own_run(Path(NAME), Path("mine")).manifest["calibration"]["efficiencies"] == [0.5]
    with pytest.raises(EdgeoodError, match=r"mine holds another run than .*cnn-trigger; choose another -o"):
        own_run(Path("cnn-trigger"), Path("mine"))
    Path("full").mkdir()
    Path("full/notes.txt").touch()
    with pytest.raises(EdgeoodError, match="full is not empty and holds no run"):
        own_run(Path(NAME), Path("full"))


def test_what_is_not_exported_is_told_with_the_command() -> None:
    for words in (("csim", NAME, "jets.h5"), ("cost", NAME)):
        told = call(*words)
        assert isinstance(told.exception, EdgeoodError)
        assert f"run `edgeood export {released_folder() / NAME} --target v" in str(told.exception)
        assert " --score max_logit -o COPY`" in str(told.exception)


def test_a_folder_of_that_name_is_what_is_meant() -> None:
    assert run_folder(NAME) == released_folder() / NAME
    Path(NAME).mkdir()
    assert run_folder(NAME) == Path(NAME)
    with pytest.raises(EdgeoodError, match="no run directory"):
        Run.open(NAME)
    assert not is_released(Path(NAME))
    assert not is_released(released_folder())
    with pytest.raises(EdgeoodError, match="did you mean 'cnn-trigger'"):
        Run.open("cnn-triger")
