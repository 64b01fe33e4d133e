"""Padded four-momenta → jets: what every reader ends with, and all that a reader of one's own needs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import CONSTITUENT_DTYPE, JET_DTYPE, Jets, jets_of_momenta
from edgeood.jets.readers.particles import identities_of_pdg
from edgeood.jets.soundness.in_memory import check

_BLOCK = 8192
"""Jets made at once: momenta in double precision take several times the memory of the jets."""


def jets_from_momenta(
    momenta: ArrayLike,
    process: ArrayLike = 0,
    processes: tuple[str, ...] = ("unknown",),
    labels: tuple[int, ...] = (-1,),
    source: str = "momenta",
    pdg: ArrayLike | None = None,
    identities: tuple[ArrayLike, ArrayLike] | None = None,
    fields: Mapping[str, ArrayLike] | None = None,
) -> Jets:
    """Checked jets from padded four-momenta; their kinematics are the sums of their constituents.

    Parameters
    ----------
    momenta : (N, P, 4) as (E, px, py, pz) in GeV, in any order; entries without pT are padding
    process : (N,) index into ``processes``, or one for all
    processes : names, as recipes' classes and signals have them
    labels : truth class of every process (``docs/jets.md``); −1 is none
    source : what an error's sentence begins with, as a file's name
    pdg : (N, P) PDG codes, which give charge and kind
    identities : charge (N, P) and kind (N, P), instead of codes
    fields : (N,) values of jets' fields that are known besides, as ``event``, ``softdrop_mass``, ``tau1``

    Raises :class:`EdgeoodError` naming ``source`` where shapes do not fit or a jet is unsound.
    """
    made = unchecked_jets(momenta, process, processes, labels, pdg, identities, fields, source=source)
    check(made, source)
    return made


def unchecked_jets(
    momenta: ArrayLike,
    process: ArrayLike = 0,
    processes: tuple[str, ...] = ("unknown",),
    labels: tuple[int, ...] = (-1,),
    pdg: ArrayLike | None = None,
    identities: tuple[ArrayLike, ArrayLike] | None = None,
    fields: Mapping[str, ArrayLike] | None = None,
    *,
    first: int = 0,
    source: str = "momenta",
) -> Jets:
    """What :func:`jets_from_momenta` makes, not yet checked; ``first`` is the row, and event, of the first."""
    momenta = np.asarray(momenta)
    _check_shapes(momenta, np.asarray(process), processes, labels, source)
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
    jets["process"], jets["event"] = process, first + np.arange(len(jets))
    jets["label"] = np.array(labels)[np.asarray(process)]
    with np.errstate(over="ignore", invalid="ignore"):
        for field, known in (fields or {}).items():
            jets[field] = np.asarray(known)
    return Jets(jets, constituents, tuple(processes))


def _check_shapes(
    momenta: NDArray[Any],
    process: NDArray[Any],
    processes: tuple[str, ...],
    labels: tuple[int, ...],
    source: str,
) -> None:
    if momenta.ndim != 3 or momenta.shape[2] != 4 or momenta.dtype.kind not in "iuf":
        raise EdgeoodError(
            f"{source}: the momenta are of shape {momenta.shape} and type {momenta.dtype}; give (N, P, 4) real "
            "numbers, E, px, py, pz."
        )
    if process.ndim and process.shape != momenta.shape[:1]:
        raise EdgeoodError(
            f"{source}: there are {len(momenta)} jets and processes of shape {process.shape}; give one for each."
        )
    if len(labels) != len(processes) or not 0 <= process.min(initial=0) <= process.max(initial=0) < len(
        labels
    ):
        raise EdgeoodError(
            f"{source}: {len(processes)} processes have {len(labels)} labels, and jets the indices "
            f"{process.min(initial=0)} to {process.max(initial=0)}; name and label every process."
        )


def four_momenta(
    pt: NDArray[Any], eta: NDArray[Any], phi: NDArray[Any], mass: NDArray[Any] | float = 0.0
) -> NDArray[np.float64]:
    """(…, 4) as (E, px, py, pz) of pT, pseudorapidity, azimuth and mass (…); GeV, radians. No pT gives zeros."""
    pt, eta, phi, mass = (np.asarray(column, np.float64) for column in (pt, eta, phi, mass))
    # Impossible angles are told as the energies that they give.
    with np.errstate(over="ignore", invalid="ignore"):
        pz = pt * np.sinh(eta)
        made = np.stack([np.hypot(np.hypot(pt, pz), mass), pt * np.cos(phi), pt * np.sin(phi), pz], axis=-1)
    return np.where((pt > 0)[..., None] | np.isnan(pt)[..., None], made, 0.0)


def padded(values: NDArray[Any], counts: NDArray[np.int64], width: int) -> NDArray[Any]:
    """(n, width, …) rows of ``counts`` (n,) entries each, one after another in ``values``, filled up with zeros."""
    rows = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    made = np.zeros((len(counts), width, *values.shape[1:]), values.dtype)
    made[rows, np.arange(len(rows)) - starts[rows]] = values
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
