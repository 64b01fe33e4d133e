"""``edgeood convert``: many files of many formats become one, in constant memory, wholly or not at all."""

import errno
import json
import resource
import subprocess
import sys
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest
from test_readers import write_energyflow, write_hls4ml, write_top_tagging

import edgeood
from edgeood.cli import main
from edgeood.errors import EdgeoodError
from edgeood.jets.format import Reading, read_attributes, read_jets
from edgeood.jets.readers.momenta import jets_from_momenta


def many_jets(path: Path, count: int, width: int = 30) -> None:
    """An archive of random quark and gluon jets."""
    random = np.random.default_rng(3)
    x = np.zeros((count, width, 4))
    x[..., 0] = random.uniform(1, 50, (count, width))
    x[..., 1:3] = random.normal(0.5, 0.1, (count, width, 2))
    x[..., 3] = 22
    np.savez_compressed(path, X=x, y=np.arange(count) % 2)


def test_formats_become_one_file(tmp_path: Path) -> None:
    write_hls4ml(tmp_path / "a.h5")
    write_top_tagging(tmp_path / "b.h5")
    write_energyflow(tmp_path / "c.npz")
    files = [tmp_path / name for name in ("a.h5", "b.h5", "c.npz")]
    assert edgeood.convert(files, tmp_path / "all.h5") == 15
    made, parts = read_jets(tmp_path / "all.h5"), read_jets(files)
    assert made.process_names.tolist() == parts.process_names.tolist()
    for name in parts.jets.dtype.names:
        if name != "process":
            np.testing.assert_array_equal(made.jets[name], parts.jets[name])
    # The first file had fewer entries for each jet than the second.
    np.testing.assert_array_equal(made.constituents[:, :200], parts.constituents)
    sources = read_attributes(tmp_path / "all.h5")["sources"]
    assert [one["format"] for one in sources] == ["hls4ml", "top-tagging", "energyflow"]
    first = (tmp_path / "all.h5").read_bytes()
    edgeood.convert(files, tmp_path / "all.h5")
    assert (tmp_path / "all.h5").read_bytes() == first
    # Of our own, and with a name for jets that have none.
    np.savez(tmp_path / "d.npz", X=np.load(tmp_path / "c.npz")["X"])
    edgeood.convert([tmp_path / "all.h5", tmp_path / "d.npz"], tmp_path / "more.h5", process="mystery")
    assert read_jets(tmp_path / "more.h5").process_names.tolist()[15:] == ["mystery"] * 5


def test_batches_of_all_files_fill_chunks(tmp_path: Path) -> None:
    many_jets(tmp_path / "a.npz", 1500)
    assert edgeood.convert([tmp_path / "a.npz"] * 3, tmp_path / "all.h5") == 4500
    made, one = read_jets(tmp_path / "all.h5"), read_jets(tmp_path / "a.npz")
    for copy in range(3):
        rows = slice(1500 * copy, 1500 * (copy + 1))
        assert np.array_equal(made.constituents[rows, :30], one.constituents)
        assert made.jets[rows].tobytes() == one.jets.tobytes()


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for count in (4096, 16_384):
        many_jets(tmp_path / "a.npz", count)
        tracemalloc.start()
        edgeood.convert(tmp_path / "a.npz", tmp_path / "all.h5")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]
    # Less than the particles of the larger file in double precision.
    assert peaks[1] < 16_384 * 30 * 32 * 1.5


def test_bad_jets_are_left_out_or_nothing_is_written(tmp_path: Path) -> None:
    many_jets(tmp_path / "a.npz", 20)
    x = np.load(tmp_path / "a.npz")["X"]
    x[7, 0, 0] = np.inf
    np.savez(tmp_path / "a.npz", X=x)
    with pytest.raises(EdgeoodError, match="jet 7 has a constituent"):
        edgeood.convert(tmp_path / "a.npz", tmp_path / "all.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]
    reading = Reading(skip_bad=True)
    assert edgeood.convert(tmp_path / "a.npz", tmp_path / "all.h5", reading=reading) == 19
    assert read_jets(tmp_path / "all.h5").jets["event"].tolist() == [*range(7), *range(8, 20)]
    for out, message in ((tmp_path / "a.npz", "is an input"), (tmp_path, "is a folder")):
        with pytest.raises(EdgeoodError, match=message):
            edgeood.convert(tmp_path / "a.npz", out)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["score"] = [1.0]
    with pytest.raises(EdgeoodError, match="holds other data than 'jets'"):
        edgeood.convert(tmp_path / "a.npz", tmp_path / "other.h5", reading=Reading(skip_bad=True))


def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    many_jets(tmp_path / "a.npz", 5000)
    code = (
        "import sys, signal, resource, edgeood\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)\n"
        "try:\n    edgeood.convert(sys.argv[1], sys.argv[2])\n"
        "except OSError as error:\n    print(error.errno)\n"
    )
    for limit in (0, 3000, 200_000):
        command = [sys.executable, "-c", code, tmp_path / "a.npz", tmp_path / "all.h5", str(limit)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert (done.stdout, done.returncode) == (f"{errno.EFBIG}\n", 0), done.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        many_jets(tmp_path / f"QG_jets_{number}.npz", 10)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        sys,
        "argv",
        ["edgeood", "convert", "QG_jets_*.npz", "-o", "all.h5", "--format", "energyflow", "--quiet"],
    )
    with pytest.raises(SystemExit) as caught:
        main()
    assert not caught.value.code
    assert capsys.readouterr().out == "30 jets: all.h5\n"
    assert json.loads(h5py.File("all.h5").attrs["sources"])[2] == {
        "file": "QG_jets_2.npz",
        "format": "energyflow",
    }
    assert len(jets_from_momenta(np.ones((1, 1, 4)) * [2, 1, 1, 1])) == 1
