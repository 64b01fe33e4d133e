"""One bad input need not stop a batch: what is bad is passed over and listed, and every jet keeps its row."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from plain_files import plain_jets, retyped, write_plain
from quantized_runs import quantized_run

from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.jets.format import Reading, count_jets, iterate_jets, read_jets
from edgeood.jets.reading import iterate_portions
from edgeood.runtime.score import score


def spoiled(path: Path) -> Path:
    """Ten jets: 2 without constituents, 4 with a pT that is not a number, 7 with a label that wraps."""
    jets, parts = plain_jets(10)
    jets = retyped(jets, label="i4", event="i8")
    jets["event"] = 100 + np.arange(10)
    parts["valid"][2] = False
    parts["pt"][4, 3] = np.nan
    jets["label"][7] = 300
    return write_plain(path, (jets, parts))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sorted by name: ten jets, three of them bad; nothing; no HDF5; a file without jets; five good jets."""
    made = tmp_path / "jets"
    made.mkdir()
    spoiled(made / "a.h5")
    (made / "b.h5").touch()
    (made / "c.h5").write_text("pt,eta\n")
    jets, parts = plain_jets(5, seed=2)
    write_plain(made / "d.h5", (jets[:0], parts[:0]))
    write_plain(made / "e.h5", (jets, parts))
    return made


def test_without_the_option_the_first_bad_jet_ends_it_and_names_the_option(tmp_path: Path) -> None:
    path = spoiled(tmp_path / "a.h5")
    with pytest.raises(EdgeoodError, match=r"a\.h5: jet 2 has no valid constituent; .* --skip-bad"):
        list(iterate_jets(path, 100))
    jets, parts = plain_jets(5)
    empty = write_plain(tmp_path / "b.h5", (jets[:0], parts[:0]))
    with pytest.raises(EdgeoodError, match=r"b\.h5 holds no jets; .* --skip-bad"):
        read_jets(empty)


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_every_row_keeps_its_place(batch: int, folder: Path) -> None:
    reading = Reading(skip_bad=True)
    portions = list(iterate_portions(folder, batch, reading))
    sound = np.concatenate([portion.sound for portion in portions])
    assert np.flatnonzero(~sound).tolist() == [2, 4, 7]
    events = np.concatenate([portion.events for portion in portions])
    assert events.tolist() == [*range(100, 110), *range(5)]
    assert sum(len(portion.jets) for portion in portions) == 12
    assert count_jets(folder, reading) == len(sound) == reading.rows == 15
    told = [(Path(one.file).name, one.row, one.output_row, one.jets) for one in reading.skipped]
    assert told == [
        ("a.h5", 2, 2, 1),
        ("a.h5", 4, 4, 1),
        ("a.h5", 7, 7, 1),
        ("b.h5", 0, 10, 0),
        ("c.h5", 0, 10, 0),
        ("d.h5", 0, 10, 0),
    ]
    reasons = [one.reason for one in reading.skipped]
    for reason, words in zip(
        reasons,
        (
            "no valid constituent",
            "pt = nan",
            "label = 300",
            "is empty",
            "is not an HDF5 file",
            "holds no jets",
        ),
        strict=True,
    ):
        assert words in reason
    assert reading.summary() == "skipped 3 jets in 4 files"


def test_scores_of_skipped_jets_are_not_a_number_and_listed(folder: Path, tmp_path: Path) -> None:
    run = quantized_run()
    to(run, "onnx")
    reading = Reading(skip_bad=True)
    values = score(run, folder, tmp_path / "scores.h5", reading=reading)
    assert np.flatnonzero(np.isnan(values)).tolist() == [2, 4, 7]
    good = read_jets(folder / "e.h5")
    np.testing.assert_array_equal(values[10:], score(run, folder / "e.h5"))
    assert len(good) == 5
    with h5py.File(tmp_path / "scores.h5") as file:
        np.testing.assert_array_equal(file["score"], values)
        assert not file["anomalous"][:][np.isnan(values)].any()
        assert (file.attrs["skipped_jets"], file.attrs["sorted_jets"]) == (3, 0)
        table = file["skipped"][:]
        assert table["output_row"].tolist() == [2, 4, 7, 10, 10, 10]
        assert table["file"][0].decode() == str(folder / "a.h5")
        assert b"jet 2 has no valid constituent" in table["reason"][0]
    # Scores in the folder of the jets are no jets.
    shutil.copy(tmp_path / "scores.h5", folder / "scores.h5")
    np.testing.assert_array_equal(score(run, folder, reading=Reading(skip_bad=True)), values)
    with pytest.raises(EdgeoodError, match="holds scores, not jets"):
        score(run, tmp_path / "scores.h5")


def test_when_nothing_can_be_scored_it_is_an_error(folder: Path, tmp_path: Path) -> None:
    run = quantized_run()
    to(run, "onnx")
    for bad in ([folder / "b.h5", folder / "c.h5"], [folder / "d.h5"]):
        with pytest.raises(EdgeoodError, match="no jet can be scored; the first that was skipped: "):
            score(run, bad, tmp_path / "out.h5", reading=Reading(skip_bad=True))
    assert not (tmp_path / "out.h5").exists()


def test_a_wrong_convention_is_the_files_and_damage_the_rows(tmp_path: Path) -> None:
    jets, parts = plain_jets(100)
    relative = parts.copy()
    relative["eta"] -= jets["eta"][:, None]
    relative["phi"] -= jets["phi"][:, None]
    write_plain(tmp_path / "a.h5", (jets, relative))
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["jets"] = jets
        file.create_dataset("constituents", data=parts, chunks=(10, 12), compression="gzip")
        chunk = file["constituents"].id.get_chunk_info_by_coord((30, 0))
    content = bytearray((tmp_path / "b.h5").read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = b"\x55" * chunk.size
    (tmp_path / "b.h5").write_bytes(content)
    reading = Reading(skip_bad=True)
    sound = np.concatenate([portion.sound for portion in iterate_portions(tmp_path, 10, reading)])
    assert np.flatnonzero(~sound).tolist() == [*range(100), *range(130, 140)]
    assert [(one.row, one.output_row, one.jets) for one in reading.skipped] == [(0, 0, 100), (30, 130, 10)]
    assert "look relative to the jet axis" in reading.skipped[0].reason
    assert "damaged" in reading.skipped[1].reason


def test_unsorted_constituents_are_sorted_on_request(tmp_path: Path) -> None:
    jets, parts = plain_jets(20)
    shuffled = parts.copy()
    random = np.random.default_rng(5)
    for row in range(5, 12):
        shuffled[row] = shuffled[row][random.permutation(12)]
    # Padding in front, too.
    shuffled["valid"][3, 0] = False
    path = write_plain(tmp_path / "a.h5", (jets, shuffled))
    with pytest.raises(EdgeoodError, match=r"jet 3 has no valid constituent in front; .* --sort"):
        read_jets(path)
    reading = Reading(sort=True)
    (read,) = iterate_jets(path, 100, reading)
    assert reading.sorted_jets == 8
    assert reading.summary() == "sorted the constituents of 8 jets"
    rest = np.arange(20) != 3
    np.testing.assert_array_equal(read.constituents["pt"][rest], parts["pt"][rest])
    np.testing.assert_array_equal(read.constituents["eta"][rest], parts["eta"][rest])
    np.testing.assert_array_equal(read.constituents["pt"][3, :11], parts["pt"][3, 1:])
    assert not read.constituents["valid"][3, 11]


def test_a_file_that_is_not_to_be_opened_is_passed_over(folder: Path) -> None:
    crashing = {folder / "a.h5": "is damaged so that the library crashes."}
    assert count_jets(folder, Reading(skip_bad=True, crashing=crashing)) == 5
    reading = Reading(skip_bad=True, crashing=crashing)
    assert sum(map(len, iterate_jets(folder, 100, reading))) == 5
    assert reading.skipped[0].reason == f"{folder / 'a.h5'} is damaged so that the library crashes."
    with pytest.raises(EdgeoodError, match=r"a\.h5 is damaged so that the library crashes"):
        count_jets(folder / "a.h5", Reading(crashing=crashing))
