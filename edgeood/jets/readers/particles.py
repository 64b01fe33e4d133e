"""Charge and kind of particles, as public files tell them: PDG codes, or one column for each."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import CHARGED_HADRON, ELECTRON, MUON, NEUTRAL_HADRON, PHOTON

_LEPTONS = (11, 13)
_KINDS = {
    **{11: ELECTRON, 13: MUON, 22: PHOTON},
    **dict.fromkeys((211, 321, 2212, 3112, 3222, 3312, 3334), CHARGED_HADRON),
    **dict.fromkeys((111, 130, 310, 311, 2112, 3122, 3212, 3322), NEUTRAL_HADRON),
}
_NEGATIVE = (11, 13, 3112, 3312, 3334)
"""Particles with positive codes and negative charge."""
_CHARGED = (11, 13, 211, 321, 2212, 3112, 3222, 3312, 3334)
_FLAGS = (CHARGED_HADRON, NEUTRAL_HADRON, PHOTON, ELECTRON, MUON)
"""In the order of JetClass's columns."""


def whole_codes(
    path: Path, codes: NDArray[Any], valid: NDArray[np.bool_], first: int = 0
) -> NDArray[np.int64]:
    """PDG codes (N, P) of a file's rows from ``first`` on as integers, 0 where not ``valid``.

    Raises :class:`EdgeoodError` unless they are whole.
    """
    codes = np.where(valid, codes, 0)
    good = (np.abs(codes) < 2**31) & (np.floor(codes) == codes)
    if not good.all():
        row, entry = map(int, np.argwhere(~good)[0])
        raise EdgeoodError(
            f"{path}: jet {first + row} has a particle with the PDG code {codes[row, entry]}; "
            "it should be whole (EnergyFlow: without remap_pids)."
        )
    return codes.astype(np.int64)


def identities_of_pdg(codes: NDArray[np.int64]) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Charge and kind of PDG codes of any shape, 0 for codes that detectors' particles do not have."""
    size = np.abs(codes)
    kind = np.zeros(codes.shape, np.int8)
    for code, value in _KINDS.items():
        kind[size == code] = value
    sign = np.where(np.isin(size, _NEGATIVE), -1, 1) * np.sign(codes)
    return np.where(np.isin(size, _CHARGED), sign, 0).astype(np.int8), kind


def identities_of_flags(
    path: Path, charge: NDArray[Any], flags: NDArray[Any], valid: NDArray[np.bool_], first: int = 0
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Charge and kind (N, P) of columns: the charge (N, P), and (N, 5, P) flags in the order of JetClass.

    ``first`` is the file's row of the first jet.

    Raises :class:`EdgeoodError` unless charges are −1, 0 or 1 and flags 0 or 1, one of them at most.
    """
    charge, flags = np.where(valid, charge, 0), np.where(valid[:, None], flags, 0)
    good = np.isin(charge, (-1, 0, 1)) & np.isin(flags, (0, 1)).all(axis=1) & (flags.sum(axis=1) <= 1)
    if not good.all():
        row = int((~good).any(axis=1).argmax())
        raise EdgeoodError(
            f"{path}: jet {first + row} has a particle without a single kind or with an impossible charge; "
            "write JetClass's features, not scaled."
        )
    kind = (flags * np.array(_FLAGS)[:, None]).sum(axis=1)
    return charge.astype(np.int8), kind.astype(np.int8)
