"""Energy flow in one calorimeter: towers, resolution, and what is left when the tracks are subtracted.

The algorithm is Delphes 3's ``SimpleCalorimeter``, the parameters those of its CMS card
(``cards/delphes_card_CMS.tcl``); cells are squares of constant size instead of the card's HCAL rings.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeood.jets.layout import NEUTRAL_HADRON, PHOTON
from edgeood.jets.simulation.tracking import log_normal

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def ecal_resolution(energy: Floats, eta: Floats) -> Floats:
    """(N,) σ(E) in GeV of the electromagnetic calorimeter."""
    size = np.abs(eta)
    base = np.sqrt((0.008 * energy) ** 2 + 0.11**2 * energy + 0.40**2)
    endcap = (2.16 + 5.6 * (size - 2) ** 2) * base
    forward = np.sqrt((0.107 * energy) ** 2 + 2.08**2 * energy)
    return np.where(size <= 1.5, (1 + 0.64 * size**2) * base, np.where(size <= 2.5, endcap, forward))


def hcal_resolution(energy: Floats, eta: Floats) -> Floats:
    """(N,) σ(E) in GeV of the hadronic calorimeter."""
    central = np.sqrt((0.05 * energy) ** 2 + 1.5**2 * energy)
    forward = np.sqrt((0.13 * energy) ** 2 + 2.7**2 * energy)
    return np.where(np.abs(eta) <= 3.0, central, forward)


@dataclass(frozen=True)
class Calorimeter:
    """Square cells in (η, φ), and what a cell must hold to be seen."""

    kind: int
    """What a neutral excess is called: a value of a constituent's ``kind``."""
    cell: float
    outer_cell: float
    """Side of a cell beyond |η| = ``outer_eta``."""
    outer_eta: float
    least_energy: float
    """GeV in a tower."""
    least_significance: float
    """Tower energy over its resolution."""
    resolution: Callable[[Floats, Floats], Floats]


ECAL = Calorimeter(PHOTON, math.radians(1), math.radians(1), math.inf, 0.5, 2.0, ecal_resolution)
HCAL = Calorimeter(NEUTRAL_HADRON, math.radians(5), math.radians(10), 1.74, 1.0, 1.0, hcal_resolution)


@dataclass(frozen=True)
class Deposits:
    """Energy that particles leave in one calorimeter; ``track`` is the particle's track or −1. All (N,)."""

    event: Integers
    eta: Floats
    phi: Floats
    energy: Floats
    track: Integers


@dataclass(frozen=True)
class Neutrals:
    """Towers with more energy than their tracks explain. All (N,)."""

    event: Integers
    eta: Floats
    phi: Floats
    energy: Floats


_COLUMNS = 1024


def _cells(deposits: Deposits, calorimeter: Calorimeter) -> tuple[Integers, Integers, Floats, Floats, Floats]:
    """Cell of each deposit; event, lower η edge, lower φ edge and side of each cell."""
    outer = np.abs(deposits.eta) > calorimeter.outer_eta
    side = np.where(outer, calorimeter.outer_cell, calorimeter.cell)
    row = np.floor(deposits.eta / side).astype(np.int64) + _COLUMNS // 2
    column = np.floor((deposits.phi + np.pi) / side).astype(np.int64)
    key = ((deposits.event * 2 + outer) * _COLUMNS + row) * _COLUMNS + column
    cells, cell_of = np.unique(key, return_inverse=True)
    rest, column = np.divmod(cells, _COLUMNS)
    rest, row = np.divmod(rest, _COLUMNS)
    side = np.where(rest % 2 == 1, calorimeter.outer_cell, calorimeter.cell)
    return cell_of, rest // 2, (row - _COLUMNS // 2) * side, column * side - np.pi, side


def energy_flow(
    calorimeter: Calorimeter,
    deposits: Deposits,
    track_energy: Floats,
    track_sigma: Floats,
    rng: np.random.Generator,
) -> tuple[Neutrals, Floats]:
    """Neutral excesses of one calorimeter, and a factor for the energy of each track (T,).

    A tower's energy is smeared and suppressed as noise below its thresholds. Where it exceeds the sum of its
    tracks significantly, the excess is a neutral object; elsewhere tower and tracks measured the same, and
    the tracks are scaled to the average weighted by inverse variances. Positions are uniform in the cell.
    """
    cell_of, event, eta, phi, side = _cells(deposits, calorimeter)
    count = len(event)
    eta = eta + rng.random(count) * side
    phi = phi + rng.random(count) * side
    true = np.bincount(cell_of, deposits.energy, count).astype(np.float64)
    measured = log_normal(true, calorimeter.resolution(true, eta), rng)
    sigma = calorimeter.resolution(measured, eta)
    seen = (measured > calorimeter.least_energy) & (measured > calorimeter.least_significance * sigma)
    measured = np.where(seen, measured, 0.0)

    tracked = deposits.track >= 0
    cell, track = cell_of[tracked], deposits.track[tracked]
    track_sum = np.bincount(cell, track_energy[track], count)
    track_variance = np.bincount(cell, track_sigma[track] ** 2, count)
    excess = np.maximum(measured - track_sum, 0.0)
    significant = excess > calorimeter.least_significance * np.sqrt(track_variance + sigma**2)
    neutral = significant & (excess > calorimeter.least_energy)

    scale = np.ones(len(track_energy))
    agree = ~neutral & (track_sum > 0) & (measured > 0)
    by_track, by_tower = 1 / np.maximum(track_variance, 1e-12), 1 / sigma**2
    mean = (by_track * track_sum + by_tower * measured) / (by_track + by_tower)
    factor = np.where(agree, mean / np.maximum(track_sum, 1e-9), 1.0)
    scale[track] = factor[cell]
    return Neutrals(event[neutral], eta[neutral], phi[neutral], excess[neutral]), scale
