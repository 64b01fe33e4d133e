"""Data frames that pandas has written to HDF5, in either of its two layouts, read without pandas and without pickles.

"table" is one compound data set ``KEY/table`` with a field ``values_block_N`` for all columns of one type; "fixed" has
a data set ``KEY/blockN_values`` of them (pandas.io.pytables).
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from edgeood.jets.hdf5.opening import data_set
from edgeood.jets.readers.bounds import hdf5_rows

_MOST_BLOCKS = 8


@dataclass(frozen=True)
class Columns:
    """The columns of a frame that have one type."""

    dtype: np.dtype[Any]
    names: list[str]
    """empty where the file does not tell them"""
    count: int
    width: int
    read: Callable[[slice], NDArray[Any]]
    """rows → (n, width)"""


def columns_of(path: Path, file: Any, key: str) -> list[Columns] | None:
    """The columns of the frame ``key`` of an open file, by type; None if there is none."""
    table = hdf5_rows(path, file, f"{key}/table", None)
    if table is not None:
        return _of_table(table)
    found = []
    for number in range(_MOST_BLOCKS):
        values = hdf5_rows(path, file, f"{key}/block{number}_values", None)
        if values is None:
            break
        if values.ndim == 2:
            items = data_set(path, file, f"{key}/block{number}_items")
            names = _plain_names(items, values.shape[1])
            found.append(Columns(values.dtype, names, values.shape[0], values.shape[1], values.__getitem__))
    return found or None


def _of_table(table: Any) -> list[Columns]:
    found = []
    fields = table.dtype.fields or {}
    for name in (field for field in fields if field.startswith("values_block_")) if table.ndim == 1 else ():
        base, shape = fields[name][0].base, fields[name][0].shape
        if len(shape) > 1:
            continue
        width = shape[0] if shape else 1
        names = _pickled_names(table.attrs.get(f"{name}_kind"))

        def read(rows: slice, name: str = name, width: int = width) -> NDArray[Any]:
            return np.asarray(table.fields([name])[rows][name]).reshape(-1, width)

        found.append(Columns(base, names, len(table), width, read))
    return found


def shape_of(path: Path, key: str) -> tuple[int, int] | None:
    """Rows and columns of the first block of numbers of a frame, for recognising; None if there is no frame."""
    with h5py.File(path, "r") as file:
        found = columns_of(path, file, key)
        return (found[0].count, found[0].width) if found else None


def _plain_names(items: Any | None, width: int) -> list[str]:
    if items is None or items.ndim != 1 or items.dtype.kind != "S" or len(items) != width:
        return []
    return [bytes(one).decode(errors="replace") for one in items[()]]


def _pickled_names(pickled: Any) -> list[str]:
    """Names of a block's columns, which pandas pickles: the strings in the pickle, which is not loaded."""
    try:
        content = bytes(pickled) if not isinstance(pickled, str) else pickled.encode("latin-1")
        return [text for _, text, _ in pickletools.genops(content) if isinstance(text, str)]
    except (TypeError, ValueError):
        return []
