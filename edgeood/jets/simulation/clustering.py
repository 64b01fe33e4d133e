"""Jets of many events at once: anti-kT clustering with FastJet.

Calls FastJet's array interface directly: 0.2 ms an event, against 1 ms through its object classes.
"""

from dataclasses import dataclass
from typing import Any

import fastjet
import numpy as np
from fastjet import _ext
from numpy.typing import NDArray

from edgeood.jets.simulation.detector import Objects
from edgeood.jets.simulation.processes import JetSelection

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# FastJet prints its banner to C's standard output otherwise.
fastjet._swig.ClusterSequence.set_fastjet_banner_stream(None)


@dataclass(frozen=True)
class Clusters:
    """Jets and their members: member ``i`` is object ``member[i]`` and belongs to jet ``jet_of[i]``.

    Kinematics are (J,); members (M,), sorted by jet.
    """

    event: Integers
    px: Floats
    py: Floats
    pz: Floats
    energy: Floats
    member: Integers
    jet_of: Integers

    def __len__(self) -> int:
        return len(self.event)

    @property
    def pt(self) -> Floats:
        """(J,) in GeV."""
        return np.hypot(self.px, self.py)

    @property
    def eta(self) -> Floats:
        """(J,) pseudorapidity."""
        return np.arcsinh(self.pz / self.pt)

    @property
    def phi(self) -> Floats:
        """(J,) azimuth in −π…π."""
        return np.arctan2(self.py, self.px)

    @property
    def mass(self) -> Floats:
        """(J,) in GeV; rounding below zero is cut off."""
        return np.sqrt(np.maximum(self.energy**2 - self.px**2 - self.py**2 - self.pz**2, 0.0))


def cluster(objects: Objects, rows: Any, bounds: Integers, definition: Any) -> Any:
    """FastJet's result for groups of objects: group ``j`` is ``rows[bounds[j]:bounds[j + 1]]`` (all rows: a slice)."""
    columns = (
        np.ascontiguousarray(values[rows]) for values in (objects.px, objects.py, objects.pz, objects.energy)
    )
    edges = bounds.astype(np.int32)
    return _ext.interfacemulti(*columns, edges[:-1].copy(), edges[1:].copy(), definition)


def anti_kt(objects: Objects, events: int, selection: JetSelection) -> Clusters:
    """Anti-kT jets above the selection's lower pT, event by event in FastJet's order."""
    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, selection.radius)
    bounds = np.searchsorted(objects.event, np.arange(events + 1))
    result = cluster(objects, slice(None), bounds, definition)
    offsets, members, jet_bounds = result.to_numpy_with_constituents(selection.pt_min)
    event = np.repeat(np.arange(events), np.diff(jet_bounds))
    jet_of = np.repeat(np.arange(len(event)), np.diff(offsets))
    # FastJet leaves uninitialised memory behind the last offset.
    member = members[: offsets[-1]].astype(np.int64) + bounds[event[jet_of]]
    px, py, pz, energy = (
        np.bincount(jet_of, values[member], len(event)).astype(np.float64)
        for values in (objects.px, objects.py, objects.pz, objects.energy)
    )
    return Clusters(event, px, py, pz, energy, member, jet_of)
