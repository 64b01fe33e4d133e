"""EnergyFlow's quark and gluon jets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import Jets
from edgeood.jets.readers.bounds import ArchivedArray, archive_of
from edgeood.jets.readers.labels import Classes, of_numbers, unlabelled
from edgeood.jets.readers.momenta import unchecked_jets
from edgeood.jets.readers.particles import whole_codes
from edgeood.jets.readers.protocol import Reader, blocks

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


def iterate(path: Path, batch: int) -> Iterator[Jets]:
    """``X`` (N, P, 4) of pT, rapidity, φ and PDG code, and ``y`` (N,), 1 for quarks.

    Without ``y`` they are of the process "unknown"; without codes, or with 0 for each, particles are massless.
    """
    with archive_of(path) as (archive, names):
        if "X" not in names:
            raise EdgeoodError(f"{path} has no 'X'; choose a file of this data set.")
        particles = ArchivedArray(path, archive, "X", "N, P, F")
        is_quark = ArchivedArray(path, archive, "y", "N", "N, 1") if "y" in names else None
        if particles.shape[2] not in (3, 4):
            raise EdgeoodError(
                f"{path}: 'X' has {particles.shape[2]} columns; it should be pT, rapidity, φ, PDG code."
            )
        if is_quark is not None and len(is_quark) != len(particles):
            raise EdgeoodError(
                f"{path}: 'X' has {len(particles)} jets and 'y' {len(is_quark)}; download it again."
            )
        for rows in blocks(len(particles), batch, particles.shape[1]):
            count = rows.stop - rows.start
            momenta, codes = _momenta(path, particles.next_rows(count), rows.start)
            classes = unlabelled(count)
            if is_quark is not None:
                numbers = is_quark.next_rows(count).reshape(-1)
                classes = Classes(of_numbers(path, "y", numbers, 2, rows.start), ("gluon", "quark"), (0, 0))
            yield unchecked_jets(
                momenta,
                classes.index,
                classes.names,
                classes.truth,
                codes,
                first=rows.start,
                source=str(path),
            )


def _momenta(
    path: Path, particles: NDArray[Any], first: int
) -> tuple[NDArray[np.float64], NDArray[np.int64] | None]:
    """(n, P, 4) as (E, px, py, pz), and codes (n, P) if there are any."""
    pt, rapidity, phi = np.moveaxis(particles[..., :3].astype(np.float64), 2, 0)
    codes = None
    transverse = pt
    if particles.shape[2] == 4:
        codes = whole_codes(path, particles[..., 3], pt > 0, first)
        mass = np.zeros(codes.shape)
        for code, value in _MASSES_GEV.items():
            mass[np.abs(codes) == code] = value
        transverse = np.hypot(pt, mass)
    transverse = np.where(pt > 0, transverse, np.where(np.isnan(pt), np.nan, 0))
    # Impossible rapidities are told as the energies that they give.
    with np.errstate(over="ignore", invalid="ignore"):
        axes = [
            transverse * np.cosh(rapidity),
            pt * np.cos(phi),
            pt * np.sin(phi),
            transverse * np.sinh(rapidity),
        ]
    return np.stack(axes, axis=2), codes


def _recognise(path: Path) -> bool:
    with archive_of(path) as (archive, names):
        return "X" in names and ArchivedArray(path, archive, "X", "N, P, F").shape[2] in (3, 4)


def _count(path: Path) -> int | None:
    with archive_of(path) as (archive, _):
        return len(ArchivedArray(path, archive, "X", "N, P, F"))


READER = Reader(
    "EnergyFlow quark and gluon jets (Zenodo 3164691, 3066475)",
    "npz",
    _recognise,
    iterate,
    _count,
    truth="quark, gluon",
    identities="PDG codes, if `X` has four columns; not remapped",
)
