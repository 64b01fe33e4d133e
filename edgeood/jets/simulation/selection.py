"""From simulated events to the jets that a process keeps, in the layout of the jet files."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.jets.layout import CONSTITUENT_DTYPE, JET_DTYPE, Jets
from edgeood.jets.simulation.clustering import Clusters, anti_kt
from edgeood.jets.simulation.detector import Objects, Particles
from edgeood.jets.simulation.processes import JetSelection, Process
from edgeood.jets.simulation.response import RESPONSES, DetectorName
from edgeood.jets.simulation.substructure import substructure
from edgeood.jets.simulation.truth import Origins, accepts, nearest

_LEADING = 2
"""Jets of an event that are looked at."""


def select(
    process: Process,
    particles: Particles,
    origins: Origins,
    events: int,
    width: int,
    rng: np.random.Generator,
    detector: DetectorName = "cms",
) -> Jets:
    """Detector response, clustering and truth match of a batch of events.

    Keeps the leading ``width`` constituents; ``n_constituents`` counts all. Event numbers count from 0.
    """
    objects = RESPONSES[detector](particles, rng)
    clusters = anti_kt(objects, events, process.selection)
    candidates = in_window(clusters, process.selection)
    origin, distance = nearest(origins, clusters, candidates)
    pdg = np.zeros(len(origin), np.int64)
    pdg[origin >= 0] = np.abs(origins.pdg[origin[origin >= 0]])
    kept = accepts(process, pdg, distance)
    chosen, origin = candidates[kept], origin[kept]

    members, bounds = sorted_members(clusters, objects, chosen)
    jets = np.zeros(len(chosen), JET_DTYPE)
    for field in ("pt", "eta", "phi", "mass", "energy", "event"):
        jets[field] = getattr(clusters, field)[chosen]
    jets["label"] = process.label
    jets["n_constituents"] = np.diff(bounds)
    jets["truth_mass"] = np.nan
    jets["truth_mass"][origin >= 0] = origins.mass[origin[origin >= 0]]
    if len(chosen):
        mass, taus = substructure(objects, members, bounds, process.selection.radius)
        jets["softdrop_mass"] = mass
        for column in range(4):
            jets[f"tau{column + 1}"] = taus[:, column]
    return Jets(jets, padded(objects, members, bounds, width), (process.name,))


def in_window(clusters: Clusters, selection: JetSelection) -> NDArray[np.int64]:
    """Rows of jets that are among the two leading ones of their event and inside the pT and η window."""
    pt = clusters.pt
    order = np.lexsort((-pt, clusters.event))
    sorted_event = clusters.event[order]
    rank = np.empty(len(clusters), np.int64)
    rank[order] = np.arange(len(order)) - np.searchsorted(sorted_event, sorted_event)
    inside = (pt < selection.pt_max) & (np.abs(clusters.eta) < selection.eta_max)
    return np.flatnonzero((rank < _LEADING) & inside)


def sorted_members(
    clusters: Clusters, objects: Objects, chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Objects of the chosen jets, by jet and falling pT, and the bounds (J + 1,) between jets."""
    place = np.full(len(clusters), -1)
    place[chosen] = np.arange(len(chosen))
    jet = place[clusters.jet_of]
    member, jet = clusters.member[jet >= 0], jet[jet >= 0]
    order = np.lexsort((-np.hypot(objects.px[member], objects.py[member]), jet))
    bounds = np.concatenate([[0], np.cumsum(np.bincount(jet, minlength=len(chosen)))])
    return member[order], bounds


def padded(
    objects: Objects, members: NDArray[np.int64], bounds: NDArray[np.int64], width: int
) -> NDArray[Any]:
    """(J, width) constituents of jets given by their members, cut or padded with zeros."""
    jet = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    column = np.arange(len(members)) - bounds[jet]
    kept = column < width
    rows, where = members[kept], (jet[kept], column[kept])
    pt = np.hypot(objects.px[rows], objects.py[rows])
    flat = np.zeros(len(rows), CONSTITUENT_DTYPE)
    flat["pt"], flat["energy"] = pt, objects.energy[rows]
    flat["eta"], flat["phi"] = (
        np.arcsinh(objects.pz[rows] / pt),
        np.arctan2(objects.py[rows], objects.px[rows]),
    )
    flat["charge"], flat["kind"], flat["valid"] = objects.charge[rows], objects.kind[rows], True
    constituents = np.zeros((len(bounds) - 1, width), CONSTITUENT_DTYPE)
    constituents[where] = flat
    return constituents
