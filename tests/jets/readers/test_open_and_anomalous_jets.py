"""Aspen Open Jets and Cheng's test sets, written here in their layouts."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.jets.format import iterate_jets, known_count, read_jets
from edgeood.jets.readers.door import format_of

JETS = 12


def sprays(width: int, seed: int = 3) -> np.ndarray:
    """(12, width, 4) massless (E, px, py, pz), falling in pT; jet j has j + 3 particles, the others are zero."""
    random = np.random.default_rng(seed)
    pt = -np.sort(-random.exponential(30, (JETS, width)) - 1, axis=1)
    pt[np.arange(width) >= np.arange(3, JETS + 3)[:, None]] = 0
    eta, phi = random.normal(0.7, 0.2, (JETS, width)), random.normal(-1, 0.2, (JETS, width))
    return np.stack([pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=2)


def check_kinematics(jets: Any, four: np.ndarray) -> None:
    total = four.sum(axis=1)
    np.testing.assert_allclose(jets["pt"], np.hypot(total[:, 1], total[:, 2]), rtol=1e-5)
    np.testing.assert_allclose(jets["phi"], np.arctan2(total[:, 2], total[:, 1]), atol=1e-5)
    momentum = np.linalg.norm(total[:, 1:], axis=1)
    np.testing.assert_allclose(jets["eta"], np.arctanh(total[:, 3] / momentum), atol=1e-5)
    np.testing.assert_allclose(jets["mass"], np.sqrt(total[:, 0] ** 2 - momentum**2), rtol=1e-3)


def write_aspen(path: Path, four: np.ndarray, weight: np.ndarray, jet_pt: np.ndarray) -> None:
    particles = np.zeros((JETS, four.shape[1], 11), np.float32)
    particles[..., :4] = four[..., [1, 2, 3, 0]]
    particles[..., 9] = np.where(four[..., 0] > 0, np.resize([211, 22, 130, -11, 13], four.shape[1]), 0)
    particles[..., 10] = weight
    with h5py.File(path, "w") as file:
        file["PFCands"] = particles
        file["jet_kinematics"] = np.stack(
            [jet_pt, *np.zeros((2, JETS)), np.arange(JETS) + 50.0], axis=1
        ).astype("f4")
        file["jet_tagging"] = np.tile(np.arange(13, dtype="f4") / 10, (JETS, 1))
        file["event_info"] = np.stack(
            [np.ones(JETS), np.ones(JETS), np.arange(JETS) // 2 + 7], axis=1
        ).astype("i8")


@pytest.mark.parametrize("already", [True, False])
def test_aspen_open_jets_are_weighed_once(already: bool, tmp_path: Path) -> None:
    four = sprays(20)
    weight = np.random.default_rng(1).choice([0.5, 1.0], four.shape[:2])
    weighed = four * weight[..., None]
    total = weighed.sum(axis=1)
    path = tmp_path / "a.h5"
    write_aspen(path, weighed if already else four, weight, 1.03 * np.hypot(total[:, 1], total[:, 2]))
    assert format_of(path) == "aspen-open-jets"
    jets = read_jets(path)
    check_kinematics(jets.jets, weighed)
    assert jets.jets["softdrop_mass"].tolist() == (np.arange(JETS) + 50).tolist()
    np.testing.assert_allclose(jets.jets["tau2"], 0.2)
    assert jets.jets["event"].tolist() == (np.arange(JETS) // 2 + 7).tolist()
    assert set(jets.constituents["kind"][-1][:14].tolist()) == {1, 2, 3, 4, 5}
    assert known_count(path) == JETS
    assert [len(part) for part in iterate_jets(path, 5)] == [5, 5, 2]


def write_cheng(path: Path, four: np.ndarray, ragged: bool = True) -> None:
    """Two ranks of jets of six events, of which the last event has one."""
    events = JETS // 2
    kind = h5py.vlen_dtype(np.float32) if ragged else np.float32
    obs = np.arange(events * 2 * 9, dtype="f4").reshape(events, 2, 9)
    with h5py.File(path, "w") as file:
        file["objects/jets/obs"] = obs
        shape = (events, 2) if ragged else (events, 2, 4 * four.shape[1])
        table = file.create_dataset("objects/jets/constituents", shape, kind)
        for jet in range(JETS - 1):
            own = four[jet][four[jet][:, 0] > 0] if ragged else four[jet]
            table[jet // 2, jet % 2] = own.ravel().astype(np.float32)


@pytest.mark.parametrize("ragged", [True, False])
def test_chengs_jets_of_every_rank(ragged: bool, tmp_path: Path) -> None:
    four = sprays(20)
    write_cheng(tmp_path / "a.h5", four, ragged)
    assert format_of(tmp_path / "a.h5") == "cheng"
    jets = read_jets(tmp_path / "a.h5")
    check_kinematics(jets.jets, four[: JETS - 1])
    assert jets.jets["n_constituents"].tolist() == list(range(3, JETS + 2))
    assert jets.jets["event"].tolist() == [jet // 2 for jet in range(JETS - 1)]
    assert jets.jets["tau1"].tolist() == [9 * jet + 4 for jet in range(JETS - 1)]
    assert jets.jets["tau4"].tolist() == [9 * jet + 7 for jet in range(JETS - 1)]
    parts = list(iterate_jets(tmp_path / "a.h5", 4))
    assert np.concatenate([part.jets for part in parts]).tobytes() == jets.jets.tobytes()


def test_defects_are_told(tmp_path: Path) -> None:
    four = sprays(20)
    write_cheng(tmp_path / "a.h5", four)
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["objects/jets/constituents"][3, 0] = np.ones(7, np.float32)
    with pytest.raises(EdgeoodError, match="event 3 has a jet whose constituents are not E, px, py, pz each"):
        read_jets(tmp_path / "a.h5")
    write_aspen(tmp_path / "b.h5", four, np.ones(four.shape[:2]), np.ones(JETS))
    with h5py.File(tmp_path / "b.h5", "a") as file:
        del file["jet_tagging"]
        file["jet_tagging"] = np.zeros((3, 13))
    with pytest.raises(EdgeoodError, match="'PFCands' has 12 jets and 'jet_tagging' 3"):
        read_jets(tmp_path / "b.h5")
