"""The anomaly test sets of Cheng et al., and their QCD background."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.opening import data_set, open_hdf5, told
from edgeood.jets.hdf5.storage import MOST_CONSTITUENTS
from edgeood.jets.layout import Jets
from edgeood.jets.readers.bounds import check_array, hdf5_rows
from edgeood.jets.readers.momenta import padded, unchecked_jets
from edgeood.jets.readers.protocol import Reader, always, blocks

_GROUP = "objects/jets"
_WIDTH = 200
_TAUS = 5
"""Index of τ1 … τ4 is 4 … 7 of pT, η, φ, m, τ1 … τ5."""


def iterate(path: Path, batch: int) -> Iterator[Jets]:
    """Jets of rank j of every event, ``objects/jets/constituents`` (N, J): E, px, py, pz of one after another.

    ``objects/jets/obs`` (N, J, 9) has pT, η, φ, mass and τ1 … τ5. Jets of an event have its row as event; ranks that an
    event lacks have no constituents, and are left out.
    """
    with open_hdf5(path) as file, told(path):
        constituents = data_set(path, file, f"{_GROUP}/constituents")
        observables = hdf5_rows(path, file, f"{_GROUP}/obs", None)
        if constituents is None or constituents.ndim not in (2, 3) or not len(constituents):
            raise EdgeoodError(
                f"{path} has no '{_GROUP}/constituents' (N, J); choose a file of this data set."
            )
        if observables is not None:
            check_array(path, "obs", observables.shape, observables.dtype, "N, J, F")
            if observables.shape[:2] != constituents.shape[:2]:
                raise EdgeoodError(
                    f"{path}: 'constituents' has shape {constituents.shape} and 'obs' {observables.shape}; "
                    "download it again."
                )
        ranks = constituents.shape[1]
        for rows in blocks(len(constituents), max(1, batch // ranks), _WIDTH * ranks):
            momenta, there = _momenta(path, constituents[rows], rows.start)
            events, rank = np.nonzero(there)
            fields: dict[str, NDArray[Any]] = {"event": rows.start + events}
            if observables is not None and observables.shape[2] >= 4 + _TAUS - 1:
                known = observables[rows][events, rank].astype(np.float32)
                fields |= {f"tau{n}": known[:, 3 + n] for n in (1, 2, 3, 4)}
            yield unchecked_jets(momenta, fields=fields, source=str(path))


def _momenta(path: Path, block: NDArray[Any], first: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(n, P, 4) of the jets that are there, and (events, ranks) which those are."""
    if block.dtype.kind != "O":
        flat = block.reshape(*block.shape[:2], -1).astype(np.float64)
        if flat.shape[2] % 4:
            raise EdgeoodError(f"{path}: 'constituents' has shape {block.shape}; it should be (N, J, 4·P).")
        four = flat.reshape(*block.shape[:2], -1, 4)
        there = (four != 0).any(axis=(2, 3))
        return four[there], there
    sizes = np.array([[np.size(one) for one in row] for row in block], np.int64)
    if (sizes % 4).any():
        event = first + int((sizes % 4).any(axis=1).argmax())
        raise EdgeoodError(
            f"{path}: event {event} has a jet whose constituents are not E, px, py, pz each; download it again."
        )
    counts = sizes // 4
    if (largest := int(counts.max(initial=0))) > MOST_CONSTITUENTS:
        raise EdgeoodError(
            f"{path}: a jet has {largest} constituents, more than {MOST_CONSTITUENTS}; keep the leading ones."
        )
    there = counts > 0
    parts = [np.asarray(one, np.float64).reshape(-1, 4) for one in block[there]]
    flat = np.concatenate([*parts, np.zeros((0, 4))])
    return padded(flat, counts[there], max(largest, 1)), there


def _recognise(path: Path) -> bool:
    with open_hdf5(path) as file:
        return data_set(path, file, f"{_GROUP}/constituents") is not None


READER = Reader(
    "anomaly test sets and QCD of Cheng et al. (Zenodo 4614656, 3901833, 4641460)",
    "hdf5",
    _recognise,
    iterate,
    tells_events=always,
    truth="no: a file is of one process, which `--process` names",
    substructure="N-subjettiness; no soft-drop mass",
    lacks="identities",
)
