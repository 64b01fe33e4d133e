"""Files of others enter every verb: recognised by content, or named; streamed, checked, passed over where bad."""

import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from test_readers import CASES, JETS, momenta, write_energyflow, write_top_tagging, write_vectors

import edgeood
from edgeood.errors import EdgeoodError, OutsideDomainWarning
from edgeood.jets.format import Reading, count_jets, iterate_jets, known_count, read_jets, write_jets
from edgeood.jets.hdf5.probe import crashing_files
from edgeood.jets.readers import read_external
from edgeood.jets.readers.door import format_of
from edgeood.jets.readers.named import OWN, reading_as
from edgeood.released import released_folder


@pytest.mark.parametrize("format", CASES)
def test_a_file_is_recognised_by_content_and_streamed(format: str, tmp_path: Path) -> None:
    name, write, processes, _ = CASES[format]
    write(tmp_path / name)
    assert format_of(tmp_path / name) == format
    whole = read_external(tmp_path / name, format)
    parts = list(iterate_jets(tmp_path / name, 2))
    assert [len(part) for part in parts] == [2, 2, 1]
    # Not-a-number is unknown.
    assert np.concatenate([part.jets for part in parts]).tobytes() == whole.jets.tobytes()
    assert np.array_equal(np.concatenate([part.constituents for part in parts]), whole.constituents)
    assert count_jets(tmp_path / name) == known_count(tmp_path / name) == JETS
    some = read_jets(tmp_path / name, processes=processes[:1])
    assert set(some.process_names) == {processes[0]}


def test_the_name_of_a_file_tells_nothing(tmp_path: Path) -> None:
    write_energyflow(tmp_path / "a.npz")
    shutil.move(tmp_path / "a.npz", tmp_path / "a.h5")
    assert format_of(tmp_path / "a.h5") == "energyflow"
    write_jets(tmp_path / "own.root", read_jets(tmp_path / "a.h5"), {})
    assert format_of(tmp_path / "own.root") == OWN
    assert read_jets(tmp_path).process_names.tolist() == ["gluon", "quark", "gluon", "quark", "gluon"] * 2


def test_a_format_that_is_named_is_taken(tmp_path: Path) -> None:
    write_top_tagging(tmp_path / "a.h5")
    with reading_as("hls4ml"), pytest.raises(EdgeoodError, match="has no 'jetConstituentList'"):
        read_jets(tmp_path / "a.h5")
    with reading_as(OWN), pytest.raises(EdgeoodError, match="has no data set 'jets'"):
        read_jets(tmp_path / "a.h5")
    assert len(read_jets(tmp_path / "a.h5")) == JETS
    with pytest.raises(EdgeoodError, match="'hls4'; did you mean 'hls4ml'"), reading_as("hls4"):
        pass


def saved(save: Callable[..., None], path: Path, array: np.ndarray) -> None:
    with path.open("wb") as file:
        save(file, array)


UNKNOWN: dict[str, tuple[Callable[[Path], object], str]] = {
    "hdf5": (
        lambda path: h5py.File(path, "w").create_dataset("mine", data=[1.0]),
        r"an HDF5 file with 'mine', of no",
    ),
    "npy": (
        lambda path: saved(np.save, path, np.zeros(3)),
        "is a NumPy array, of no format that is known here",
    ),
    "npz": (
        lambda path: saved(np.savez, path, np.zeros(3)),
        "is a zip archive, of no format .* --format",
    ),
    "root": (lambda path: path.write_bytes(b"root" + bytes(100)), "is a ROOT file, of no format"),
    "parquet": (lambda path: path.write_bytes(b"PAR1" + bytes(100)), "cannot be read as parquet"),
    "text": (lambda path: path.write_text("pt,eta\n1,2\n"), "is not an HDF5 file"),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_an_unknown_file_gets_one_sentence(case: str, tmp_path: Path) -> None:
    write, message = UNKNOWN[case]
    made = write(tmp_path / "a.h5")
    if isinstance(made, h5py.Dataset):
        made.file.close()
    for read in (read_jets, count_jets, lambda path: list(iterate_jets(path, 10))):
        with pytest.raises(EdgeoodError, match=message):
            read(tmp_path / "a.h5")
    assert crashing_files([tmp_path / "a.h5"]) == {}


def bad_vectors(folder: Path) -> Path:
    """Five jets of which the fourth, row 3, has a constituent that is no number."""
    path = folder / "x_pf_vectors.npy"
    write_vectors(path)
    vectors = np.load(path)
    vectors[3, 0, 1] = np.nan
    np.save(path, vectors)
    return path


def test_bad_jets_of_others_are_told_or_passed_over(tmp_path: Path) -> None:
    path = bad_vectors(tmp_path)
    with pytest.raises(EdgeoodError, match="jet 3 has a constituent with pt = nan"):
        read_jets(path)
    reading = Reading(skip_bad=True)
    assert sum(map(len, iterate_jets(path, 2, reading))) == 4
    assert [(one.row, one.output_row, one.jets) for one in reading.skipped] == [(3, 3, 1)]
    labels = np.load(tmp_path / "x_labels.npy")
    labels[2] = 0.5
    np.save(tmp_path / "x_labels.npy", labels)
    reading = Reading(skip_bad=True)
    assert sum(map(len, iterate_jets(path, 2, reading))) == 2
    # What a reader cannot go on from ends its file, whose rows stay.
    assert [(one.row, one.jets) for one in reading.skipped] == [(2, 3)]
    assert reading.rows == JETS
    assert "jet 2 has no single class" in reading.skipped[0].reason


def test_a_damaged_archive_is_told(tmp_path: Path) -> None:
    write_energyflow(tmp_path / "a.npz")
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[300] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(EdgeoodError, match=r"a\.npz is a zip archive, of no format .*CRC"):
        read_jets(tmp_path / "a.npz")
    with reading_as("energyflow"), pytest.raises(EdgeoodError, match=r"cannot be read as energyflow \(.*CRC"):
        read_jets(tmp_path / "a.npz")


def test_scores_of_a_file_are_those_of_its_conversion(tmp_path: Path) -> None:
    run = released_folder() / "cnn-trigger"
    for name, write, _, _ in CASES.values():
        write(tmp_path / name)
        edgeood.convert(tmp_path / name, tmp_path / "own.h5")
        with pytest.warns(OutsideDomainWarning):
            scores = edgeood.score(run, tmp_path / name)
        with pytest.warns(OutsideDomainWarning):
            assert np.array_equal(scores, edgeood.score(run, tmp_path / "own.h5"))
        assert np.isfinite(scores).all()


def test_wildcards_and_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = read_external_jets(tmp_path)
    for name in ("b_1.h5", "b_2.h5", "c.h5"):
        write_jets(tmp_path / name, one, {})
    (tmp_path / "list.txt").write_text("# mine\n\nb_*.h5\nc.h5\n")
    assert count_jets(tmp_path / "b_*.h5") == 2 * JETS
    assert count_jets(f"{tmp_path}/[bc]*.h5") == 3 * JETS
    monkeypatch.chdir(tmp_path)
    assert count_jets("@list.txt") == count_jets(["b_?.h5", "c.h5"]) == 3 * JETS
    # A file that is there is meant, whatever its name.
    write_jets(tmp_path / "*.h5", one, {})
    assert count_jets("*.h5") == JETS
    for paths, message in (
        ("nothing*.h5", r"there is no jet file like nothing\*\.h5; correct the wildcard"),
        ("@missing.txt", r"the list missing\.txt cannot be read \(No such file"),
        ("@c.h5", r"the list c\.h5 cannot be read \(it is no text\)"),
    ):
        with pytest.raises(EdgeoodError, match=message):
            count_jets(paths)
    (tmp_path / "list.txt").write_text("# none\n")
    with pytest.raises(EdgeoodError, match="names no files"):
        count_jets("@list.txt")


def read_external_jets(folder: Path) -> edgeood.Jets:
    from edgeood.jets.readers.momenta import jets_from_momenta

    return jets_from_momenta(momenta())
