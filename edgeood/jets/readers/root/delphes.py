"""Events of Delphes: what its particle flow found, clustered here."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import CHARGED_HADRON, ELECTRON, MUON, NEUTRAL_HADRON, PHOTON, Jets
from edgeood.jets.readers.clustering import leading_jets
from edgeood.jets.readers.momenta import four_momenta, unchecked_jets
from edgeood.jets.readers.protocol import Reader, always
from edgeood.jets.readers.root.trees import Jagged, Step, branches_of, open_tree, steps

_TREE = "Delphes"
_TOWERS = {"EFlowPhoton": PHOTON, "EFlowNeutralHadron": NEUTRAL_HADRON}
_TRACKS = "EFlowTrack"
_MERGED = "ParticleFlowCandidate"
"""Of Delphes from 3.5 on, where a card writes them in place of the three."""
_OF_TRACKS, _OF_TOWERS = ("PT", "Eta", "Phi", "PID", "Charge"), ("ET", "Eta", "Phi")
_LEPTONS = {11: ELECTRON, 13: MUON}
RADIUS, LEAST_PT_GEV, MOST_JETS = 0.8, 200.0, 16
"""Of the jets: those of ``FatJet`` in the cards that come with Delphes, all of an event above 200 GeV."""
_EVENTS = 64
"""At once, of some thousand particles each."""
_NUMBER = "Event.Number"

Objects = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int8], NDArray[np.int8]]
"""Of some particles: event (M,), momentum (M, 4), charge (M,) and kind (M,)."""


def iterate(path: Path, batch: int) -> Iterator[Jets]:
    """Anti-kT jets (R = 0.8) above 200 GeV of particle flow: ``EFlowTrack``, ``EFlowPhoton``, ``EFlowNeutralHadron``.

    Without those ``ParticleFlowCandidate`` is taken. Tracks have the mass that the file tells, if it does; towers have
    none. The jets that Delphes itself made are not looked at: their constituents are references, of any object.
    ``Event.Number`` is the event, or else the tree's entry.
    """
    there = branches_of(path, _TREE)
    tracks = next((name for name in (_TRACKS, _MERGED) if f"{name}.PT" in there), None)
    towers = {name: kind for name, kind in _TOWERS.items() if tracks == _TRACKS}
    if tracks is None or (missing := _missing(tracks, towers, there)):
        what = f"the branch '{missing[0]}'" if tracks is not None else f"'{_TRACKS}'"
        raise EdgeoodError(f"{path} has no particle flow, as {what} is missing; write it in Delphes' card.")
    mass = f"{tracks}.Mass" in there
    branches = [f"{tracks}.{column}" for column in (*_OF_TRACKS, *["Mass"] * mass)]
    branches += [f"{name}.{column}" for name in towers for column in _OF_TOWERS]
    branches += [_NUMBER] * (_NUMBER in there)
    with open_tree(path, _TREE) as tree:
        for step in steps(path, tree, branches, min(_EVENTS, batch)):
            parts = [_tracks(step, tracks, mass), *(_towers(step, *one) for one in towers.items())]
            yield _jets(path, step, parts, _NUMBER in there)


def _missing(tracks: str, towers: dict[str, int], there: set[str]) -> list[str]:
    needed = [f"{tracks}.{column}" for column in _OF_TRACKS]
    needed += [f"{name}.{column}" for name in towers for column in _OF_TOWERS]
    return [name for name in needed if name not in there]


def _tracks(step: Step, name: str, mass: bool) -> Objects:
    """Tracks, or merged candidates, of which some have no charge."""
    pt = step.jagged(f"{name}.PT")
    eta, phi, code, charge = (step.jagged(f"{name}.{column}", pt).values for column in _OF_TRACKS[1:])
    masses = np.maximum(step.jagged(f"{name}.Mass", pt).values, 0) if mass else 0.0
    sign = np.sign(charge).astype(np.int8)
    kind = np.where(sign != 0, CHARGED_HADRON, np.where(code == 22, PHOTON, NEUTRAL_HADRON)).astype(np.int8)
    for lepton, own in _LEPTONS.items():
        kind[np.abs(code.astype(np.int64)) == lepton] = own
    return _events(step, pt), four_momenta(pt.values, eta, phi, masses), sign, kind


def _towers(step: Step, name: str, kind: int) -> Objects:
    transverse = step.jagged(f"{name}.ET")
    eta, phi = (step.jagged(f"{name}.{column}", transverse).values for column in _OF_TOWERS[1:])
    momenta = four_momenta(transverse.values, eta, phi)
    many = len(momenta)
    return _events(step, transverse), momenta, np.zeros(many, np.int8), np.full(many, kind, np.int8)


def _events(step: Step, of: Jagged) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(step)), of.counts)


def _jets(path: Path, step: Step, parts: list[Objects], numbered: bool) -> Jets:
    event, momenta, charge, kind = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(event, kind="stable")
    event, momenta, charge, kind = event[order], momenta[order], charge[order], kind[order]
    bad = ~np.isfinite(momenta).all(axis=1)
    if bad.any():
        entry = step.first + int(event[bad.argmax()])
        raise EdgeoodError(f"{path}: entry {entry} has a particle that is no number; make the file again.")
    # Towers without transverse energy have no direction.
    there = momenta[:, 0] > 0
    event, momenta, charge, kind = event[there], momenta[there], charge[there], kind[there]
    counts = np.bincount(event, minlength=len(step)).astype(np.int64)
    made = leading_jets(path, momenta, counts, RADIUS, LEAST_PT_GEV, MOST_JETS)
    number = step.first + made.event
    if numbered:
        own = step.jagged(_NUMBER)
        if (own.counts != 1).any():
            raise EdgeoodError(f"{path}: '{_NUMBER}' is not one number for each event; make the file again.")
        number = own.values.astype(np.int64)[made.event]
    return unchecked_jets(
        made.of(momenta),
        identities=(made.of(charge), made.of(kind)),
        fields={"event": number},
        source=str(path),
    )


READER = Reader(
    "Delphes (particle flow of its tree)",
    "root",
    lambda path: bool({f"{_TRACKS}.PT", f"{_MERGED}.PT"} & branches_of(path, _TREE)),
    iterate,
    tells_events=always,
    truth="no: a file is of one process, which `--process` names",
    identities="yes",
    lacks="soft-drop mass, N-subjettiness; jets are clustered here (anti-kT, R = 0.8, all above 200 GeV)",
)
