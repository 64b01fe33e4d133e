"""The mass of a jet from its trigger candidates alone, in integers: what a chip knows without another input.

Massless candidates have m² = 2 Σ_{i<j} pT_i pT_j (cosh Δη_ij − cos Δφ_ij). Angles are integers of few bits, so that
cosh − 1 and 1 − cos stand in tables, and no square root is needed where bins of mass are bins of m².
"""

import numpy as np
from numpy.typing import NDArray

from edgeood.inputs.trigger_candidates import ANGLE_FRACTION, FIRST_ANGLE, PT, PT_FRACTION

TABLE_FRACTION = 16
"""Fraction bits of the tables."""
_JETS_AT_ONCE = 4096


def angle_tables(angle_step: float, angle_bits: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(2^bits,) integers of cosh x − 1 and of 1 − cos x for differences x of 0, 1, … steps of ``angle_step``."""
    x = np.arange(2**angle_bits) * angle_step
    scale = 2.0**TABLE_FRACTION
    return np.rint((np.cosh(x) - 1) * scale).astype(np.int64), np.rint((1 - np.cos(x)) * scale).astype(
        np.int64
    )


def candidate_mass_squared(
    candidates: NDArray[np.float32], angle_step: float, angle_bits: int
) -> NDArray[np.int64]:
    """(N,) integers of m² of (N, P, F) candidates (:mod:`edgeood.inputs.trigger_candidates`).

    They count steps of the squared step of pT, times 2^(1 − :data:`TABLE_FRACTION`). Exact: with 14 bits of pT and the
    tables of 9 bits of π/720, the sum over 128 candidates has less than 63 bits.
    """
    coshes, cosines = angle_tables(angle_step, angle_bits)
    result = np.empty(len(candidates), np.int64)
    first, second = np.triu_indices(candidates.shape[1], 1)
    for start in range(0, len(candidates), _JETS_AT_ONCE):
        some = slice(start, start + _JETS_AT_ONCE)
        part = candidates[some].astype(np.float64)
        pt = np.rint(part[..., PT] * 2.0**PT_FRACTION).astype(np.int64)
        eta, phi = (
            np.rint(part[..., FIRST_ANGLE + i] * 2.0**ANGLE_FRACTION).astype(np.int64) for i in (0, 1)
        )
        angles = (
            coshes[np.abs(eta[:, first] - eta[:, second])] + cosines[np.abs(phi[:, first] - phi[:, second])]
        )
        result[some] = (pt[:, first] * pt[:, second] * angles).sum(axis=1)
    return result


def candidate_mass_gev(
    candidates: NDArray[np.float32], angle_step: float, angle_bits: int, pt_step_gev: float
) -> NDArray[np.float64]:
    """(N,) masses in GeV that :func:`candidate_mass_squared` stands for."""
    squared = candidate_mass_squared(candidates, angle_step, angle_bits)
    result: NDArray[np.float64] = pt_step_gev * np.sqrt(squared * 2.0 ** (1 - TABLE_FRACTION))
    return result
