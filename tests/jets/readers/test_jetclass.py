"""JetClass's ROOT files, written here in their layout: kinematics, classes, identities, substructure."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.jets.format import count_jets, iterate_jets, read_jets
from edgeood.jets.readers.door import format_of

uproot = pytest.importorskip("uproot", reason="needs edgeood[formats]")
ak = pytest.importorskip("awkward", reason="needs edgeood[formats]")

LABELS = ("QCD", "Hbb", "Hcc", "Hgg", "H4q", "Hqql", "Zqq", "Wqq", "Tbqq", "Tbl")
NAMES = ("qcd", "h_bb", "h_cc", "h_gg", "h_4q", "h_qql", "z_qq", "w_qq", "top_bqq", "top_bl")
KINDS = ("ChargedHadron", "NeutralHadron", "Photon", "Electron", "Muon")
JETS = 23


def content(seed: int = 5) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Branches of 23 jets with 1 to 40 particles, the sums (23, 4) as (E, px, py, pz), and kinds of all particles."""
    random = np.random.default_rng(seed)
    counts = random.integers(1, 41, JETS)
    total = int(counts.sum())
    pt = random.exponential(20, total).astype(np.float32) + 1
    eta = np.repeat(random.uniform(-1.5, 1.5, JETS), counts) + random.normal(0, 0.2, total)
    phi = np.repeat(random.uniform(-3, 3, JETS), counts) + random.normal(0, 0.2, total)
    four = np.stack(
        [pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=1
    ).astype("f4")
    kind = random.integers(0, 5, total)
    charge = np.where(np.isin(kind, (0, 3, 4)), random.choice([-1, 1], total), 0)
    jagged = {f"part_{name}": four[:, column] for column, name in enumerate(("energy", "px", "py", "pz"))}
    jagged |= {"part_charge": charge.astype("f4")}
    jagged |= {f"part_is{name}": (kind == number).astype("i4") for number, name in enumerate(KINDS)}
    branches: dict[str, Any] = {name: ak.unflatten(values, counts) for name, values in jagged.items()}
    for number, name in enumerate(LABELS):
        hot = np.arange(JETS) % 10 == number
        branches[f"label_{name}"] = hot.astype("f4" if name == "QCD" else "i4" if number > 5 else "?")
    branches["jet_sdmass"] = random.uniform(1, 200, JETS).astype("f4")
    branches |= {f"jet_tau{n}": random.uniform(0, 1, JETS).astype("f4") for n in (1, 2, 3, 4)}
    bounds = np.concatenate([[0], np.cumsum(counts)])
    sums = np.array([four[a:b].astype("f8").sum(axis=0) for a, b in pairwise(bounds)])
    return branches, sums, np.stack([np.repeat(np.arange(JETS), counts), pt, kind, charge])


def write(path: Path, branches: dict[str, Any]) -> Path:
    with uproot.recreate(path) as file:
        file["tree"] = branches
    return path


def test_every_jet_is_what_its_branches_say(tmp_path: Path) -> None:
    branches, sums, particles = content()
    path = write(tmp_path / "a.root", branches)
    assert format_of(path) == "jetclass"
    jets = read_jets(path)
    assert count_jets(path) == len(jets) == JETS
    np.testing.assert_allclose(jets.jets["energy"], sums[:, 0], rtol=1e-6)
    np.testing.assert_allclose(jets.jets["pt"], np.hypot(sums[:, 1], sums[:, 2]), rtol=1e-5)
    np.testing.assert_allclose(
        jets.jets["eta"], np.arctanh(sums[:, 3] / np.linalg.norm(sums[:, 1:], axis=1)), atol=1e-5
    )
    np.testing.assert_allclose(jets.jets["phi"], np.arctan2(sums[:, 2], sums[:, 1]), atol=1e-5)
    mass = np.sqrt(sums[:, 0] ** 2 - (sums[:, 1:] ** 2).sum(axis=1))
    np.testing.assert_allclose(jets.jets["mass"], mass, rtol=1e-4, atol=1e-2)
    assert jets.process_names.tolist() == [NAMES[row % 10] for row in range(JETS)]
    assert jets.jets["label"][:10].tolist() == [0, -1, -1, -1, -1, -1, 3, 1, 2, -1]
    assert np.array_equal(jets.jets["softdrop_mass"], branches["jet_sdmass"])
    assert np.array_equal(jets.jets["tau3"], branches["jet_tau3"])
    for row in range(JETS):
        own = particles[1:, particles[0] == row]
        own = own[:, np.argsort(-own[0], kind="stable")]
        valid = jets.constituents[row][jets.constituents["valid"][row]]
        np.testing.assert_allclose(valid["pt"], own[0], rtol=1e-5)
        assert valid["kind"].tolist() == [(1, 3, 2, 4, 5)[int(kind)] for kind in own[1]]
        assert valid["charge"].tolist() == own[2].tolist()
    parts = list(iterate_jets(path, 7))
    assert [len(part) for part in parts] == [7, 7, 7, 2]
    assert np.concatenate([part.jets for part in parts]).tobytes() == jets.jets.tobytes()


def test_momenta_alone_are_jets_without_truth(tmp_path: Path) -> None:
    branches, _, _ = content()
    names = ("part_energy", "part_px", "part_py", "part_pz", "label_QCD")
    jets = read_jets(write(tmp_path / "a.root", {name: branches[name] for name in names}))
    assert set(jets.process_names) == {"unknown"}
    assert not jets.constituents["kind"].any()
    assert np.isnan(jets.jets["tau1"]).all()


def test_defects_are_told(tmp_path: Path) -> None:
    branches, _, _ = content()
    hot = branches["label_QCD"].copy()
    hot[13] = 1
    with pytest.raises(EdgeoodError, match=r"jet 13 has no single class in 'label_…'"):
        read_jets(write(tmp_path / "a.root", branches | {"label_QCD": hot}))
    with pytest.raises(EdgeoodError, match=r"is a ROOT file, of no format that is known here; name one"):
        read_jets(write(tmp_path / "b.root", {"jet_pt": branches["jet_sdmass"]}))
    path = write(tmp_path / "c.root", branches)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EdgeoodError, match=r"c\.root is a ROOT file, of no format"):
        read_jets(path)


def test_a_damaged_file_is_read_or_told(tmp_path: Path) -> None:
    branches, _, _ = content()
    path = write(tmp_path / "a.root", branches)
    whole = path.read_bytes()
    random, told = np.random.default_rng(1), 0
    for _ in range(60):
        spoilt = bytearray(whole)
        place = int(random.integers(4, len(whole)))
        spoilt[place : place + 8] = random.bytes(8)
        path.write_bytes(spoilt[: len(whole)])
        try:
            read_jets(path)
        except EdgeoodError:
            told += 1
    assert told
