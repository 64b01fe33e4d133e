"""What sees the particles of an event: the detector, a finer one, or nothing but the truth."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np

from edgeood.jets.layout import CHARGED_HADRON, ELECTRON, MUON, NEUTRAL_HADRON, PHOTON
from edgeood.jets.simulation.calorimeter import ECAL, HCAL, Calorimeter
from edgeood.jets.simulation.detector import ACCEPTANCE, Objects, Particles, respond

DetectorName = Literal["cms", "fine", "particles"]
"""``cms``: :mod:`edgeood.jets.simulation.detector`; ``fine``: the same with cells a fifth as wide; ``particles``: every
visible particle as it is."""
_TIMES_FINER = 5


def as_they_are(particles: Particles, rng: np.random.Generator) -> Objects:
    """Every visible particle within |η| < 3 with its own momentum, energy and kind: jets at particle level."""
    pt = np.maximum(np.hypot(particles.px, particles.py), 1e-9)
    seen = np.abs(np.arcsinh(particles.pz / pt)) < ACCEPTANCE
    pdg, charge = np.abs(particles.pdg[seen]), particles.charge[seen]
    kind = np.where(charge != 0, CHARGED_HADRON, NEUTRAL_HADRON)
    for code, known_as in ((22, PHOTON), (11, ELECTRON), (13, MUON)):
        kind[pdg == code] = known_as
    px, py, pz, energy = (own[seen] for own in (particles.px, particles.py, particles.pz, particles.energy))
    return Objects(particles.event[seen], px, py, pz, energy, kind.astype(np.int8), charge)


def _finer(calorimeter: Calorimeter) -> Calorimeter:
    cell, outer_cell = calorimeter.cell / _TIMES_FINER, calorimeter.outer_cell / _TIMES_FINER
    return replace(calorimeter, cell=cell, outer_cell=outer_cell)


RESPONSES: dict[DetectorName, Callable[[Particles, np.random.Generator], Objects]] = {
    "cms": respond,
    "fine": partial(respond, calorimeters=(_finer(ECAL), _finer(HCAL))),
    "particles": as_they_are,
}
