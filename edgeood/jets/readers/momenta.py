"""Padded four-momenta and PDG codes → jets: what every reader ends with, and all that a reader of one's own needs."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.jets.checks import check
from edgeood.jets.layout import (
    CHARGED_HADRON,
    CONSTITUENT_DTYPE,
    ELECTRON,
    MUON,
    NEUTRAL_HADRON,
    PHOTON,
    Jets,
    jets_of_momenta,
)

_CHARGED = (11, 13, 211, 321, 2212)


def jets_from_momenta(
    momenta: ArrayLike,
    process: ArrayLike,
    processes: tuple[str, ...],
    labels: tuple[int, ...],
    source: str,
    pdg: ArrayLike | None = None,
) -> Jets:
    """Jets from padded four-momenta (N, P, 4) as (E, px, py, pz), GeV; entries without pT are padding.

    ``process`` (N,) indexes ``processes``, and ``labels`` are their truth classes. ``pdg`` (N, P) gives
    charges and kinds. Raises :class:`EdgeoodError` naming ``source`` where a jet is unsound.
    """
    momenta = np.asarray(momenta, np.float64)
    pt = np.hypot(momenta[..., 1], momenta[..., 2])
    # Not-a-number goes to the front, where it does not pass for padding.
    order = np.argsort(np.where(np.isnan(pt), -np.inf, -pt), axis=1, kind="stable")
    pt = np.take_along_axis(pt, order, axis=1)
    energy, px, py, pz = np.moveaxis(np.take_along_axis(momenta, order[..., None], axis=1), 2, 0)
    valid = (pt > 0) | np.isnan(pt)
    constituents = np.zeros(pt.shape, CONSTITUENT_DTYPE)
    constituents["valid"] = valid
    constituents["pt"], constituents["energy"] = pt, np.where(valid, energy, 0)
    constituents["eta"] = np.where(valid, np.arcsinh(pz / np.where(valid, pt, 1)), 0)
    constituents["phi"] = np.where(valid, np.arctan2(py, px), 0)
    if pdg is not None:
        sorted_pdg = np.where(valid, np.take_along_axis(np.asarray(pdg, np.int64), order, axis=1), 0)
        constituents["charge"], constituents["kind"] = _charge(sorted_pdg), _kind(sorted_pdg)

    total = [np.where(valid, column, 0).sum(axis=1) for column in (energy, px, py, pz)]
    jets = jets_of_momenta(np.stack(total, axis=1))
    jets["process"], jets["event"] = process, np.arange(len(jets))
    jets["label"] = np.array(labels)[np.asarray(process)]
    jets["n_constituents"] = valid.sum(axis=1)
    made = Jets(jets, constituents, processes)
    check(made, source)
    return made


def _kind(pdg: NDArray[np.int64]) -> NDArray[np.int8]:
    kinds = {11: ELECTRON, 13: MUON, 22: PHOTON, **dict.fromkeys((211, 321, 2212), CHARGED_HADRON)}
    kinds |= dict.fromkeys((130, 310, 2112), NEUTRAL_HADRON)
    kind = np.zeros(pdg.shape, np.int8)
    for code, value in kinds.items():
        kind[np.abs(pdg) == code] = value
    return kind


def _charge(pdg: NDArray[np.int64]) -> NDArray[np.int8]:
    # Electrons and muons with positive numbers are negative.
    sign = np.where(np.isin(np.abs(pdg), (11, 13)), -1, 1) * np.sign(pdg)
    return np.where(np.isin(np.abs(pdg), _CHARGED), sign, 0).astype(np.int8)
