"""The run directory and the files beneath it: whole or not at all."""

import json
import os

import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.files.atomic import atomic_path
from edgeood.recipe import load_recipe
from edgeood.run import FORMAT_VERSION, Run


@pytest.fixture
def run(tmp_path):
    return Run.finish(tmp_path / "run", load_recipe("cnn-nurd-demo"), {"a.h5": "0" * 64})


def test_what_is_written_is_read_back(run):
    again = Run.open(run.path)
    assert again.recipe == load_recipe("cnn-nurd-demo")
    assert again.manifest["data"] == {"a.h5": "0" * 64}
    assert again.classes == ["qcd", "wz"]
    assert not again.quantized
    assert again.manifest["versions"]["edgeood"]


def test_classes_keep_the_order_of_the_logits(tmp_path):
    Run.finish(tmp_path / "run", load_recipe("particlenet"), {})
    assert Run.open(tmp_path / "run").classes == ["qcd", "w", "top"]
    assert list(Run.open(tmp_path / "run").recipe.data.classes) == ["qcd", "w", "top"]


def test_scores_round_trip_without_pickles(run):
    parameters = {
        "mahalanobis": {
            "mean": np.arange(40.0).reshape(2, 20),
            "precision": np.ones((2, 20, 20)),
            "threshold": np.float64(3),
        }
    }
    run.save_scores(parameters)
    loaded = run.load_scores()
    assert np.array_equal(loaded["mahalanobis"]["mean"], parameters["mahalanobis"]["mean"])
    assert loaded["mahalanobis"]["threshold"] == 3


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "not readable JSON"),
        ("{}", "does not describe a run of edgeood"),
        (json.dumps({"format": "edgeood-run", "version": FORMAT_VERSION + 1}), "run format version"),
    ],
)
def test_a_damaged_or_foreign_manifest_is_one_sentence(run, content, sentence):
    (run.path / "run.json").write_text(content)
    with pytest.raises(EdgeoodError, match=sentence) as caught:
        Run.open(run.path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [("data", "classes", ["qcd"]), ("score", "kind", None), ("score", "kind", ["x"])],
)
def test_a_recipe_without_what_is_read_of_it_is_one_sentence(section, key, value, run):
    content = json.loads((run.path / "run.json").read_text())
    del content["digest"]
    content["recipe"][section][key] = value
    (run.path / "run.json").write_text(json.dumps(content))
    with pytest.raises(EdgeoodError, match=rf"run\.json has no proper '{section}\.{key}' in its recipe"):
        Run.open(run.path)


@pytest.mark.parametrize("name", ["network.safetensors", "scores.npz"])
def test_what_is_missing_or_no_file_is_one_sentence_also_of_runs_without_digests(name, run):
    content = json.loads((run.path / "run.json").read_text())
    del content["digest"], content["files"]
    (run.path / "run.json").write_text(json.dumps(content))
    for make in (None, lambda path: path.mkdir(), lambda path: path.symlink_to(path.name), os.mkfifo):
        if make:
            make(run.path / name)
        with pytest.raises(EdgeoodError, match=rf"{name} cannot be read"):
            Run.open(run.path).checked(name)
        if make:
            (run.path / name).rmdir() if (run.path / name).is_dir() else (run.path / name).unlink()


def test_a_folder_that_is_no_run_says_how_to_make_one(tmp_path):
    with pytest.raises(EdgeoodError, match="edgeood train"):
        Run.open(tmp_path)
    with pytest.raises(EdgeoodError, match="edgeood train"):
        Run.open(tmp_path / "missing")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    file = tmp_path / "result.txt"
    file.write_text("old")

    def fail() -> None:
        with atomic_path(file) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["result.txt"]


def test_a_folder_is_replaced_whole(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "stale").touch()
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        (temporary / "fresh").touch()
    assert [path.name for path in folder.iterdir()] == ["fresh"]
