"""One score an event: the largest or the sum of its jets', whatever number other files or runs give their events."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from quantized_runs import quantized_run, random_jets
from test_lhc_olympics import events as olympics_events
from test_lhc_olympics import write_fixed
from test_readers import write_hls4ml
from typer.testing import CliRunner

import edgeood
from edgeood.cli import app
from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.jets.format import Jets, Reading, read_jets, write_jets
from edgeood.runtime.event_scores import per_event

pytestmark = pytest.mark.filterwarnings("ignore::edgeood.errors.OutsideDomainWarning")
NAN = float("nan")


def test_closed_forms() -> None:
    score = np.array([3.0, -1.0, 5.0, 0.5, NAN, 2.0, NAN, -4.0])
    anomalous = np.array([0, 1, 0, 0, 0, 0, 0, 0], bool)
    event = np.array([7, 7, 7, 8, 9, 9, 11, 7])
    begins = np.array([1, 0, 0, 0, 0, 0, 0, 0], bool)
    largest = per_event("max", score, anomalous, event, begins)
    assert largest.event.tolist() == [7, 8, 9, 11, 7]
    np.testing.assert_array_equal(largest.score, [5, 0.5, 2, NAN, -4])
    assert largest.anomalous.tolist() == [True, False, False, False, False]
    assert largest.jets.tolist() == [3, 1, 1, 0, 1]
    np.testing.assert_array_equal(
        per_event("sum", score, anomalous, event, begins).score, [7, 0.5, 2, NAN, -4]
    )
    # The second file begins with the number that the first ends with.
    begins[2] = True
    split = per_event("max", score, anomalous, event, begins)
    assert split.event.tolist() == [7, 7, 8, 9, 11, 7]
    assert split.score[:2].tolist() == [3, 5]
    assert len(per_event("sum", *(np.empty(0, kind) for kind in ("f8", "?", "i8", "?"))).score) == 0
    with pytest.raises(EdgeoodError, match="not combined by 'mx'; did you mean 'max'"):
        per_event("mx", score, anomalous, event, begins)


def numbered(numbers: list[int]) -> Jets:
    jets = random_jets(len(numbers))
    jets.jets["event"] = numbers
    return jets


def test_a_file_of_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = quantized_run()
    to(run, "onnx", score="mahalanobis_diagonal")
    write_jets("a.h5", numbered([4, 4, 5, 6, 6, 6]), {})
    write_jets("b.h5", numbered([6, 1]), {})
    one = edgeood.score(run, ["a.h5", "b.h5"], "jets.h5")
    wanted = [max(one[:2]), one[2], max(one[3:6]), one[6], one[7]]
    told = CliRunner().invoke(
        app, ["score", str(run.path), "a.h5", "b.h5", "--per-event", "max", "-o", "out.h5", "--quiet"]
    )
    assert told.output == "5 events: out.h5\n"
    with h5py.File("out.h5") as file:
        assert file["score"][:].tolist() == wanted
        assert file["event"][:].tolist() == [4, 5, 6, 6, 1]
        assert file["jets"][:].tolist() == [2, 1, 3, 1, 1]
        assert file.attrs["per_event"] == "max"
        threshold = file.attrs["threshold"]
        assert file["anomalous"][:].tolist() == [value > threshold for value in wanted]
    # Whatever batches they come in, and in one file: the first's last event is not the second's first.
    monkeypatch.setattr("edgeood.runtime.score._BATCH", 1)
    edgeood.convert(["a.h5", "b.h5"], "both.h5")
    assert edgeood.score(run, "both.h5", per_event="max").tolist() == wanted
    edgeood.convert(["both.h5", "a.h5"], "more.h5")
    assert edgeood.score(run, "more.h5", per_event="max").tolist() == [*wanted, *wanted[:3]]
    total = edgeood.score(run, "a.h5", per_event="sum")
    np.testing.assert_allclose(total, [sum(one[:2]), one[2], sum(one[3:6])], rtol=1e-15)


def test_a_bad_jet_takes_no_event_with_it(tmp_path: Path) -> None:
    run = quantized_run()
    to(run, "onnx", score="mahalanobis_diagonal")
    write_jets(tmp_path / "a.h5", numbered([4, 4, 5]), {})
    whole = edgeood.score(run, tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        jets = file["jets"][:]
        jets["pt"][[0, 2]] = np.nan
        file["jets"][:] = jets
    reading = Reading(skip_bad=True)
    values = edgeood.score(run, tmp_path / "a.h5", reading=reading, per_event="sum")
    np.testing.assert_array_equal(values, [whole[1], NAN])
    # Converted, the bad ones are gone, and the second file begins where it does.
    edgeood.convert([tmp_path / "a.h5"] * 2, tmp_path / "all.h5", reading=Reading(skip_bad=True))
    assert edgeood.score(run, tmp_path / "all.h5", per_event="max").tolist() == [whole[1]] * 2
    with h5py.File(tmp_path / "all.h5", "a") as file:
        file["source_rows"][:] = [0, 7]
    with pytest.raises(EdgeoodError, match="'source_rows' does not hold the first rows"):
        read_jets(tmp_path / "all.h5")


def test_files_that_know_no_events_are_told(tmp_path: Path) -> None:
    run = quantized_run()
    to(run, "onnx", score="mahalanobis_diagonal")
    write_hls4ml(tmp_path / "a.h5")
    edgeood.convert(tmp_path / "a.h5", tmp_path / "converted.h5")
    write_jets(tmp_path / "scattered.h5", numbered([4, 5, 4]), {})
    with h5py.File(tmp_path / "plain.h5", "w") as file:
        jets = random_jets(3)
        names = [name for name in jets.jets.dtype.names if name not in ("event", "process")]
        file["jets"], file["constituents"] = jets.jets[names], jets.constituents
    for name, message in (
        ("a", "which jets are of one event, being read as hls4ml; score its jets without --per-event"),
        ("converted", "as it has no field 'event' of its own"),
        ("plain", "as it has no field 'event' of its own"),
        ("scattered", "as event 4 comes again in row 2 and an event's jets must stand together"),
    ):
        with pytest.raises(EdgeoodError, match=rf"{name}\.h5 does not tell .*{message}"):
            edgeood.score(run, tmp_path / f"{name}.h5", per_event="max")


def test_events_that_are_clustered_here(tmp_path: Path) -> None:
    pytest.importorskip("fastjet", reason="needs edgeood[formats]")
    write_fixed(tmp_path / "a.h5", olympics_events())
    jets = read_jets(tmp_path / "a.h5")
    one = edgeood.score("cnn-trigger", tmp_path / "a.h5")
    combined = edgeood.score("cnn-trigger", tmp_path / "a.h5", tmp_path / "out.h5", per_event="max")
    events = np.unique(jets.jets["event"])
    assert len(events) < len(jets)
    assert combined.tolist() == [one[jets.jets["event"] == event].max() for event in events]
