"""The command line: quick, quiet, and one sentence for every mistake."""

import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from quantized_runs import quantized_run

from edgeood.cli import main
from edgeood.export import to
from edgeood.jets.hdf5 import probe

VERBS = (
    "demo",
    "generate",
    "convert",
    "train",
    "calibrate",
    "evaluate",
    "export",
    "csim",
    "score",
    "verify",
    "cost",
)
HEAVY = (
    "torch",
    "keras",
    "tensorflow",
    "lightning",
    "hls4ml",
    "qonnx",
    "onnx",
    "onnxruntime",
    "pythia8mc",
    "scipy",
)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("edgeood"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def call(monkeypatch, capsys, *arguments: object) -> tuple[int, str]:
    """Exit code and standard error of the command, run in this process."""
    monkeypatch.setattr(sys, "argv", ["edgeood", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        main()
    return int(caught.value.code or 0), capsys.readouterr().err


def test_help_names_every_verb_within_half_a_second():
    times = []
    for _ in range(3):
        start = time.perf_counter()
        result = run("--help")
        times.append(time.perf_counter() - start)
    assert all(f"\n  {verb} " in result.stdout for verb in VERBS)
    assert min(times) < 0.5


def test_nothing_heavy_is_imported_for_help():
    code = f"import sys, edgeood, edgeood.cli; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_a_mistake_is_one_sentence_without_a_traceback(monkeypatch, capsys):
    code, error = call(monkeypatch, capsys, "train", "cnn-nurd-dmo")
    assert code == 2
    assert error == "edgeood: there is no recipe 'cnn-nurd-dmo'; did you mean 'cnn-nurd-demo'?\n"


def test_debug_shows_the_traceback():
    result = run("--debug", "train", "cnn-nurd-dmo")
    assert result.returncode != 0
    assert "Traceback" in result.stderr
    assert "EdgeoodError" in result.stderr


@pytest.fixture
def damaged(tmp_path, toy_jet_file) -> dict[str, Path]:
    """Jet files, each with one thing wrong."""
    files = {name: tmp_path / f"{name}.h5" for name in ("empty", "truncated", "text", "nan", "unsorted")}
    files["empty"].touch()
    content = toy_jet_file.read_bytes()
    files["truncated"].write_bytes(content[: len(content) // 2])
    files["text"].write_text("no HDF5 at all\n")
    for name in ("nan", "unsorted"):
        files[name].write_bytes(content)
        with h5py.File(files[name], "a") as file:
            row = file["constituents"][3]
            row["pt"][1] = np.nan if name == "nan" else row["pt"][0] * 2
            file["constituents"][3] = row
    return files | {"missing": tmp_path / "missing.h5"}


@pytest.mark.parametrize(
    ("which", "says"),
    [
        ("missing", "missing.h5"),
        ("empty", "empty.h5"),
        ("truncated", "truncated.h5"),
        ("text", "text.h5"),
        ("nan", "jet 3"),
        ("unsorted", "jet 3"),
    ],
)
def test_bad_jet_files_leave_nothing_behind(damaged, which, says, tmp_path, monkeypatch, capsys):
    out = tmp_path / "run"
    code, error = call(
        monkeypatch, capsys, "train", "cnn-nurd-demo", "--jets", damaged[which], "-o", out, "--quiet"
    )
    assert code == 2
    assert error.startswith("edgeood: ")
    assert says in error
    assert error.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize("verb", ["evaluate", "export"])
def test_a_folder_that_is_no_run_is_refused(verb, tmp_path, monkeypatch, capsys):
    code, error = call(monkeypatch, capsys, verb, tmp_path)
    assert code == 2
    assert "edgeood train" in error


@pytest.mark.parametrize(("sample", "hint"), [("dmo", "did you mean 'demo'?"), ("nosuchthing", "demo")])
def test_an_unknown_sample_is_refused(sample, hint, tmp_path, monkeypatch, capsys):
    code, error = call(monkeypatch, capsys, "generate", sample, "-o", tmp_path / "jets")
    assert code == 2
    assert hint in error
    assert not (tmp_path / "jets").exists()


def test_score_goes_on_past_bad_jets_and_sorts(damaged, toy_jet_file, tmp_path, monkeypatch, capsys):
    run_folder = quantized_run()
    to(run_folder, "onnx")
    files = [damaged["empty"], damaged["nan"], toy_jet_file, damaged["unsorted"]]
    out = tmp_path / "scores.h5"
    arguments = ["score", run_folder.path, *files, "-o", out, "--quiet"]
    code, error = call(monkeypatch, capsys, *arguments)
    assert (code, error.count("\n")) == (2, 1)
    assert "empty.h5 is empty" in error
    monkeypatch.setattr(sys, "argv", ["edgeood", *map(str, arguments), "--skip-bad", "--sort"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert not caught.value.code
    assert (
        "6000 jets (skipped 1 jet in 2 files, sorted the constituents of 1 jet): " in capsys.readouterr().out
    )
    with h5py.File(out) as file:
        assert np.flatnonzero(np.isnan(file["score"][:])).tolist() == [3]
        assert file["skipped"]["row"].tolist() == [0, 3]


def test_files_are_opened_in_a_child_process_first(toy_jet_file, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        probe, "_open_in_child", lambda files: (1, 11) if toy_jet_file in files else (len(files), None)
    )
    for verb in ("score", "csim", "verify"):
        code, error = call(monkeypatch, capsys, verb, quantized_run().path, toy_jet_file, "--quiet")
        assert code == 2
        assert "crashes on it (signal 11)" in error
