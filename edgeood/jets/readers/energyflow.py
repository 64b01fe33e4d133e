"""EnergyFlow's quark and gluon jets."""

from pathlib import Path

import numpy as np

from edgeood.jets.layout import Jets
from edgeood.jets.readers.momenta import jets_from_momenta
from edgeood.jets.readers.names import require

_MASSES_GEV = {
    11: 0.000511,
    13: 0.10566,
    22: 0.0,
    130: 0.49761,
    211: 0.13957,
    321: 0.49368,
    2112: 0.93957,
    2212: 0.93827,
}
"""By PDG code."""


def read_energyflow(path: Path) -> Jets:
    """EnergyFlow quark and gluon jets (Zenodo 3164691): ``X`` of (pT, rapidity, φ, PDG id), ``y`` 1 for quarks."""
    with np.load(path, allow_pickle=False) as file:
        require(path, file, ("X", "y"))
        particles, is_quark = file["X"].astype(np.float64), file["y"].astype(np.int64)
    pt, rapidity, phi, pdg = np.moveaxis(particles, 2, 0)
    codes = np.abs(pdg).astype(np.int64)
    mass = np.zeros(codes.shape)
    for code, value in _MASSES_GEV.items():
        mass[codes == code] = value
    transverse = np.where(pt > 0, np.hypot(pt, mass), 0)
    momenta = np.stack(
        [transverse * np.cosh(rapidity), pt * np.cos(phi), pt * np.sin(phi), transverse * np.sinh(rapidity)],
        axis=2,
    )
    return jets_from_momenta(momenta, is_quark, ("gluon", "quark"), (0, 0), str(path), pdg)
