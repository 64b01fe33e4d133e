"""Delphes' tree, written here with the branches that its cards write. Its own branches are split arrays of objects,
which uproot reads in the same way and cannot write."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgeood
from edgeood.errors import EdgeoodError, OutsideDomainWarning
from edgeood.jets.format import iterate_jets, known_count, read_jets
from edgeood.jets.readers.door import format_of

uproot = pytest.importorskip("uproot", reason="needs edgeood[formats]")
ak = pytest.importorskip("awkward", reason="needs edgeood[formats]")
pytest.importorskip("fastjet", reason="needs edgeood[formats]")

EVENTS = 70
AXES = ((0.4, 0.2), (-0.9, -2.9))
Event = dict[str, np.ndarray]


def events(seed: int = 6) -> list[Event]:
    """Two jets of about 30 particles around :data:`AXES` in each event, the second hard enough in every other one."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(EVENTS):
        owner = np.repeat([0, 1], 30)
        axis = np.array(AXES)[owner]
        pt = random.uniform(8, 20, 60) * np.where((owner == 1) & (number % 2 == 1), 0.2, 1)
        columns = {"pt": pt, "owner": owner, "sort": random.choice(3, 60)}
        columns |= {name: axis[:, i] + random.uniform(-0.2, 0.2, 60) for i, name in enumerate(("eta", "phi"))}
        columns["code"] = random.choice([211, -211, 11, -13], 60)
        order = random.permutation(60)
        made.append({name: values[order] for name, values in columns.items()})
    return made


def jagged(content: list[Event], sort: int, name: str, kind: str = "f4") -> Any:
    return ak.Array([event[name][event["sort"] == sort].astype(kind) for event in content])


def branches(content: list[Event]) -> dict[str, Any]:
    names = {"PT": "pt", "Eta": "eta", "Phi": "phi"}
    made = {f"EFlowTrack.{name}": jagged(content, 0, own) for name, own in names.items()}
    made["EFlowTrack.PID"] = jagged(content, 0, "code", "i4")
    made["EFlowTrack.Charge"] = ak.values_astype(np.sign(made["EFlowTrack.PID"]) * 1, "i4")
    leptons = (abs(made["EFlowTrack.PID"]) == 11) | (abs(made["EFlowTrack.PID"]) == 13)
    made["EFlowTrack.Charge"] = ak.where(leptons, -made["EFlowTrack.Charge"], made["EFlowTrack.Charge"])
    for sort, tower in ((1, "EFlowPhoton"), (2, "EFlowNeutralHadron")):
        made |= {
            f"{tower}.{'ET' if name == 'PT' else name}": jagged(content, sort, own)
            for name, own in names.items()
        }
    made["Event.Number"] = ak.Array(np.arange(EVENTS, dtype="i8")[:, None] + 500)
    return made


def write(path: Path, made: dict[str, Any]) -> Path:
    with uproot.recreate(path) as file:
        tree = file.mktree("Delphes", {name: str(array.type.content) for name, array in made.items()})
        tree.extend(made)
    return path


def sums(event: Event, jet: int, mass: np.ndarray | float = 0.0) -> tuple[float, float]:
    """pT and mass of one jet's particles."""
    own = event["owner"] == jet
    pt, eta, phi = (event[name][own].astype("f4").astype("f8") for name in ("pt", "eta", "phi"))
    masses = np.broadcast_to(mass, event["pt"].shape)[own]
    energy = np.sqrt((pt * np.cosh(eta)) ** 2 + masses**2).sum()
    px, py, pz = ((pt * way).sum() for way in (np.cos(phi), np.sin(phi), np.sinh(eta)))
    return float(np.hypot(px, py)), float(np.sqrt(energy**2 - px**2 - py**2 - pz**2))


def test_particle_flow_becomes_jets(tmp_path: Path) -> None:
    content = events()
    path = write(tmp_path / "a.root", branches(content))
    assert format_of(path) == "delphes"
    jets = read_jets(path)
    wanted = [(event, jet) for event in range(EVENTS) for jet in (0, 1) if not (jet and event % 2)]
    assert sorted(jets.jets["event"].tolist()) == [500 + event for event, _ in wanted]
    axis = np.where(jets.jets["eta"] > 0, 0, 1)
    expected = np.array(
        [sums(content[event - 500], jet) for event, jet in zip(jets.jets["event"], axis, strict=True)]
    )
    np.testing.assert_allclose(jets.jets["pt"], expected[:, 0], rtol=1e-5)
    np.testing.assert_allclose(jets.jets["mass"], expected[:, 1], rtol=1e-3)
    assert set(jets.jets["n_constituents"]) == {30}
    assert known_count(path) is None
    parts = list(iterate_jets(path, 9))
    assert np.concatenate([part.jets for part in parts]).tobytes() == jets.jets.tobytes()
    # Kinds and charges went with their particles.
    first = content[0]
    own = np.flatnonzero(first["owner"] == axis[0])
    order = own[np.argsort(-first["pt"][own])]
    charged = {211: (1, 1), -211: (1, -1), 11: (4, -1), -13: (5, 1)}
    for place, particle in enumerate(order):
        kind = (
            charged[int(first["code"][particle])]
            if not first["sort"][particle]
            else (first["sort"][particle] + 1, 0)
        )
        assert (jets.constituents["kind"][0, place], jets.constituents["charge"][0, place]) == kind
    with pytest.warns(OutsideDomainWarning, match="outside pT"):
        assert len(edgeood.score("particlenet-lite-leptons", path, per_event="sum")) == EVENTS


def test_candidates_of_newer_files_have_masses(tmp_path: Path) -> None:
    content = events()
    made = {}
    for name, own in {"PT": "pt", "Eta": "eta", "Phi": "phi", "PID": "code"}.items():
        made[f"ParticleFlowCandidate.{name}"] = ak.Array(
            [event[own].astype("i4" if name == "PID" else "f4") for event in content]
        )
    made["ParticleFlowCandidate.Charge"] = ak.Array(
        [np.where(event["sort"] == 0, 1, 0).astype("i4") for event in content]
    )
    made["ParticleFlowCandidate.Mass"] = ak.Array(
        [np.where(event["sort"] == 0, 0.5, 0).astype("f4") for event in content]
    )
    jets = read_jets(write(tmp_path / "a.root", made))
    assert jets.jets["event"][0] == 0
    jet = 0 if jets.jets["eta"][0] > 0 else 1
    expected = sums(content[0], jet, np.where(content[0]["sort"] == 0, 0.5, 0.0))
    np.testing.assert_allclose([jets.jets["pt"][0], jets.jets["mass"][0]], expected, rtol=1e-3)


def test_defects_are_told(tmp_path: Path) -> None:
    made = branches(events())
    del made["EFlowPhoton.ET"]
    with pytest.raises(EdgeoodError, match=r"no particle flow, as the branch 'EFlowPhoton\.ET' is missing"):
        read_jets(write(tmp_path / "a.root", made))
    content = events()
    content[11]["pt"][np.flatnonzero(content[11]["sort"] == 0)[0]] = np.nan
    with pytest.raises(EdgeoodError, match="entry 11 has a particle that is no number"):
        read_jets(write(tmp_path / "b.root", branches(content)))
