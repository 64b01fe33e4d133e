"""Where a verb may write what the user names: nothing else is lost, whatever is there."""

import os
import socket
import stat
import sys
from pathlib import Path

import h5py
import pytest
from quantized_runs import jet_file, make_run, quantized_run, random_jets

import edgeood
from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.files.output import output_file, output_folder, refuse_other_hdf5
from edgeood.recipe import load_recipe


def test_a_new_file_and_an_old_one_may_be_written(tmp_path):
    assert output_file(tmp_path / "new" / "a.h5") == tmp_path / "new" / "a.h5"
    (tmp_path / "old").write_text("old")
    assert output_file(tmp_path / "old", [tmp_path / "other"]) == tmp_path / "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old"]


def spellings(file: Path, monkeypatch) -> dict[str, str]:
    """Ways to name a file."""
    folder = file.parent
    os.link(file, folder / "hard.h5")
    (folder / "soft.h5").symlink_to(file.name)
    (folder / "again").symlink_to(".", target_is_directory=True)
    monkeypatch.chdir(folder)
    return {
        "plain": str(file),
        "relative": file.name,
        "dotted": f"./{file.name}",
        "up and down": f"../{folder.name}/{file.name}",
        "hard link": "hard.h5",
        "link": "soft.h5",
        "through a folder": f"again/{file.name}",
    }


def test_an_input_is_never_an_output_however_it_is_spelled(tmp_path, monkeypatch):
    file = tmp_path / "mine.h5"
    edgeood.write_jets(file, random_jets(10), {})
    run = quantized_run()
    to(run, "onnx", score="max_logit")
    for how, name in spellings(file, monkeypatch).items():
        for jets in (file, tmp_path):
            with pytest.raises(EdgeoodError, match=r"is an input .*, which would be lost; choose another -o"):
                edgeood.score(run, jets, name, score="max_logit")
        assert len(edgeood.read_jets(file)) == 10, how


def test_files_of_the_run_are_inputs(tmp_path):
    run = make_run(tmp_path / "run")
    path = to(run, "onnx", score="max_logit")
    for file in (run.path / "run.json", run.network_file, run.path / "scores.npz", path):
        before = file.read_bytes()
        with pytest.raises(EdgeoodError, match="is an input"):
            edgeood.score(run, jet_file(), file, score="max_logit")
        assert file.read_bytes() == before
    with pytest.raises(EdgeoodError, match="is an input"):
        edgeood.score(path, jet_file(), path)
    edgeood.score(run, jet_file(), run.path / "scores.h5", score="max_logit")
    edgeood.score(run, jet_file(), run.path / "scores.h5", score="max_logit")


def test_jets_that_are_no_input_are_not_replaced_by_scores(tmp_path):
    other = tmp_path / "other.h5"
    edgeood.write_jets(other, random_jets(10), {})
    run = quantized_run()
    to(run, "onnx", score="max_logit")
    with pytest.raises(EdgeoodError, match="holds other data than 'score', which would be lost"):
        edgeood.score(run, jet_file(), other, score="max_logit")
    assert len(edgeood.read_jets(other)) == 10


def test_a_link_is_written_through(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "real.h5").touch()
    for name, points_to in (("link.h5", "store/real.h5"), ("dangling.h5", "store/new.h5")):
        link = tmp_path / name
        link.symlink_to(points_to)
        run = quantized_run()
        to(run, "onnx", score="max_logit")
        edgeood.score(run, jet_file(), link, score="max_logit")
        assert link.is_symlink()
        with h5py.File(tmp_path / points_to) as file:
            assert len(file["score"]) == 100
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == ["new.h5", "real.h5"]


def test_what_is_no_file_is_refused_and_stays_what_it_is(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "to_pipe").symlink_to("pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket")
    expected = {
        "pipe": "is a named pipe",
        "to_pipe": "is a named pipe",
        "folder": "is a folder; give -o the name of a file",
        ".": "is a folder",
        "": "is a folder",
        "socket": "is a socket",
        "loop": "cannot be written .*; choose another -o",
        "file/below": "cannot be written",
        "a\0b": "cannot be written",
        "n" * 300: "cannot be written",
    }
    for name, sentence in expected.items():
        with pytest.raises(EdgeoodError, match=sentence):
            output_file(name)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    for name in ("pipe", "file", "socket", "file/below"):
        with pytest.raises(EdgeoodError, match="choose a"):
            output_folder(name)


def test_a_device_is_refused(tmp_path, monkeypatch):
    """No device is touched: what the system says of one is made up."""
    file = tmp_path / "device"
    file.touch()
    real = Path.stat

    def stat_of(self: Path, **options):
        found = real(self, **options)
        return os.stat_result((stat.S_IFCHR | 0o666, *found[1:])) if self == file else found

    monkeypatch.setattr(Path, "stat", stat_of)
    with pytest.raises(EdgeoodError, match="is a device; give -o the name of a file"):
        output_file(file)


def test_the_place_is_checked_before_the_work(tmp_path, monkeypatch):
    run = quantized_run()
    to(run, "onnx", score="max_logit")

    def work(*_: object, **__: object) -> None:
        raise AssertionError("no work before the output is known to be good")

    monkeypatch.setattr(sys.modules["edgeood.runtime.score"], "open_engine", work)
    with pytest.raises(EdgeoodError, match="is a folder"):
        edgeood.score(run, jet_file(), tmp_path)


@pytest.mark.parametrize("verb", ["train", "generate", "tune", "demo"])
def test_verbs_that_write_folders_refuse_everything_else(verb, tmp_path, toy_jet_file):
    from edgeood.demo import run_demo

    verbs = {
        "train": lambda out: edgeood.train("cnn-trigger", out, jets=[toy_jet_file], progress=False),
        "generate": lambda out: edgeood.generate("demo", out, jets=10, progress=False),
        "tune": lambda out: edgeood.tune("cnn-trigger-brevitas", out, jets=[toy_jet_file]),
        "demo": lambda out: run_demo(out, progress=False),
    }
    if verb == "generate":
        pytest.importorskip("pythia8mc")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("mine")
    for name in ("pipe", "file"):
        with pytest.raises(EdgeoodError, match="choose a folder for"):
            verbs[verb](tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"
    if verb != "generate":
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "thesis.tex").touch()
        with pytest.raises(EdgeoodError, match=r"is not empty and holds no .* of ours; choose another --out"):
            verbs[verb](tmp_path / "full")
    assert load_recipe("cnn-trigger").name == "cnn-trigger"


def test_text_and_scores_may_be_replaced(tmp_path):
    file = tmp_path / "a.h5"
    refuse_other_hdf5(file, "score")
    file.write_text("notes")
    refuse_other_hdf5(file, "score")
    with h5py.File(file, "w") as content:
        content["score"] = [1.0]
    refuse_other_hdf5(file, "score")
