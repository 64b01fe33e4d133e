"""EnergyFlow's quark and gluon jets."""

from pathlib import Path

import numpy as np

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import Jets
from edgeood.jets.readers.bounds import read_npz
from edgeood.jets.readers.labels import Classes, of_numbers, unlabelled
from edgeood.jets.readers.momenta import jets_from_momenta
from edgeood.jets.readers.particles import whole_codes

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
    """EnergyFlow quark and gluon jets (Zenodo 3164691): ``X`` of (pT, rapidity, φ, PDG code), ``y`` 1 for quarks.

    Without ``y`` they are of the process "unknown"; without codes, or with 0 for each, particles are massless.
    """
    particles, is_quark = read_npz(path, "X", "N, P, F"), read_npz(path, "y", "N", "N, 1")
    if particles is None:
        raise EdgeoodError(f"{path} has no 'X'; choose a file of this data set.")
    if particles.shape[2] not in (3, 4):
        raise EdgeoodError(
            f"{path}: 'X' has {particles.shape[2]} columns; it should be pT, rapidity, φ, PDG code."
        )
    if is_quark is not None and len(is_quark) != len(particles):
        raise EdgeoodError(
            f"{path}: 'X' has {len(particles)} jets and 'y' {len(is_quark)}; download it again."
        )
    pt, rapidity, phi = np.moveaxis(particles[..., :3].astype(np.float64), 2, 0)
    codes = None
    transverse = pt
    if particles.shape[2] == 4:
        codes = whole_codes(path, particles[..., 3], pt > 0)
        mass = np.zeros(codes.shape)
        for code, value in _MASSES_GEV.items():
            mass[np.abs(codes) == code] = value
        transverse = np.hypot(pt, mass)
    transverse = np.where(pt > 0, transverse, np.where(np.isnan(pt), np.nan, 0))
    # Impossible rapidities are told as the energies that they give.
    with np.errstate(over="ignore", invalid="ignore"):
        momenta = np.stack(
            [
                transverse * np.cosh(rapidity),
                pt * np.cos(phi),
                pt * np.sin(phi),
                transverse * np.sinh(rapidity),
            ],
            axis=2,
        )
    classes = unlabelled(len(momenta))
    if is_quark is not None:
        classes = Classes(of_numbers(path, "y", is_quark.reshape(-1), 2), ("gluon", "quark"), (0, 0))
    return jets_from_momenta(momenta, classes.index, classes.names, classes.truth, str(path), codes)
