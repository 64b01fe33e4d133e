"""Work in processes of their own: the same weights for any number at a time, and what goes wrong in them."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.physics.side_by_side import side_by_side
from benchmarks.physics.trainings import train_one
from edgeood.errors import EdgeoodError
from edgeood.jets.format import write_jets
from edgeood.recipe import Recipe, parse_recipe


def recipe_of(seed: int, classes: tuple[str, str] = ("quark", "w_1tev")) -> Recipe:
    qcd, w = classes
    return parse_recipe(
        {
            "name": "small",
            "seed": seed,
            "data": {"classes": {"qcd": [qcd], "w": [w]}},
            "inputs": {"kind": "four_vectors", "constituents": 8},
            "network": {"kind": "fcn"},
            "training": {"epochs": 1, "batch_size": 16},
            "score": {"background_efficiency": 0.5},
        },
        "test",
    )


@pytest.fixture
def jets(toy_jets, tmp_path) -> Path:
    write_jets(tmp_path / "jets" / "toy.h5", toy_jets(80), {})
    return tmp_path / "jets"


def weights(folder: Path) -> bytes:
    return (folder / "network.safetensors").read_bytes()


@pytest.mark.slow
def test_weights_do_not_depend_on_how_many_train_at_once(jets, tmp_path):
    for at_once in (1, 2):
        jobs = [(recipe_of(seed), tmp_path / f"{at_once}-{seed}", jets) for seed in (1, 2, 3)]
        ended = dict(side_by_side(train_one, jobs, at_once))
        assert set(ended) == {f"{at_once}-{seed}" for seed in (1, 2, 3)}
        assert all(seconds is not None and seconds > 0 for seconds in ended.values())
    for seed in (1, 2, 3):
        assert weights(tmp_path / f"1-{seed}") == weights(tmp_path / f"2-{seed}")
    assert weights(tmp_path / "1-1") != weights(tmp_path / "1-2")
    assert train_one(recipe_of(1), tmp_path / "1-1", jets) == ("1-1", None), "trained before"


@pytest.mark.slow
def test_one_failure_ends_the_others(jets, tmp_path):
    before = multiprocessing.active_children()
    missing = recipe_of(1, classes=("gluon", "higgs_h20"))
    jobs = [
        (missing, tmp_path / "missing", jets),
        *((recipe_of(n), tmp_path / str(n), jets) for n in range(8)),
    ]
    with pytest.raises(EdgeoodError, match="higgs_h20"):
        list(side_by_side(train_one, jobs, 1))
    for process in multiprocessing.active_children():
        if process not in before:
            process.join()
    assert not (tmp_path / "7" / "run.json").exists()


class Deadly:
    """Ends the process that receives it, as a system out of memory does."""

    def __reduce__(self) -> tuple:
        return os._exit, (9,)


@pytest.mark.slow
def test_a_killed_process_is_told_in_one_sentence(jets, tmp_path):
    with pytest.raises(EdgeoodError, match=r"one of 1 processes was killed .* --at-once"):
        list(side_by_side(train_one, [(Deadly(), tmp_path / "run", jets)], 2))


FOR_EVER = """
import operator, os, signal
from benchmarks.physics.side_by_side import side_by_side
if __name__ == "__main__":
    list(side_by_side(operator.call, [(os.write, 1, b"begun\\n"), (signal.pause,)], 1))
"""


@pytest.mark.slow
def test_processes_do_not_outlive_the_one_that_started_them(tmp_path):
    (tmp_path / "script.py").write_text(FOR_EVER)
    parent = subprocess.Popen(
        [sys.executable, str(tmp_path / "script.py")],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"begun\n"
    parent.kill()
    # The pipe ends when the last process that writes to it has ended.
    assert parent.communicate(timeout=60) == (b"", None)
