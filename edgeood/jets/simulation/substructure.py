"""What is inside a jet: soft-drop mass and N-subjettiness, for many jets at once."""

from typing import Any

import fastjet
import numpy as np
from numpy.typing import NDArray

from edgeood.jets.simulation.clustering import cluster
from edgeood.jets.simulation.detector import Objects

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SOFT_DROP_CUT = 0.1
_CUTS = 4
"""Branches to cut trees into before they are made again."""
_LARGER_THAN_JETS = 5.0
"""A radius at which every group of objects becomes one jet."""
_ROUNDING = 1e-7


def substructure(
    objects: Objects, member: Integers, bounds: Integers, radius: float
) -> tuple[Floats, Floats]:
    """Soft-drop masses (J,) in GeV and N-subjettiness τ1…τ4 (J, 4) of jets given by their members.

    Jet ``j`` consists of the objects ``member[bounds[j]:bounds[j + 1]]``; ``radius`` is that of the jets.
    """
    return _soft_drop_mass(objects, member, bounds), _n_subjettiness(objects, member, bounds, radius)


def _n_subjettiness(objects: Objects, member: Integers, bounds: Integers, radius: float) -> Floats:
    """τ1…τ4 (Thaler & Van Tilburg, JHEP 02 (2012) 093), normalised, β = 1: Σ pT·min ΔR / (R·Σ pT).

    The axes are those of exclusive kT jets with the winner-take-all recombination (Larkoski, Neill & Thaler,
    JHEP 04 (2014) 017). One clustering serves all four: the numbers are those of FastJet's Njettiness with
    "WTA_KT_Axes", which takes three times as long. A jet of at most N objects has τN = 0.
    """
    definition = fastjet.JetDefinition(fastjet.kt_algorithm, _LARGER_THAN_JETS, fastjet.WTA_pt_scheme)
    clustered = cluster(objects, member, bounds, definition)
    jets = len(bounds) - 1
    row = np.repeat(np.arange(jets), np.diff(bounds))
    px, py, pz, energy = (axis[member] for axis in (objects.px, objects.py, objects.pz, objects.energy))
    pt, rapidity, phi = np.hypot(px, py), _rapidity(pz, energy), np.arctan2(py, px)
    scale = radius * np.bincount(row, pt, jets)
    tau = np.zeros((jets, 4))
    for count in range(1, 5):
        axis_px, axis_py, axis_pz, axis_energy, edges = clustered.to_numpy_exclusive_njet_up_to(count)
        owner = np.repeat(np.arange(jets), np.diff(edges))
        place = owner, np.arange(len(owner)) - np.asarray(edges)[owner]
        axis_rapidity, axis_phi = np.full((jets, count), np.inf), np.zeros((jets, count))
        axis_rapidity[place] = _rapidity(axis_pz, axis_energy)
        axis_phi[place] = np.arctan2(axis_py, axis_px)
        squared = np.full(len(row), np.inf)
        for index in range(count):
            turn = np.abs(phi - axis_phi[row, index])
            turn = np.minimum(turn, 2 * np.pi - turn)
            squared = np.minimum(squared, (rapidity - axis_rapidity[row, index]) ** 2 + turn**2)
        tau[:, count - 1] = np.bincount(row, pt * np.sqrt(squared), jets) / scale
    # What rounding leaves of a distance of zero.
    return np.where(tau < _ROUNDING, 0.0, tau)


def _rapidity(pz: Floats, energy: Floats) -> Floats:
    return np.arctanh(np.asarray(pz) / np.asarray(energy))


def _soft_drop_mass(objects: Objects, member: Integers, bounds: Integers) -> Floats:
    """Masses after soft drop (Larkoski et al., JHEP 05 (2014) 146) with β = 0 and z > 0.1.

    The trees of all jets are cut into 2, 3, … branches at once. Where the branch that we follow has come
    apart, its softer part passes the cut, and we are done, or is dropped. After a few cuts, what we still
    follow is clustered again (a branch of a Cambridge/Aachen tree clusters into itself). The numbers are
    those of FastJet's SoftDrop, which takes four times as long. A single object has no mass left.
    """
    definition = fastjet.JetDefinition(fastjet.cambridge_algorithm, _LARGER_THAN_JETS)
    mass = np.zeros(len(bounds) - 1)
    jet = np.arange(len(mass))
    size = np.diff(bounds)
    while len(jet):
        if size.min() == 1:
            member, jet, size = member[np.repeat(size > 1, size)], jet[size > 1], size[size > 1]
            continue
        bounds = np.concatenate([[0], np.cumsum(size)])
        trees = cluster(objects, member, bounds, definition)
        row = np.repeat(np.arange(len(jet)), size)
        followed = np.ones(len(member), bool)
        for branches in range(2, min(_CUTS, size.min()) + 1):
            branch = _branch_of_member(trees, branches, bounds, row)
            momenta = _sums(
                objects, member[followed], (row * branches + branch)[followed], len(jet), branches
            )
            pt = np.hypot(momenta[0], momenta[1])
            apart = (pt > 0).sum(axis=1) == 2
            harder, softer = pt.max(axis=1), pt.sum(axis=1) - pt.max(axis=1)
            done = apart & (softer > SOFT_DROP_CUT * (harder + softer))
            total = momenta.sum(axis=2)
            squared = total[3] ** 2 - total[0] ** 2 - total[1] ** 2 - total[2] ** 2
            mass[jet[done]] = np.sqrt(np.maximum(squared[done], 0.0))
            followed &= ~done[row] & (branch == pt.argmax(axis=1)[row])
        member, row = member[followed], row[followed]
        size = np.bincount(row, minlength=len(jet))
        jet, size = jet[size > 0], size[size > 0]
    return mass


def _branch_of_member(trees: Any, branches: int, bounds: Integers, row: Integers) -> Integers:
    """(M,) branch 0…``branches`` − 1 of each member, its tree cut into so many."""
    offsets, members, _ = trees.to_numpy_exclusive_njet_with_constituents(branches)
    branch = np.empty(len(row), np.int64)
    label = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    branch[members[: offsets[-1]] + bounds[label // branches]] = label % branches
    return branch


def _sums(objects: Objects, member: Integers, group: Integers, jets: int, branches: int) -> Floats:
    """(4, jets, branches) summed px, py, pz, E."""
    columns = (objects.px, objects.py, objects.pz, objects.energy)
    sums = [np.bincount(group, column[member], jets * branches) for column in columns]
    return np.array(sums, np.float64).reshape(4, jets, branches)
