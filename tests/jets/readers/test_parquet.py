"""Parquet files of jets, events and constituents, as pandas, awkward arrays and data sets on the web have them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_readers import JETS, momenta

import edgeood
from edgeood.errors import EdgeoodError
from edgeood.jets.format import Reading, count_jets, iterate_jets, known_count, read_jets
from edgeood.jets.readers.door import format_of

pa = pytest.importorskip("pyarrow", reason="needs edgeood[formats]")
pq = pytest.importorskip("pyarrow.parquet", reason="needs edgeood[formats]")

CODES = (211, 22, 130, -11)


def lists(width: int = JETS) -> dict[str, list[Any]]:
    """Stem → a list for each jet of :func:`momenta`, without padding."""
    four = momenta()
    own = {
        name: [jet[jet[:, 0] > 0, i] for jet in four] for i, name in enumerate(("energy", "px", "py", "pz"))
    }
    pt = [np.hypot(px, py) for px, py in zip(own["px"], own["py"], strict=True)]
    own |= {"pt": pt, "eta": [np.arcsinh(pz / t) for pz, t in zip(own["pz"], pt, strict=True)]}
    own["phi"] = [np.arctan2(py, px) for px, py in zip(own["px"], own["py"], strict=True)]
    own["pdgId"] = [np.array(CODES[: len(one)], np.int32) for one in pt]
    return {name: columns[:width] for name, columns in own.items()}


def write(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


def check(path: Path, tolerance: float = 1e-5) -> edgeood.Jets:
    """The jets of a file, which are those of :func:`momenta` whatever batches they are read in."""
    assert format_of(path) == "parquet"
    jets = read_jets(path)
    total = momenta().sum(axis=1)
    assert jets.jets["n_constituents"].tolist() == [1, 2, 3, 4, 1]
    np.testing.assert_allclose(jets.jets["energy"], total[:, 0], rtol=tolerance)
    np.testing.assert_allclose(jets.jets["pt"], np.hypot(total[:, 1], total[:, 2]), rtol=tolerance)
    mass = np.sqrt(np.maximum(total[:, 0] ** 2 - (total[:, 1:] ** 2).sum(axis=1), 0))
    np.testing.assert_allclose(jets.jets["mass"], mass, rtol=1e-3, atol=0.05)
    for batch in (1, 2):
        parts = list(iterate_jets(path, batch))
        assert np.concatenate([part.jets for part in parts]).tobytes() == jets.jets.tobytes()
        assert max(map(len, parts)) <= batch
    assert count_jets(path) == JETS
    return jets


@pytest.mark.parametrize(
    "names", [("energy", "px", "py", "pz"), ("pt", "eta", "phi", "energy"), ("pt", "eta", "phi")]
)
@pytest.mark.parametrize("prefix", ["part_", "", "PFCands."])
def test_a_row_for_each_jet_with_lists(names: tuple[str, ...], prefix: str, tmp_path: Path) -> None:
    own = lists()
    columns: dict[str, Any] = {f"{prefix}{name}": own[name] for name in (*names, "pdgId")}
    columns |= {"jet_pt": np.ones(JETS), "jet_eta": np.ones(JETS), "jet_phi": np.ones(JETS)}
    columns |= {"jet_sdmass": np.arange(JETS) + 0.5, "event": np.arange(JETS) // 2 + 2**40}
    columns["process"] = pa.array(["b", "a", None, "b", "a"]).dictionary_encode()
    jets = check(write(tmp_path / "a.parquet", columns, row_group_size=3))
    assert jets.process_names.tolist() == ["b", "a", "unknown", "b", "a"]
    assert jets.jets["softdrop_mass"].tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]
    assert jets.jets["event"].tolist() == [2**40 + n for n in (0, 0, 1, 1, 2)]
    order = np.argsort(-np.hypot(*momenta()[3, :, 1:3].T))
    kinds = {211: (1, 1), 22: (0, 2), 130: (0, 3), -11: (1, 4)}
    wanted = [kinds[CODES[n]] for n in order]
    assert jets.constituents["charge"][3, :4].tolist() == [charge for charge, _ in wanted]
    assert jets.constituents["kind"][3, :4].tolist() == [kind for _, kind in wanted]
    assert known_count(tmp_path / "a.parquet") == JETS


def structures(level: int) -> list[Any]:
    own = lists()
    jets = [
        [
            {name: float(own[name][jet][i]) for name in ("px", "py", "pz", "energy")}
            for i in range(len(own["px"][jet]))
        ]
        for jet in range(JETS)
    ]
    return jets if level == 1 else [jets[:2], [], jets[2:4], jets[4:]]


def test_structures_in_lists(tmp_path: Path) -> None:
    check(write(tmp_path / "a.parquet", {"constituents": structures(1), "label": [0, 2, 1, 0, 2]}))
    jets = read_jets(tmp_path / "a.parquet")
    assert jets.process_names.tolist() == ["class_0", "class_2", "class_1", "class_0", "class_2"]
    assert set(jets.jets["label"]) == {-1}


@pytest.mark.parametrize("how", ["structures", "lists", "nested"])
def test_a_row_for_each_event(how: str, tmp_path: Path) -> None:
    events = structures(2)
    columns: dict[str, Any] = {"jet_tau1": [[0.1, 0.2], [], [0.3, 0.4], [0.5]], "label": [1, 0, 0, 1]}
    if how == "lists":
        for name in ("px", "py", "pz", "energy"):
            columns[f"jet_part_{name}"] = [[[one[name] for one in jet] for jet in event] for event in events]
    elif how == "structures":
        columns["particles"] = events
    else:
        taus = columns.pop("jet_tau1")
        columns["jets"] = [
            [
                {"pt": 1.0, "eta": 0.0, "phi": 0.0, "tau1": t, "constituents": jet}
                for t, jet in zip(*both, strict=True)
            ]
            for both in zip(taus, events, strict=True)
        ]
    jets = check(write(tmp_path / "a.parquet", columns))
    assert jets.jets["event"].tolist() == [0, 0, 2, 2, 3]
    np.testing.assert_allclose(jets.jets["tau1"], [0.1, 0.2, 0.3, 0.4, 0.5], rtol=1e-6)
    assert jets.process_names.tolist() == ["class_1", "class_1", "class_0", "class_0", "class_1"]
    columns["event_number"] = np.array([9, 7, 5, 5])
    jets = read_jets(write(tmp_path / "a.parquet", columns))
    assert jets.jets["event"].tolist() == [9, 9, 5, 5, 5]
    assert known_count(tmp_path / "a.parquet") is None


INDICES: dict[str, tuple[dict[str, list[int]], list[int]]] = {
    "jet": ({"jet_id": [0, 1, 2, 3, 4]}, [0, 1, 2, 3, 4]),
    "event": ({"Event": [6, 7, 8, 9, 6]}, [6, 7, 8, 9, 6]),
    "both": ({"event": [3, 3, 3, 8, 9], "jet": [0, 1, 2, 0, 0]}, [3, 3, 3, 8, 9]),
}


@pytest.mark.parametrize("case", INDICES)
@pytest.mark.parametrize("rows", [2, 4, 100])
def test_a_row_for_each_constituent(
    case: str, rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(edgeood_rows(), "constituent", rows)
    own = lists()
    sizes = [len(one) for one in own["pt"]]
    index, events = INDICES[case]
    columns: dict[str, Any] = {name: np.concatenate(own[name]) for name in ("pt", "eta", "phi", "energy")}
    columns |= {name: np.repeat(values, sizes) for name, values in index.items()}
    columns["is_signal_new"] = np.repeat([False, True, False, False, True], sizes)
    jets = check(write(tmp_path / "a.parquet", columns))
    assert jets.jets["event"].tolist() == events
    assert jets.process_names.tolist() == ["qcd", "top", "qcd", "qcd", "top"]
    assert jets.jets["label"].tolist() == [0, 2, 0, 0, 2]


def edgeood_rows() -> dict[str, int]:
    from edgeood.jets.readers.parquet import jets_in_rows

    return jets_in_rows._ROWS


def test_columns_with_numbers(tmp_path: Path) -> None:
    four = momenta()
    names = ("E", "PX", "PY", "PZ")
    columns = {f"{name}_{n}": four[:, n, i].astype("f4") for n in range(4) for i, name in enumerate(names)}
    columns |= {"truthE": np.ones(JETS), "truthPX": np.ones(JETS), "ttv": np.ones(JETS, int)}
    columns["is_signal_new"] = np.arange(JETS) % 2
    jets = check(write(tmp_path / "a.parquet", columns))
    assert jets.process_names.tolist() == ["qcd", "top"] * 2 + ["qcd"]


def test_known_data_sets_keep_their_classes(tmp_path: Path) -> None:
    own = lists()
    columns: dict[str, Any] = {
        f"j1_{name[0] if name == 'energy' else name}": own[name] for name in own if name != "pdgId"
    }
    columns |= {"j1_etarel": own["eta"], "label": np.arange(JETS, dtype="i1"), "j_tau1_b1": np.ones(JETS)}
    jets = check(write(tmp_path / "hls4ml.parquet", columns))
    assert jets.process_names.tolist() == ["gluon", "quark", "w_1tev", "z_1tev", "top_1tev"]
    assert jets.jets["label"].tolist() == [0, 0, 1, 3, 2]
    columns = {f"part_{name}": own[name] for name in ("px", "py", "pz", "energy")}
    kinds = np.eye(5, dtype=bool)[[0, 2, 1, 3]]
    flags = ("isChargedHadron", "isNeutralHadron", "isPhoton", "isElectron", "isMuon")
    for i, name in enumerate(flags):
        columns[f"part_{name}"] = [kinds[: len(one), i] for one in own["px"]]
    columns["part_charge"] = [np.array([1, 0, 0, -1], "f4")[: len(one)] for one in own["px"]]
    names = ("QCD", "Hbb", "Hcc", "Hgg", "H4q", "Hqql", "Zqq", "Wqq", "Tbqq", "Tbl")
    columns |= {f"label_{name}": np.arange(JETS) == i for i, name in enumerate(names)}
    jets = check(write(tmp_path / "jetclass.parquet", columns))
    assert jets.process_names.tolist() == ["qcd", "h_bb", "h_cc", "h_gg", "h_4q"]
    assert sorted(jets.constituents["kind"][3, :4].tolist()) == [1, 2, 3, 4]


def test_what_is_missing_or_wrong_is_told(tmp_path: Path) -> None:
    own = lists()
    polar: dict[str, Any] = {name: own[name] for name in ("pt", "eta", "phi")}
    jets_alone = {f"jet_{name}": np.ones(JETS) for name in polar} | {"event": np.arange(JETS)}
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        (jets_alone, "has no columns of constituents' momenta: lists px, py"),
        ({name: np.concatenate(values) for name, values in polar.items()}, "with its 'jet' or 'event'"),
        (
            {f"{prefix}_{name}": values for prefix in ("a", "b") for name, values in polar.items()},
            "has several groups of momenta .'a_pt' and 'b_pt'",
        ),
        (
            polar | {"eta": [*own["eta"][:3], own["eta"][3][:2], own["eta"][4]]},
            "'eta' has a list of another length",
        ),
        (polar | {"label": [0, 1, 2, 0.5, 1]}, r"jet 3 has the class 0\.5 in 'label'"),
        (polar | {"process": [f"p{n}" for n in range(JETS)]}, ""),
        (
            {"pt": [[1.0] * 5000] * 2, "eta": [[0.0] * 5000] * 2, "phi": [[0.0] * 5000] * 2},
            "has 5000 constituents",
        ),
        (
            {
                "px": np.ones(70_000),
                "py": np.ones(70_000),
                "pz": np.ones(70_000),
                "e": np.full(70_000, 2.0),
                "jet": np.zeros(70_000),
            },
            "more than 4096 constituents; is its 'jet'",
        ),
    )
    for columns, message in cases:
        path = write(tmp_path / "a.parquet", columns)
        if not message:
            assert len(read_jets(path)) == JETS
            continue
        with pytest.raises(EdgeoodError, match=message):
            read_jets(path)
    lost = pa.array([*own["pt"][:2], [None, 1.0, 2.0], *own["pt"][3:]])
    path = write(tmp_path / "a.parquet", polar | {"pt": lost})
    with pytest.raises(EdgeoodError, match="jet 2 has a constituent with pt = nan"):
        read_jets(path)
    reading = Reading(skip_bad=True)
    assert sum(map(len, iterate_jets(path, 10, reading))) == JETS - 1
    content = bytearray(path.read_bytes())
    content[40:200] = bytes(160)
    path.write_bytes(content)
    with pytest.raises(EdgeoodError, match=r"a\.parquet cannot be read as parquet \("):
        read_jets(path)
