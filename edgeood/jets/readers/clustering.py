"""Jets of files that hold events: anti-kT jets of their particles (FastJet), the leading ones of every event."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.jets.readers.momenta import padded
from edgeood.jets.readers.needed import needed


@dataclass(frozen=True)
class EventJets:
    """The jets of some events, falling in pT in each."""

    event: NDArray[np.int64]
    """(J,) position of each jet's event"""
    particles: NDArray[np.int64]
    """(J, P) positions of its particles among those given, −1 for padding"""

    def of(self, values: NDArray[Any]) -> NDArray[Any]:
        """(J, P, …) of each jet's particles, zero in the padding."""
        empty = np.zeros((1, *values.shape[1:]), values.dtype)
        return np.concatenate([values, empty])[self.particles]


def leading_jets(
    path: Path,
    momenta: NDArray[np.float64],
    counts: NDArray[np.int64],
    radius: float,
    pt_min: float,
    most: int,
) -> EventJets:
    """Up to ``most`` anti-kT jets above ``pt_min`` GeV of every event.

    ``momenta`` (M, 4) as (E, px, py, pz) are those of all events, ``counts`` (n,) of each. Of particles that are no
    numbers FastJet makes none: they must be left out. ``path`` is told where FastJet is missing.
    """
    needed(path, "fastjet")
    from edgeood.jets.simulation.clustering import anti_kt
    from edgeood.jets.simulation.detector import Objects
    from edgeood.jets.simulation.processes import JetSelection

    energy, px, py, pz = (np.ascontiguousarray(column) for column in momenta.T)
    none = np.zeros(len(momenta), np.int8)
    event = np.repeat(np.arange(len(counts)), counts)
    objects = Objects(event, px, py, pz, energy, none, none)
    clusters = anti_kt(objects, len(counts), JetSelection(radius, pt_min, np.inf, np.inf))
    order = np.lexsort((-clusters.pt, clusters.event))
    begins = np.searchsorted(clusters.event[order], np.arange(len(counts)))
    rank = np.arange(len(order)) - begins[clusters.event[order]]
    chosen = order[rank < most]
    sizes = np.bincount(clusters.jet_of, minlength=len(clusters)).astype(np.int64)
    ends = np.cumsum(sizes)
    members = [clusters.member[ends[jet] - sizes[jet] : ends[jet]] for jet in chosen.tolist()]
    own = sizes[chosen]
    flat = np.concatenate([*members, np.zeros(0, np.int64)])
    particles = padded(flat + 1, own, int(own.max(initial=1))) - 1
    return EventJets(clusters.event[chosen], particles)
