"""CMS NanoAOD with candidates, written here in its layouts: pairs of jets and candidates, or candidates to cluster."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.jets.format import iterate_jets, known_count, read_jets
from edgeood.jets.readers.door import format_of

uproot = pytest.importorskip("uproot", reason="needs edgeood[formats]")
ak = pytest.importorskip("awkward", reason="needs edgeood[formats]")

EVENTS = 40
AXES = ((0.6, 0.3), (-1.1, -3.0))
CODES = (211, -211, 22, 130, 11, -13)


def events(seed: int = 4) -> list[dict[str, np.ndarray]]:
    """Of each event two jets of 20 to 50 candidates around :data:`AXES`, soft ones far from both, and their weights."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(EVENTS):
        counts = random.integers(20, 50, 2)
        owner = np.concatenate([np.repeat([0, 1], counts), np.full(30, -1)])
        many = len(owner)
        axis = np.array([*AXES, (0.0, 1.7)])[owner]
        eta = axis[:, 0] + np.where(owner < 0, random.uniform(-2, 2, many), random.normal(0, 0.08, many))
        phi = axis[:, 1] + np.where(owner < 0, random.uniform(-0.4, 0.4, many), random.normal(0, 0.08, many))
        pt = np.where(owner < 0, 0.5, random.exponential(15, many) + 5)
        weight = random.choice([0.0, 0.25, 1.0], many, p=[0.2, 0.2, 0.6])
        mass = random.choice([0.0, 0.13957], many)
        order = random.permutation(many)
        columns = {"pt": pt, "eta": eta, "phi": (phi + np.pi) % (2 * np.pi) - np.pi, "mass": mass}
        columns |= {"weight": weight, "owner": owner, "pdgId": random.choice(CODES, many)}
        made.append({name: values[order] for name, values in columns.items()})
    return made


def sums(event: dict[str, np.ndarray], jet: int) -> tuple[float, float, float]:
    """pT, mass and number of the weighed candidates of one jet."""
    own = (event["owner"] == jet) & (event["weight"] > 0)
    pt, eta, phi, mass, weight = (
        event[name][own].astype("f4").astype("f8") for name in ("pt", "eta", "phi", "mass", "weight")
    )
    energy = weight * np.sqrt((pt * np.cosh(eta)) ** 2 + mass**2)
    px, py, pz = (weight * pt * way for way in (np.cos(phi), np.sin(phi), np.sinh(eta)))
    square = energy.sum() ** 2 - px.sum() ** 2 - py.sum() ** 2 - pz.sum() ** 2
    return float(np.hypot(px.sum(), py.sum())), float(np.sqrt(square)), int(own.sum())


def branches(
    content: list[dict[str, np.ndarray]], pairs: bool, table: str = "FatJetPFCands"
) -> dict[str, Any]:
    made: dict[str, Any] = {"event": 1000 + np.arange(EVENTS, dtype="u8")}
    for name in ("pt", "eta", "phi", "mass"):
        made[f"PFCands_{name}"] = ak.Array([event[name].astype("f4") for event in content])
    made["PFCands_puppiWeight"] = ak.Array([event["weight"].astype("f4") for event in content])
    made["PFCands_pdgId"] = ak.Array([event["pdgId"].astype("i4") for event in content])
    axes = np.array(AXES, "f4")
    made["FatJet_eta"] = ak.Array([axes[:, 0]] * EVENTS)
    made["FatJet_phi"] = ak.Array([axes[:, 1]] * EVENTS)
    made["FatJet_pt"] = ak.Array([np.array([500, 400], "f4")] * EVENTS)
    made["FatJet_msoftdrop"] = ak.Array([np.array([80.5, -1], "f4")] * EVENTS)
    for n in (1, 2, 3, 4):
        made[f"FatJet_tau{n}"] = ak.Array([np.array([1 / n, 0.5 / n], "f4")] * EVENTS)
    if pairs:
        owned = [np.flatnonzero(event["owner"] >= 0) for event in content]
        made[f"{table}_jetIdx"] = ak.Array(
            [event["owner"][own].astype("i4") for event, own in zip(content, owned, strict=True)]
        )
        made[f"{table}_pFCandsIdx"] = ak.Array([own.astype("i4") for own in owned])
    return made


def write(path: Path, made: dict[str, Any]) -> Path:
    with uproot.recreate(path) as file:
        file["Events"] = made
    return path


@pytest.mark.parametrize("pairs", [True, False])
def test_jets_are_the_sums_of_their_weighed_candidates(pairs: bool, tmp_path: Path) -> None:
    content = events()
    path = write(tmp_path / "a.root", branches(content, pairs))
    assert format_of(path) == "nanoaod"
    jets = read_jets(path)
    assert jets.jets["event"].tolist() == [1000 + event for event in range(EVENTS) for _ in AXES]
    wanted = np.array([sums(event, jet) for event in content for jet in (0, 1)])
    # A soft candidate far from a jet's axis may be in it where it is clustered.
    tolerance = 1e-5 if pairs else 0.01
    np.testing.assert_allclose(jets.jets["pt"], wanted[:, 0], rtol=tolerance)
    np.testing.assert_allclose(jets.jets["mass"], wanted[:, 1], rtol=1e-3 if pairs else 0.3)
    if pairs:
        assert jets.jets["n_constituents"].tolist() == wanted[:, 2].tolist()
    assert np.isnan(jets.jets["softdrop_mass"]).tolist() == [False, True] * EVENTS
    assert jets.jets["tau4"][:2].tolist() == [0.25, 0.125]
    assert set(np.unique(jets.constituents["kind"][jets.constituents["valid"]])) == {1, 2, 3, 4, 5}
    assert set(jets.process_names) == {"unknown"}
    assert known_count(path) is None
    parts = list(iterate_jets(path, 9))
    assert np.concatenate([part.jets for part in parts]).tobytes() == jets.jets.tobytes()


def test_jets_without_candidates_are_left_out_and_tables_have_several_names(tmp_path: Path) -> None:
    content = events()
    for event in content[::2]:
        event["owner"][event["owner"] == 0] = -1
    jets = read_jets(write(tmp_path / "a.root", branches(content, True, "FatJetPFCand")))
    assert jets.jets["event"].tolist()[:6] == [1000, 1001, 1001, 1002, 1003, 1003]
    np.testing.assert_allclose(jets.jets["pt"][0], sums(content[0], 1)[0], rtol=1e-5)


def test_defects_are_told(tmp_path: Path) -> None:
    made = branches(events(), True)
    wrong = ak.to_list(made["FatJetPFCands_jetIdx"])
    wrong[17][3] = 2
    with pytest.raises(
        EdgeoodError, match=r"entry 17 has a pair of 'FatJetPFCands_jetIdx' .* beyond its jets"
    ):
        read_jets(
            write(
                tmp_path / "a.root", made | {"FatJetPFCands_jetIdx": ak.values_astype(ak.Array(wrong), "i4")}
            )
        )
    content = events()
    content[5]["pt"][2] = np.nan
    with pytest.raises(EdgeoodError, match="entry 5 has a candidate that is no number"):
        read_jets(write(tmp_path / "b.root", branches(content, False)))
    plain = {name: made[name] for name in ("FatJet_pt", "FatJet_eta", "FatJet_phi")}
    with pytest.raises(EdgeoodError, match="of no format that is known here"):
        read_jets(write(tmp_path / "c.root", plain))
