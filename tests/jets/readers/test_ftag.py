"""ATLAS flavour-tagging files, written here as the training-dataset-dumper does: MeV, relative angles, tracks."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.jets.format import iterate_jets, known_count, read_jets
from edgeood.jets.readers.door import format_of

JETS, WIDTH = 8, 6


def tables() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Fields of jets (8,) and of tracks (8, 6), of which j % 6 + 1 are valid."""
    random = np.random.default_rng(6)
    valid = np.arange(WIDTH) <= (np.arange(JETS) % WIDTH)[:, None]
    tracks = {
        "pt": np.where(valid, random.uniform(500, 40_000, (JETS, WIDTH)), np.nan),
        "deta": np.where(valid, random.normal(0, 0.1, (JETS, WIDTH)), np.nan),
        "dphi": np.where(valid, random.normal(0, 0.1, (JETS, WIDTH)), np.nan),
        "qOverP": np.where(valid, random.choice([-1e-4, 1e-4], (JETS, WIDTH)), np.nan),
        "leptonID": np.where(valid, random.choice([0, 11, -13], (JETS, WIDTH)), 0).astype("i4"),
        "valid": valid,
    }
    jets = {
        "pt_btagJes": random.uniform(50_000, 200_000, JETS),
        "eta_btagJes": random.uniform(-2, 2, JETS),
        "phi": random.uniform(-3, 3, JETS),
        "mass": random.uniform(5_000, 20_000, JETS),
        "HadronConeExclTruthLabelID": np.array([0, 4, 5, 15, 0, 7, 5, 4], "i4"),
        "eventNumber": 100 + np.arange(JETS, dtype="i8") // 2,
    }
    return jets, tracks


def compound(columns: dict[str, np.ndarray]) -> np.ndarray:
    shape = next(iter(columns.values())).shape
    kinds = [(name, "f4" if values.dtype.kind == "f" else values.dtype) for name, values in columns.items()]
    made = np.zeros(shape, kinds)
    for name, values in columns.items():
        made[name] = values
    return made


def write(path: Path, jets: dict[str, Any], particles: dict[str, Any], name: str = "tracks") -> Path:
    with h5py.File(path, "w") as file:
        file["jets"], file[name] = compound(jets), compound(particles)
    return path


def test_tracks_become_constituents_of_the_jets_of_the_table(tmp_path: Path) -> None:
    jets, tracks = tables()
    path = write(tmp_path / "a.h5", jets, tracks)
    assert format_of(path) == "ftag"
    read = read_jets(path)
    np.testing.assert_allclose(read.jets["pt"], jets["pt_btagJes"] / 1000, rtol=1e-6)
    np.testing.assert_allclose(read.jets["eta"], jets["eta_btagJes"], rtol=1e-6)
    np.testing.assert_allclose(read.jets["phi"], jets["phi"], rtol=1e-6)
    np.testing.assert_allclose(read.jets["mass"], jets["mass"] / 1000, rtol=1e-6)
    energy = np.hypot(jets["pt_btagJes"] * np.cosh(jets["eta_btagJes"]), jets["mass"]) / 1000
    np.testing.assert_allclose(read.jets["energy"], energy, rtol=1e-5)
    assert read.process_names.tolist() == ["light", "c", "b", "tau", "light", "other", "b", "c"]
    assert read.jets["label"].tolist() == [0, 0, 0, -1, 0, -1, 0, 0]
    assert read.jets["event"].tolist() == jets["eventNumber"].tolist()
    for row in range(JETS):
        order = np.argsort(-tracks["pt"][row][tracks["valid"][row]])
        own = {name: values[row][tracks["valid"][row]][order] for name, values in tracks.items()}
        found = read.constituents[row][read.constituents["valid"][row]]
        np.testing.assert_allclose(found["pt"], own["pt"] / 1000, rtol=1e-5)
        np.testing.assert_allclose(found["eta"], own["deta"] + jets["eta_btagJes"][row], atol=1e-5)
        turn = found["phi"] - own["dphi"] - jets["phi"][row]
        np.testing.assert_allclose(np.sin(turn), 0, atol=1e-5)
        np.testing.assert_allclose(found["energy"], found["pt"] * np.cosh(found["eta"]), rtol=1e-5)
        assert found["charge"].tolist() == np.sign(own["qOverP"]).tolist()
        assert found["kind"].tolist() == [{0: 1, 11: 4, -13: 5}[code] for code in own["leptonID"].tolist()]
    assert known_count(path) == JETS
    assert [len(part) for part in iterate_jets(path, 3)] == [3, 3, 2]


def test_flow_constituents_come_before_tracks_and_gev_stay(tmp_path: Path) -> None:
    jets, tracks = tables()
    flow = {name: tracks[name] for name in ("deta", "dphi", "valid")}
    flow["ptfrac"] = np.where(flow["valid"], tracks["pt"] / 1e6, np.nan)
    flow["isCharged"] = flow["valid"] & (np.arange(WIDTH) % 2 == 0)
    large = {
        name: values for name, values in jets.items() if name not in ("phi", "HadronConeExclTruthLabelID")
    }
    large |= {"pt_btagJes": jets["pt_btagJes"] / 1000, "mass": jets["mass"] / 1000}
    large["R10TruthLabel_R22v1"] = np.array([10, 1, 2, 3, 11, 12, 7, 10], "i4")
    large["Tau2_wta"] = np.linspace(0, 1, JETS)
    path = write(tmp_path / "a.h5", large, tracks)
    with h5py.File(path, "a") as file:
        file["flow"] = compound(flow)
    read = read_jets(path)
    np.testing.assert_allclose(read.jets["pt"], large["pt_btagJes"], rtol=1e-6)
    wanted = np.nanmax(flow["ptfrac"], axis=1) * large["pt_btagJes"]
    np.testing.assert_allclose(read.constituents["pt"][:, 0], wanted, rtol=1e-5)
    assert not read.jets["phi"].any()
    names = ["qcd", "top", "w_qq", "z_qq", "h_bb", "h_cc", "other", "qcd"]
    assert read.process_names.tolist() == names
    np.testing.assert_allclose(read.jets["tau2"], large["Tau2_wta"], rtol=1e-6)
    assert np.isnan(read.jets["tau1"]).all()
    assert set(read.constituents["kind"].ravel().tolist()) == {0, 1}
    assert not read.constituents["charge"].any()


def test_defects_are_told(tmp_path: Path) -> None:
    jets, tracks = tables()
    with pytest.raises(EdgeoodError, match="'particles' has no field 'pt'; write it"):
        read_jets(write(tmp_path / "a.h5", jets, {"valid": tracks["valid"]}))
    spoilt = {name: values.copy() for name, values in tracks.items()}
    spoilt["deta"][3, 0] = np.inf
    with pytest.raises(EdgeoodError, match="jet 3 has a constituent"):
        read_jets(write(tmp_path / "b.h5", jets, spoilt))
    nothing = {name: values for name, values in tracks.items() if name != "valid"} | {
        "valid": np.zeros((JETS, WIDTH), bool)
    }
    with pytest.raises(EdgeoodError, match="jet 0 has no valid constituent"):
        read_jets(write(tmp_path / "c.h5", jets, nothing))
