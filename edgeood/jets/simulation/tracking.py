"""Charged particles in a CMS-like tracker: efficiency, momentum resolution, bending in the field.

Parameters are those of the CMS card of Delphes 3 (de Favereau et al., JHEP 02 (2014) 057,
``cards/delphes_card_CMS.tcl``); electrons and muons get the momentum resolution of hadrons.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MAGNETIC_FIELD = 3.8
"""Tesla, along the beams."""
CALORIMETER_RADIUS = 1.29
"""Metres from the beams to the barrel's face."""
ACCEPTANCE = 2.5
"""Largest |η| of a track."""
LEAST_PT = 0.1
"""GeV."""


def log_normal(mean: Floats, sigma: Floats, rng: np.random.Generator) -> Floats:
    """Positive random numbers of these means and standard deviations (Delphes' ``LogNormal``)."""
    squared = np.log1p((sigma / mean) ** 2)
    return np.exp(np.log(mean) - 0.5 * squared + np.sqrt(squared) * rng.standard_normal(len(mean)))


def efficiency(pt: Floats, eta: Floats, electron: Flags, muon: Flags) -> Floats:
    """(N,) probability that a charged particle leaves a track."""
    barrel, hard = np.abs(eta) <= 1.5, pt > 1.0
    hadrons = np.where(barrel, np.where(hard, 0.95, 0.70), np.where(hard, 0.85, 0.60))
    electrons = np.where(barrel, np.where(hard, 0.95, 0.73), np.where(hard, 0.85, 0.50))
    muons = np.where(barrel, np.where(hard, 0.99, 0.75), np.where(hard, 0.98, 0.70))
    chosen = np.where(electron, electrons, np.where(muon, muons, hadrons))
    return np.where((np.abs(eta) <= ACCEPTANCE) & (pt > LEAST_PT), chosen, 0.0)


def relative_resolution(pt: Floats, eta: Floats) -> Floats:
    """(N,) σ(pT)/pT: a constant from scattering and a term from the sagitta, growing with pT."""
    size = np.abs(eta)
    constant = np.where(size <= 0.5, 0.01, np.where(size <= 1.5, 0.015, 0.025))
    slope = np.where(size <= 0.5, 1.0e-4, np.where(size <= 1.5, 1.5e-4, 3.5e-4))
    return np.hypot(constant, slope * pt)


def bent_phi(pt: Floats, phi: Floats, charge: NDArray[np.int8]) -> tuple[Floats, Flags]:
    """Azimuth at which particles from the beam line enter the calorimeter, and whether they get there.

    A helix of radius r = pT / (0.3 B) (GeV, T, m) reaches the distance R at the azimuth φ − q·asin(R / 2r),
    unless 2r < R: the particle curls up inside (pT below 0.74 GeV).
    """
    sine = 0.15 * MAGNETIC_FIELD * CALORIMETER_RADIUS * charge / np.maximum(pt, 1e-9)
    reaches = np.abs(sine) < 1
    turned = phi - np.where(reaches, np.arcsin(np.clip(sine, -1, 1)), 0.0)
    return (turned + np.pi) % (2 * np.pi) - np.pi, reaches
