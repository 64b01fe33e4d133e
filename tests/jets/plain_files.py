"""Jet files as a user's own script writes them, for tests that spoil one thing in them."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

Arrays = tuple[NDArray[Any], NDArray[Any]]


def plain_jets(count: int = 8, width: int = 12, seed: int = 1) -> Arrays:
    """Sound jets (count,) around axes all over the detector and constituents (count, width): required fields only."""
    random = np.random.default_rng(seed)
    jets = np.zeros(count, [(field, "f4") for field in ("pt", "eta", "phi", "mass")])
    constituents = np.zeros(
        (count, width), [*((field, "f4") for field in ("pt", "eta", "phi", "energy")), ("valid", "?")]
    )
    jets["eta"], jets["phi"] = random.uniform(0.6, 2, count), random.uniform(-np.pi, -1, count)
    constituents["pt"] = -np.sort(-random.exponential(60, (count, width)) - 1, axis=1)
    constituents["eta"] = jets["eta"][:, None] + random.normal(0, 0.1, (count, width))
    phi = jets["phi"][:, None] + random.normal(0, 0.1, (count, width))
    constituents["phi"] = (phi + np.pi) % (2 * np.pi) - np.pi
    constituents["energy"] = constituents["pt"] * np.cosh(constituents["eta"])
    constituents["valid"] = True
    jets["pt"], jets["mass"] = constituents["pt"].sum(axis=1), 80
    return jets, constituents


def retyped(table: NDArray[Any], **types: Any) -> NDArray[Any]:
    """A copy of a structured array with fields added or of another type; zeros where nothing was."""
    fields = {name: table.dtype[name] for name in table.dtype.names or ()} | types
    copy = np.zeros(table.shape, list(fields.items()))
    for name in table.dtype.names or ():
        copy[name] = table[name].astype(fields[name])
    return copy


def write_plain(path: Path, tables: Arrays, attributes: dict[str, Any] | None = None, **storage: Any) -> Path:
    """Write a jet file; ``storage`` is handed on to ``create_dataset``."""
    with h5py.File(path, "w") as file:
        for name, table in zip(("jets", "constituents"), tables, strict=True):
            file.create_dataset(name, data=table, **storage)
        file.attrs.update(attributes or {})
    return path
