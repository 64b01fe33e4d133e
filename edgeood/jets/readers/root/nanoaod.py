"""CMS NanoAOD with particle-flow candidates: PFNano, and NanoAOD's own from version 15 on."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import Jets
from edgeood.jets.readers.clustering import EventJets, leading_jets
from edgeood.jets.readers.momenta import four_momenta, padded, unchecked_jets
from edgeood.jets.readers.particles import identities_of_pdg
from edgeood.jets.readers.protocol import Reader, always
from edgeood.jets.readers.root.trees import Jagged, Step, branches_of, open_tree, steps

_TREE = "Events"
_CANDIDATES = ("PFCands", "PFCand")
_LINKS = ("FatJetPFCands", "FatJetPFCand", "JetPFCandsAK8")
_INDICES = ("pFCandsIdx", "pFCandIdx", "pfCandIdx", "candIdx")
_JETS = ("FatJet_pt", "FatJet_eta", "FatJet_phi")
_FIELDS = {"softdrop_mass": "FatJet_msoftdrop", **{f"tau{n}": f"FatJet_tau{n}" for n in (1, 2, 3, 4)}}
_RADIUS, _LEAST_PT_GEV, _MOST_JETS = 0.8, 100.0, 16
"""Of the jets that are clustered where a file has no table of pairs; CMS keeps AK8 jets from 170 GeV on."""
_MATCHED = 0.4
_EVENTS = 32
"""At once, of some thousand candidates each."""


@dataclass(frozen=True)
class _Layout:
    """Names of the branches of one file."""

    candidates: str
    links: tuple[str, str] | None
    """jets and candidates of a table of their pairs"""
    weight: str | None
    identities: bool
    fields: dict[str, str]
    event: bool

    def branches(self) -> list[str]:
        """All that is read."""
        names = [*_JETS, *(f"{self.candidates}_{axis}" for axis in ("pt", "eta", "phi", "mass"))]
        names += [*(self.links or ()), *filter(None, [self.weight]), *self.fields.values()]
        names += [f"{self.candidates}_pdgId"] * self.identities + ["event"] * self.event
        return names


def iterate(path: Path, batch: int) -> Iterator[Jets]:
    """The AK8 jets (``FatJet``) of every event, made of their candidates, each weighed with its PUPPI weight.

    A table of pairs tells which candidates are in which jet. Without one, the weighed candidates are clustered
    (anti-kT, R = 0.8), and a jet is the ``FatJet`` that it is nearest to, within 0.4. Jets without candidates in the
    file are left out. Kinematics are sums of candidates: those of ``FatJet`` before its energy corrections.
    """
    layout = _layout(path, branches_of(path, _TREE))
    with open_tree(path, _TREE) as tree:
        for step in steps(path, tree, layout.branches(), min(_EVENTS, batch)):
            yield _jets(path, step, layout)


def _layout(path: Path, there: set[str]) -> _Layout:
    candidates = next((name for name in _CANDIDATES if f"{name}_pt" in there), None)
    if candidates is None:
        raise EdgeoodError(
            f"{path} has no particle-flow candidates ('PFCands_pt'); make NanoAOD with them (PFNano)."
        )
    pairs = [
        (f"{table}_jetIdx", f"{table}_{index}")
        for table in _LINKS
        for index in _INDICES
        if {f"{table}_jetIdx", f"{table}_{index}"} <= there
    ]
    weight = f"{candidates}_puppiWeight"
    return _Layout(
        candidates,
        pairs[0] if pairs else None,
        weight if weight in there else None,
        f"{candidates}_pdgId" in there,
        {field: branch for field, branch in _FIELDS.items() if branch in there},
        "event" in there,
    )


def _jets(path: Path, step: Step, layout: _Layout) -> Jets:
    pt = step.jagged(f"{layout.candidates}_pt")
    columns = [step.jagged(f"{layout.candidates}_{axis}", pt).values for axis in ("eta", "phi", "mass")]
    momenta = four_momenta(pt.values, columns[0], columns[1], np.maximum(columns[2], 0))
    if layout.weight is not None:
        momenta *= step.jagged(layout.weight, pt).values.astype(np.float64)[:, None]
    jets = step.jagged(_JETS[0])
    if layout.links is not None:
        made, rows = _linked(path, step, layout.links, jets, pt)
    else:
        made, rows = _clustered(path, step, jets, momenta, pt)
    fields = {}
    for field, branch in layout.fields.items():
        values = step.jagged(branch, jets).values[rows].astype(np.float32)
        # CMS writes negative numbers where there is nothing to tell.
        fields[field] = np.where(values < 0, np.nan, values)
    event = step.first + made.event
    if layout.event:
        event = step.flat("event").astype(np.int64)[made.event]
    identities = None
    if layout.identities:
        codes = step.jagged(f"{layout.candidates}_pdgId", pt).values.astype(np.int64)
        identities = identities_of_pdg(made.of(codes))
    return unchecked_jets(
        made.of(momenta), fields=fields | {"event": event}, identities=identities, source=str(path)
    )


def _linked(
    path: Path, step: Step, links: tuple[str, str], jets: Jagged, candidates: Jagged
) -> tuple[EventJets, NDArray[np.int64]]:
    """Jets with the candidates of a table of pairs, and which of all ``FatJet`` they are."""
    jet = step.jagged(links[0])
    candidate = step.jagged(links[1], jet)
    event = np.repeat(np.arange(len(step)), jet.counts)
    # Some tables keep pairs of jets that were dropped, with −1.
    known = (jet.values >= 0) & (candidate.values >= 0)
    wrong = known & ((jet.values >= jets.counts[event]) | (candidate.values >= candidates.counts[event]))
    if wrong.any():
        raise EdgeoodError(
            f"{path}: entry {step.first + int(event[wrong.argmax()])} has a pair of '{links[0]}' and '{links[1]}' "
            "that points beyond its jets or candidates; make the file again."
        )
    first_jet, first_candidate = (np.cumsum(one.counts) - one.counts for one in (jets, candidates))
    of_jet = (first_jet[event] + jet.values)[known]
    order = np.argsort(of_jet, kind="stable")
    sizes = np.bincount(of_jet, minlength=len(jets.values)).astype(np.int64)
    rows = np.flatnonzero(sizes)
    members = (first_candidate[event] + candidate.values)[known][order].astype(np.int64)
    particles = padded(members + 1, sizes[rows], int(sizes.max(initial=1))) - 1
    return EventJets(np.repeat(np.arange(len(step)), jets.counts)[rows], particles), rows


def _clustered(
    path: Path, step: Step, jets: Jagged, momenta: NDArray[np.float64], candidates: Jagged
) -> tuple[EventJets, NDArray[np.int64]]:
    """Clustered jets that are one of ``FatJet`` each, in the order of those, and which they are."""
    if not np.isfinite(momenta).all():
        row = int((~np.isfinite(momenta)).any(axis=1).argmax())
        entry = step.first + int(np.searchsorted(np.cumsum(candidates.counts), row, side="right"))
        raise EdgeoodError(f"{path}: entry {entry} has a candidate that is no number; make the file again.")
    found = leading_jets(path, momenta, candidates.counts, _RADIUS, _LEAST_PT_GEV, _MOST_JETS)
    total = found.of(momenta).sum(axis=1)
    eta = np.arcsinh(total[:, 3] / np.hypot(total[:, 1], total[:, 2]))
    phi = np.arctan2(total[:, 2], total[:, 1])
    events = np.repeat(np.arange(len(step)), jets.counts)
    own_eta, own_phi = (step.jagged(name, jets).values for name in _JETS[1:])
    chosen, rows, taken = [], [], set()
    for row, event in enumerate(events.tolist()):
        places = np.flatnonzero(found.event == event)
        turn = np.abs(phi[places] - own_phi[row])
        distance = np.hypot(eta[places] - own_eta[row], np.minimum(turn, 2 * np.pi - turn))
        nearest = next(
            (p for p, d in zip(places, distance, strict=True) if d < _MATCHED and d == distance.min()), None
        )
        if nearest is not None and nearest not in taken:
            taken.add(nearest)
            chosen.append(nearest)
            rows.append(row)
    which = np.array(chosen, np.int64)
    return EventJets(found.event[which], found.particles[which]), np.array(rows, np.int64)


READER = Reader(
    "CMS NanoAOD with candidates (PFNano)",
    "root",
    lambda path: (
        {*_JETS, "PFCands_pt"} <= (there := branches_of(path, _TREE)) or {*_JETS, "PFCand_pt"} <= there
    ),
    iterate,
    tells_events=always,
    truth="no",
    identities="yes",
    substructure="yes, as CMS computed it",
    lacks="truth; kinematics are before energy corrections",
)
