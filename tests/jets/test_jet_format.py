"""The jet files: round trip, byte reproducibility, defaults, and a sentence for every defect."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.lib.recfunctions import repack_fields

from edgeood.errors import EdgeoodError
from edgeood.jets.format import count_jets, iterate_jets, jet_files, read_attributes, read_jets, write_jets
from edgeood.jets.layout import CONSTITUENT_DTYPE, JET_DTYPE, Jets


def some_jets(count: int = 6, width: int = 4, processes: tuple[str, ...] = ("quark", "w_1tev")) -> Jets:
    """Valid jets with 1 to ``width`` constituents, alternating between the processes."""
    jets, constituents = np.zeros(count, JET_DTYPE), np.zeros((count, width), CONSTITUENT_DTYPE)
    rows = np.arange(count)
    for field in ("pt", "mass", "energy", "softdrop_mass", "tau1", "tau2", "tau3", "tau4", "truth_mass"):
        jets[field] = 1 + rows
    jets["eta"], jets["phi"], jets["event"] = 0.1 * (rows % 6), -0.1 * (rows % 6), 1000 + rows
    jets["process"], jets["label"] = rows % len(processes), rows % 3
    constituents["valid"] = np.arange(width) <= rows[:, None] % width
    constituents["pt"] = np.where(constituents["valid"], 60.0 - np.arange(width), 0)
    constituents["energy"] = 2 * constituents["pt"]
    constituents["eta"] = np.where(constituents["valid"], 0.25, 0)
    constituents["charge"] = np.where(constituents["valid"], -1, 0)
    jets["n_constituents"] = constituents["valid"].sum(axis=1)
    return Jets(jets, constituents, processes)


def write_plain(path: Path, jets: Any, constituents: Any, **attributes: Any) -> Path:
    """A file as a user's own script would write it."""
    with h5py.File(path, "w") as file:
        file["jets"], file["constituents"] = jets, constituents
        file.attrs.update(attributes)
    return path


def test_everything_comes_back(tmp_path: Path) -> None:
    jets = some_jets()
    write_jets(tmp_path / "a.h5", jets, {"seed": 3, "settings": ["a", "b"], "versions": {"numpy": "2"}})
    back = read_jets(tmp_path / "a.h5")
    assert np.array_equal(back.jets, jets.jets)
    assert np.array_equal(back.constituents, jets.constituents)
    assert back.processes == jets.processes
    assert back.process_names.tolist() == ["quark", "w_1tev"] * 3
    attributes = read_attributes(tmp_path / "a.h5")
    assert attributes["format"] == "edgeood-jets"
    assert attributes["version"] == 1
    assert attributes["seed"] == 3
    assert attributes["settings"] == ["a", "b"]
    assert attributes["versions"] == {"numpy": "2"}


def test_same_jets_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.h5", "b.h5"):
        write_jets(tmp_path / name, some_jets(), {"seed": 1, "settings": {"b": 1, "a": [2.5]}})
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_only_the_required_fields_are_needed(tmp_path: Path) -> None:
    full = some_jets()
    jets = np.zeros(6, [(field, "f8") for field in ("pt", "eta", "phi", "mass")])
    for field in jets.dtype.names:
        jets[field] = full.jets[field]
    fields = [(field, "f4") for field in ("pt", "eta", "phi", "energy")]
    constituents = np.zeros((6, 4), [*fields, ("valid", "?")])
    for field in constituents.dtype.names:
        constituents[field] = full.constituents[field]
    constituents["pt"][~constituents["valid"]] = np.nan
    back = read_jets(write_plain(tmp_path / "own.h5", jets, constituents, process="mine"))
    assert back.processes == ("mine",)
    assert back.jets["label"].tolist() == [-1] * 6
    assert back.jets["event"].tolist() == list(range(6))
    assert back.jets["n_constituents"].tolist() == [1, 2, 3, 4, 1, 2]
    energy = np.sqrt((jets["pt"] * np.cosh(jets["eta"])) ** 2 + jets["mass"] ** 2)
    np.testing.assert_allclose(back.jets["energy"], energy, rtol=1e-6)
    assert np.isnan(back.jets["tau1"]).all()
    assert (back.constituents["pt"][~back.constituents["valid"]] == 0).all()
    streamed = Jets.concatenate(iterate_jets(tmp_path / "own.h5", 4))
    assert count_jets([tmp_path / "own.h5", tmp_path / "own.h5"]) == 2 * len(streamed)
    assert np.array_equal(streamed.jets["event"], back.jets["event"])
    assert np.array_equal(streamed.constituents, back.constituents)


def test_folders_are_joined_with_their_process_tables_and_widths(tmp_path: Path) -> None:
    write_jets(tmp_path / "b.h5", some_jets(4, 3, ("gluon",)), {})
    write_jets(tmp_path / "a.h5", some_jets(6, 5, ("quark", "gluon")), {})
    (tmp_path / ".c.1.part.h5").write_bytes(b"half a file")
    joined = read_jets(tmp_path)
    assert jet_files(tmp_path) == [tmp_path / "a.h5", tmp_path / "b.h5"]
    assert joined.constituents.shape == (10, 5)
    assert joined.process_names.tolist() == ["quark", "gluon"] * 3 + ["gluon"] * 4
    gluons = read_jets([tmp_path / "a.h5", tmp_path / "b.h5"], processes=["gluon"])
    assert len(gluons) == 7
    assert set(gluons.process_names) == {"gluon"}


def test_indexing_selects_jets(tmp_path: Path) -> None:
    jets = some_jets()
    assert jets[2:4].jets["event"].tolist() == [1002, 1003]
    assert jets[jets.jets["event"] > 1003].jets["event"].tolist() == [1004, 1005]
    assert jets[np.array([3, 0])].jets["event"].tolist() == [1003, 1000]
    assert len(jets[5]) == 1


def _set(table: str, field: str, where: Any, value: float) -> Callable[[Any, Any], None]:
    def change(jets: Any, constituents: Any) -> None:
        (jets if table == "jets" else constituents)[field][where] = value

    return change


DEFECTS = {
    "nan jet": (_set("jets", "mass", 4, np.nan), r"jet 4 has mass = nan"),
    "infinite jet": (_set("jets", "eta", 2, np.inf), r"jet 2 has eta = inf"),
    "negative jet pt": (_set("jets", "pt", 1, -3), r"jet 1 has pt = -3 GeV"),
    "negative mass": (_set("jets", "mass", 1, -3), r"jet 1 has mass = -3 GeV"),
    "unknown process": (_set("jets", "process", 3, 2), r"jet 3 has process 2, .*names 2"),
    "nan constituent": (
        _set("constituents", "eta", (3, 1), np.nan),
        r"jet 3 has a constituent with eta = nan",
    ),
    "infinite energy": (_set("constituents", "energy", (2, 0), np.inf), r"jet 2 .*energy = inf"),
    "unsorted": (_set("constituents", "pt", (3, 2), 59.5), r"jet 3 .*not sorted by falling pT \(entry 2\)"),
    "gap": (_set("constituents", "valid", (3, 1), False), r"jet 3 has a valid constituent behind padding"),
    "gap in front": (
        _set("constituents", "valid", (3, 0), False),
        r"jet 3 has no valid constituent in front",
    ),
    "no constituent": (_set("constituents", "valid", (5,), False), r"jet 5 has no valid constituent"),
    "negative pt": (_set("constituents", "pt", (3, 3), -1), r"jet 3 .*pt = -1 GeV"),
    "zero energy": (_set("constituents", "energy", (1, 1), 0), r"jet 1 .*without positive energy"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_unsound_jets_are_named_by_file_and_row(defect: str, tmp_path: Path) -> None:
    change, message = DEFECTS[defect]
    jets = some_jets()
    change(jets.jets, jets.constituents)
    path = write_plain(tmp_path / "bad.h5", jets.jets, jets.constituents, processes=["a", "b"])
    with pytest.raises(EdgeoodError, match=rf"bad\.h5: {message}.*; .*\.$"):
        read_jets(path)
    with pytest.raises(EdgeoodError, match=message):
        list(iterate_jets(path, 2))
    with pytest.raises(EdgeoodError, match=message):
        write_jets(tmp_path / "out.h5", jets, {})
    assert not list(tmp_path.glob("*out*"))


def test_rows_are_counted_over_blocks(tmp_path: Path) -> None:
    jets = some_jets(5000)
    jets.constituents["eta"][4321, 0] = np.nan
    path = write_plain(tmp_path / "long.h5", jets.jets, jets.constituents, processes=["a", "b"])
    with pytest.raises(EdgeoodError, match="jet 4321 "):
        read_jets(path)


def _damaged(path: Path) -> None:
    write_jets(path, some_jets(2000, 50), {})
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])


def _scrambled(path: Path) -> None:
    write_jets(path, some_jets(2000, 50), {})
    with h5py.File(path) as file:
        chunk = file["constituents"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = b"\x55" * chunk.size
    path.write_bytes(content)


def _without(table: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        write_jets(path, some_jets(), {})
        with h5py.File(path, "a") as file:
            del file[table]

    return write


def _without_field(table: str, field: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        jets = some_jets()
        tables = {"jets": jets.jets, "constituents": jets.constituents}
        names = [name for name in tables[table].dtype.names if name != field]
        tables[table] = repack_fields(tables[table][names])
        write_plain(path, tables["jets"], tables["constituents"], processes=["a", "b"])

    return write


def _attribute(key: str, value: Any) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        write_jets(path, some_jets(), {})
        with h5py.File(path, "a") as file:
            file.attrs[key] = value

    return write


def _plain(jets: Any, constituents: Any, **attributes: Any) -> Callable[[Path], None]:
    return lambda path: write_plain(path, jets, constituents, **attributes)  # type: ignore[return-value,func-returns-value]


JETS = some_jets()
FILES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing": (lambda path: None, r"there is no jet file .*file\.h5; correct the path"),
    "empty": (lambda path: path.write_bytes(b""), r"is empty \(0 bytes\)"),
    "text": (lambda path: path.write_text("pt,eta\n1,2\n"), "is not an HDF5 file"),
    "cut short": (_damaged, "is damaged or cut short"),
    "scrambled": (_scrambled, "is damaged or cut short"),
    "no jets table": (_without("jets"), "has no data set 'jets'"),
    "no constituents table": (_without("constituents"), "has no data set 'constituents'"),
    "no mass": (_without_field("jets", "mass"), "'jets' lacks the field 'mass'"),
    "no valid": (_without_field("constituents", "valid"), "'constituents' lacks the field 'valid'"),
    "other version": (_attribute("version", 2), "version 2, this edgeood reads edgeood-jets version 1"),
    "other format": (_attribute("format", "salt"), "has format salt"),
    "zero jets": (_plain(JETS.jets[:0], JETS.constituents[:0], processes=["a"]), "holds no jets"),
    "lengths": (_plain(JETS.jets, JETS.constituents[:3], processes=["a", "b"]), r"\(6,\) and .*\(3, 4\)"),
    "flat": (_plain(JETS.jets, JETS.constituents[:, 0], processes=["a", "b"]), r"write \(N,\) and \(N, P\)"),
    "no process names": (_plain(JETS.jets, JETS.constituents), "has no attribute 'processes'"),
    "plain numbers": (_plain(np.zeros((3, 4)), np.zeros((3, 4))), "'jets' lacks the field 'pt'"),
}


@pytest.mark.parametrize("defect", FILES)
def test_unreadable_files_are_named(defect: str, tmp_path: Path) -> None:
    make, message = FILES[defect]
    make(tmp_path / "file.h5")
    with pytest.raises(EdgeoodError, match=message) as caught:
        read_jets(tmp_path / "file.h5")
    assert str(tmp_path / "file.h5") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_empty_selections_are_told(tmp_path: Path) -> None:
    with pytest.raises(EdgeoodError, match="holds no jet files"):
        read_jets(tmp_path)
    with pytest.raises(EdgeoodError, match="no jet files were given"):
        read_jets([])
    write_jets(tmp_path / "a.h5", some_jets(), {})
    with pytest.raises(EdgeoodError, match="no jets of process 'gluon', only quark, w_1tev"):
        read_jets(tmp_path, processes=["quark", "gluon"])
    with pytest.raises(EdgeoodError, match="no jets to write"):
        write_jets(tmp_path / "b.h5", some_jets()[:0], {})
