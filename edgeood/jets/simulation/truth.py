"""What a jet came from: the nearest heavy particle or hard parton of its event."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeood.jets.simulation.clustering import Clusters
from edgeood.jets.simulation.processes import Process

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Origins:
    """Particles that jets may come from, sorted by event. All (N,); GeV."""

    event: Integers
    pdg: NDArray[np.int32]
    eta: Floats
    phi: Floats
    mass: Floats


def nearest(origins: Origins, jets: Clusters, candidates: Integers) -> tuple[Integers, Floats]:
    """For each candidate jet (C,), the row of the nearest origin in its event and their ΔR.

    Events without an origin give row −1 and an infinite distance; ties go to the earlier row.
    """
    event = jets.event[candidates]
    first = np.searchsorted(origins.event, event)
    count = np.searchsorted(origins.event, event, "right") - first
    pair_of = np.repeat(np.arange(len(candidates)), count)
    start = np.cumsum(count) - count
    row = np.arange(len(pair_of)) - start[pair_of] + first[pair_of]
    turn = (origins.phi[row] - jets.phi[candidates][pair_of] + np.pi) % (2 * np.pi) - np.pi
    distance = np.hypot(origins.eta[row] - jets.eta[candidates][pair_of], turn)
    order = np.lexsort((distance, pair_of))
    best, closest = np.full(len(candidates), -1), np.full(len(candidates), np.inf)
    some = count > 0
    best[some], closest[some] = row[order[start[some]]], distance[order[start[some]]]
    return best, closest


def accepts(process: Process, pdg: Integers, distance: Floats) -> Flags:
    """(C,) whether jets with this nearest origin (|PDG id|, ΔR) belong to the process."""
    radius = process.selection.radius
    if process.contains:
        return distance < 0.75 * radius
    matched = distance < 0.5 * radius
    if process.partons:
        return matched & np.isin(pdg, process.partons)
    return ~(matched & np.isin(pdg, process.not_partons))
