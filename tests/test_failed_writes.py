"""A verb that fails leaves the folder that it worked in as it was: at every rename, on a full disk, read-only."""

import errno
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from quantized_runs import make_run

import edgeood
from edgeood.export import to
from edgeood.files.recovery import recover, recover_target
from edgeood.jets.format import write_jets
from edgeood.recipe import Recipe
from edgeood.run import Run

TRAINED = {
    "name": "few",
    "data": {
        "classes": {"qcd": ["quark", "gluon"], "wz": ["w_1tev"]},
        "signals": {"top": ["top_1tev"]},
        "train": 0.5,
        "validation": 0.2,
    },
    "inputs": {"kind": "images", "pixels": 16},
    "network": {"kind": "cnn", "blocks": [{"filters": 3, "pool": 4}], "representation": 3},
    "quantization": {"toolkit": "brevitas"},
    "training": {"epochs": 2, "batch_size": 128},
    "score": {"kind": "max_logit", "background_efficiency": 0.1},
}
ALLOWED = {"export/max_logit/hls4ml.log"}
"""Logs tell why an export failed (docs/safety.md)."""


def snapshot(folder: Path) -> dict[str, str]:
    """Path → digest of everything in a folder but logs."""
    found = {}
    for path in sorted(folder.rglob("*")):
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        found[path.relative_to(folder).as_posix()] = content
    return {name: digest for name, digest in found.items() if name not in ALLOWED}


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return Recipe.model_validate(TRAINED)


@pytest.fixture(scope="module")
def twin(tmp_path_factory) -> Path:
    """A run with exports."""
    run = make_run(tmp_path_factory.mktemp("run") / "run")
    for target in ("onnx", "qonnx", "vitis"):
        to(run, target, score="max_logit")
    return run.path


@pytest.fixture(scope="module")
def trained(tmp_path_factory, recipe, toy_jet_file) -> Path:
    """A run that was trained and measured."""
    run = edgeood.train(recipe, tmp_path_factory.mktemp("run") / "run", jets=[toy_jet_file], progress=False)
    edgeood.evaluate(run, [toy_jet_file], plots=False)
    return run.path


class Faults:
    """Renames below a folder, of which the n-th fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.folder = folder
        self.fail_at = 0
        self.seen = 0
        for name in ("rename", "replace"):
            monkeypatch.setattr(os, name, self.wrapped(getattr(os, name)))

    def wrapped(self, real: Callable[..., None]) -> Callable[..., None]:
        def rename(source, target, **options) -> None:
            if Path(os.path.abspath(target)).is_relative_to(self.folder):
                self.seen += 1
                if self.seen == self.fail_at:
                    raise OSError(errno.EIO, os.strerror(errno.EIO), str(source), None, str(target))
            real(source, target, **options)

        return rename


def fails_whole(
    folder: Path, faults: Faults, prepare: Callable[[], None], verb: Callable[[], object], least: int
) -> None:
    """Let a verb fail at every one of its renames; ``folder`` must be as it was, then the verb must succeed."""
    for number in range(1, 100):
        shutil.rmtree(folder, ignore_errors=True)
        prepare()
        before = snapshot(folder)
        faults.seen, faults.fail_at = 0, number
        try:
            verb()
        except OSError as error:
            # What a writer says of it is told as an error of the file that was to be written.
            if error.errno != errno.EIO:
                raise
            assert snapshot(folder) == before, number
        else:
            assert faults.seen < number
            assert number > least, "no rename failed"
            assert not list(folder.rglob(".*")), "nothing hidden is left"
            return
    raise AssertionError("it never succeeds")


@pytest.mark.parametrize("target", ["onnx", "qonnx", pytest.param("vitis", marks=pytest.mark.slow)])
def test_an_export_that_fails_at_any_rename_changes_nothing(target, twin, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    faults = Faults(monkeypatch, folder)
    fails_whole(
        folder,
        faults,
        lambda: shutil.copytree(twin, folder) and None,
        lambda: to(Run.open(folder), target, score="max_logit"),
        least=3,
    )


def test_a_first_export_that_fails_leaves_no_folder(tmp_path, monkeypatch):
    made = make_run(tmp_path / "made").path
    folder = tmp_path / "run"
    faults = Faults(monkeypatch, folder)
    fails_whole(
        folder,
        faults,
        lambda: shutil.copytree(made, folder) and None,
        lambda: to(Run.open(folder), "onnx", score="max_logit"),
        least=3,
    )


def test_scores_and_reports_change_whole(twin, toy_jet_file, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    faults = Faults(monkeypatch, folder)
    out = folder / "scores.h5"

    def prepare() -> None:
        shutil.copytree(twin, folder)
        (folder / "verify.json").write_text("{}")

    fails_whole(
        folder, faults, prepare, lambda: edgeood.score(folder, toy_jet_file, out, score="max_logit"), 1
    )
    fails_whole(
        folder,
        faults,
        prepare,
        lambda: edgeood.verify(Run.open(folder), toy_jet_file, ["network", "onnxruntime"], ["max_logit"]),
        1,
    )


def test_an_evaluation_changes_whole(trained, toy_jet_file, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    faults = Faults(monkeypatch, folder)
    fails_whole(
        folder,
        faults,
        lambda: shutil.copytree(trained, folder) and None,
        lambda: edgeood.evaluate(folder, [toy_jet_file], plots=False, seed=2),
        least=5,
    )


def test_a_working_point_changes_whole(trained, recipe, toy_jet_file, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    faults = Faults(monkeypatch, folder)
    other = recipe.model_copy(
        update={"score": recipe.score.model_copy(update={"background_efficiency": 0.2})}
    )
    fails_whole(
        folder,
        faults,
        lambda: shutil.copytree(trained, folder) and None,
        lambda: edgeood.train(other, folder, jets=[toy_jet_file], progress=False),
        least=4,
    )
    assert Run.open(folder).recipe.score.background_efficiency == 0.2


def test_a_calibration_changes_whole(trained, toy_jet_file, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    faults = Faults(monkeypatch, folder)
    fails_whole(
        folder,
        faults,
        lambda: shutil.copytree(trained, folder) and None,
        lambda: edgeood.calibrate(folder, [toy_jet_file], (0.2,)),
        least=4,
    )
    assert Run.open(folder).recipe.score.background_efficiency == 0.2


@pytest.mark.slow
def test_a_training_that_fails_goes_on_from_its_checkpoint_or_leaves_nothing(
    trained, recipe, toy_jet_file, tmp_path, monkeypatch
):
    folder = tmp_path / "run"
    faults = Faults(monkeypatch, folder)
    weights = (trained / "network.safetensors").read_bytes()
    for number in range(1, 100):
        shutil.rmtree(folder, ignore_errors=True)
        faults.seen, faults.fail_at = 0, number
        try:
            edgeood.train(recipe, folder, jets=[toy_jet_file], progress=False)
            break
        except OSError as error:
            if error.errno != errno.EIO:
                raise
        left = set(snapshot(folder)) if folder.exists() else set()
        assert left in (
            set(),
            {"started.yaml", "metrics.csv", "checkpoints", "checkpoints/last.ckpt"},
            {"started.yaml", "metrics.csv", "checkpoints", "checkpoints/last.ckpt", "network.safetensors"},
        ), number
        faults.fail_at = 0
        edgeood.train(recipe, folder, jets=[toy_jet_file], progress=False)
        assert (folder / "network.safetensors").read_bytes() == weights
    assert number > 8
    assert not list(folder.rglob(".*"))


KILLED = """
import os, shutil, signal, sys
import torch
import edgeood
import edgeood.evaluation.evaluate_run, edgeood.runtime.onnxruntime, edgeood.training.train
from edgeood.recipe import Recipe

base, work, jets, verb, recipe = sys.argv[1:6]
torch.set_num_threads(1)
changed = Recipe.model_validate_json(recipe)
verbs = {
    "score": lambda run: edgeood.score(run, jets, os.path.join(run, "scores.h5"), score="max_logit"),
    "evaluate": lambda run: edgeood.evaluate(run, [jets], plots=False, seed=2),
    "train": lambda run: edgeood.train(changed, run, jets=[jets], progress=False),
}

def killing(real, at, seen=[]):
    def rename(source, target, **options):
        # What is still being written, in a hidden folder, is another one's test.
        if os.path.abspath(target).startswith(work) and "/." not in os.path.dirname(target):
            seen.append(target)
            if len(seen) == at:
                os.kill(os.getpid(), signal.SIGKILL)
        real(source, target, **options)
    return rename

for at in range(1, 100):
    run = os.path.join(work, str(at))
    shutil.copytree(base, run)
    child = os.fork()
    if not child:
        os.rename, os.replace = killing(os.rename, at), killing(os.replace, at)
        verbs[verb](run)
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(at, ended, flush=True)
    if not ended:
        break
"""


@pytest.mark.slow
@pytest.mark.parametrize(("verb", "least"), [("score", 1), ("evaluate", 5), ("train", 4)])
def test_a_verb_that_is_killed_at_any_rename_leaves_the_old_or_the_new(
    verb, least, twin, trained, recipe, toy_jets, toy_jet_file, tmp_path
):
    """By SIGKILL, after which nothing of it tidies up: the next one that opens the run does."""
    score = recipe.score.model_copy(update={"background_efficiency": 0.2})
    other = recipe.model_copy(update={"score": score})
    base, work = tmp_path / "base", tmp_path / "work"
    shutil.copytree(twin if verb == "score" else trained, base)
    edgeood.score(twin, toy_jet_file, base / "scores.h5", "network", score="max_logit")
    work.mkdir()
    # As few as can be measured on; a working point is of the jets of the training.
    jets = toy_jet_file
    if verb != "train":
        jets = tmp_path / "few.h5"
        write_jets(jets, toy_jets(60, 3), {})
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            KILLED,
            base,
            work,
            jets,
            verb,
            other.model_dump_json(),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    ends = dict(map(int, line.split()) for line in done.stdout.splitlines())
    *killed, last = ends
    assert len(killed) >= least, done.stderr
    assert {ends[at] for at in killed} == {-signal.SIGKILL}, done.stderr
    assert ends[last] == 0
    old, new = snapshot(base), snapshot(work / str(last))
    assert old != new
    for at in killed:
        folder = work / str(at)
        # As the next verb does.
        Run.open(folder).check_files()
        recover(folder / "evaluation")
        recover_target(folder / "scores.h5")
        assert snapshot(folder) in (old, new), at


RESUMABLE = {
    "train": r"new(/started\.yaml|/metrics\.csv|/checkpoints|/checkpoints/last\.ckpt|/network\.safetensors)?",
    "tune": r"study(/study\.db|/trials|/trials/\w+(/[^.].*)?)?",
}
"""What the next call goes on from (docs/safety.md)."""


@pytest.mark.slow
@pytest.mark.firmware
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
@pytest.mark.parametrize("mode", ["full", "read-only"])
def test_a_full_disk_and_a_read_only_folder_change_nothing(
    mode, twin, trained, recipe, toy_jet_file, tmp_path
):
    source, disk = tmp_path / "source", tmp_path / "disk"
    shutil.copytree(twin, source / "run")
    shutil.copytree(trained, source / "trained")
    (source / "recipe.json").write_text(recipe.model_dump_json())
    disk.mkdir()
    script = Path(__file__).with_name("full_disk.py")
    mount = f'mount -t tmpfs -o size=32m none "{disk}" && exec "$@"'
    command = ["unshare", "-m", "--propagation", "private", "bash", "-c", mount, "bash", sys.executable]
    done = subprocess.run(
        [*command, str(script), str(disk), str(source), str(toy_jet_file), mode],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    print(done.stdout, done.stderr)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len({result["verb"] for result in results}) == 11
    for result in results:
        if result["ended"] == "done":
            assert mode == "full"
            assert result["free"] > 0
            continue
        # The log of a failed export may stay, or be as empty as the disk is full.
        allowed = RESUMABLE.get(result["verb"], r".*/hls4ml\.log")
        assert all(re.fullmatch(allowed, path) for path in result["changed"]), result
        assert result["ended"].partition(":")[0] in ("OSError", "EdgeoodError"), result
        assert "\n" not in result["ended"]
