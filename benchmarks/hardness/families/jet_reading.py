"""A second reading of jet files, without any of ours: what the HDF5 library says that a file holds."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from edgeood.jets.layout import CONSTITUENT_DTYPE, JET_DTYPE, Jets

USED = {"jets": ("pt", "eta", "phi", "mass"), "constituents": ("pt", "eta", "phi", "energy", "kind", "valid")}
"""What the networks here read of jets."""


def raw_tables(path: Path) -> dict[str, dict[str, NDArray[Any]]]:
    """Table → field → values, of the fields that jets of ours have."""
    layouts = {"jets": JET_DTYPE, "constituents": CONSTITUENT_DTYPE}
    found: dict[str, dict[str, NDArray[Any]]] = {}
    with h5py.File(path, "r") as file:
        for table, layout in layouts.items():
            names = [name for name in layout.names or () if name in file[table].dtype.names]
            rows = file[table].fields(names)[()]
            found[table] = {name: rows[name] for name in names}
    return found


def plain_jets(path: Path, sort: bool) -> Jets:
    """The jets of a file, converted with nothing but ``astype``."""
    raw = raw_tables(path)
    jets = np.zeros(len(raw["jets"]["pt"]), JET_DTYPE)
    constituents = np.zeros(raw["constituents"]["pt"].shape, CONSTITUENT_DTYPE)
    with np.errstate(all="ignore"):
        for table, filled in (("jets", jets), ("constituents", constituents)):
            for name in USED[table]:
                if name in raw[table]:
                    filled[name] = raw[table][name].astype(filled.dtype[name])
    constituents[~constituents["valid"]] = np.zeros((), CONSTITUENT_DTYPE)
    if sort:
        for row in constituents:
            row[:] = np.array(sorted(row, key=lambda one: -one["pt"] if one["valid"] else np.inf), row.dtype)
    return Jets(jets, constituents, ("jets",))


def differing_field(jets: Jets, path: Path) -> str | None:
    """A field of jets that were read by ours which is not what the file holds, rounded to single precision."""
    raw = raw_tables(path)
    valid = raw["constituents"]["valid"].astype(bool)
    for table, rows in (("jets", jets.jets), ("constituents", jets.constituents)):
        for name, values in raw[table].items():
            given, kept = values, rows[name]
            if table == "constituents":
                given, kept = given[valid], kept[valid]
            if rows.dtype[name].kind == "f":
                with np.errstate(all="ignore"):
                    given = given.astype(np.float32)
                same = np.array_equal(given, kept, equal_nan=True)
            elif name == "n_constituents":
                # Negative: not told, and counted.
                same = np.array_equal(np.where(given < 0, valid.sum(axis=1), given), kept)
            else:
                same = [int(one) for one in given.ravel()] == [int(one) for one in kept.ravel()]
            if not same:
                return f"{table}.{name}"
    return None
