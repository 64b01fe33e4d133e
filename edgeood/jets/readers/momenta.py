"""Padded four-momenta → jets: what every reader ends with, and all that a reader of one's own needs."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.jets.layout import CONSTITUENT_DTYPE, JET_DTYPE, Jets, jets_of_momenta
from edgeood.jets.readers.particles import identities_of_pdg
from edgeood.jets.soundness.in_memory import check

_BLOCK = 8192
"""Jets made at once: momenta in double precision take several times the memory of the jets."""


def jets_from_momenta(
    momenta: ArrayLike,
    process: ArrayLike,
    processes: tuple[str, ...],
    labels: tuple[int, ...],
    source: str,
    pdg: ArrayLike | None = None,
    identities: tuple[ArrayLike, ArrayLike] | None = None,
) -> Jets:
    """Jets from padded four-momenta (N, P, 4) as (E, px, py, pz), GeV; entries without pT are padding.

    ``process`` (N,) indexes ``processes``, and ``labels`` are their truth classes. ``pdg`` (N, P) gives charges
    and kinds, or ``identities`` are both (N, P). Raises :class:`EdgeoodError` naming ``source`` where a jet is unsound.
    """
    momenta = np.asarray(momenta)
    if pdg is not None:
        identities = identities_of_pdg(np.asarray(pdg, np.int64))
    charge, kind = map(np.asarray, identities or (None, None))
    jets, constituents = np.zeros(len(momenta), JET_DTYPE), np.zeros(momenta.shape[:2], CONSTITUENT_DTYPE)
    for start in range(0, len(momenta), _BLOCK):
        rows = slice(start, start + _BLOCK)
        order, jets[rows] = _fill(constituents[rows], np.asarray(momenta[rows], np.float64))
        if identities:
            for field, values in (("charge", charge), ("kind", kind)):
                in_order = np.take_along_axis(values[rows], order, axis=1)
                constituents[field][rows] = np.where(constituents["valid"][rows], in_order, 0)
    jets["process"], jets["event"] = process, np.arange(len(jets))
    jets["label"] = np.array(labels)[np.asarray(process)]
    made = Jets(jets, constituents, processes)
    check(made, source)
    return made


def _fill(
    constituents: NDArray[np.void], momenta: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.void]]:
    """Fill in constituents (n, P), falling in pT, and give the order (n, P) and the jets that they sum to (n,)."""
    pt = np.hypot(momenta[..., 1], momenta[..., 2])
    # Not-a-number goes to the front, where it does not pass for padding.
    order = np.argsort(np.where(np.isnan(pt), -np.inf, -pt), axis=1, kind="stable")
    pt = np.take_along_axis(pt, order, axis=1)
    energy, px, py, pz = np.moveaxis(np.take_along_axis(momenta, order[..., None], axis=1), 2, 0)
    valid = (pt > 0) | np.isnan(pt)
    constituents["valid"] = valid
    # What is beyond single precision is infinite there, and told as that.
    with np.errstate(over="ignore", invalid="ignore"):
        constituents["pt"], constituents["energy"] = pt, np.where(valid, energy, 0)
        constituents["eta"] = np.where(valid, np.arcsinh(pz / np.where(valid, pt, 1)), 0)
        constituents["phi"] = np.where(valid, np.arctan2(py, px), 0)
        total = [np.where(valid, column, 0).sum(axis=1) for column in (energy, px, py, pz)]
        jets = jets_of_momenta(np.stack(total, axis=1))
    jets["n_constituents"] = valid.sum(axis=1)
    return order, jets
