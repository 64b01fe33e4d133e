"""What an array must be before any of it is read into memory."""

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.opening import data_set
from edgeood.jets.hdf5.storage import MOST_CONSTITUENTS, check_storage

LARGEST_ARRAY = 8 * 2**30
"""Bytes of one array in memory; the largest published file, of the top tagging reference, has half of it."""


def check_array(path: Path, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], form: str) -> None:
    """Raise :class:`EdgeoodError` unless an array holds real numbers in a shape like ``form``, ``"N, P, 4"``.

    Letters stand for any length above 0, P for one up to :data:`MOST_CONSTITUENTS`, numbers for themselves.
    """
    axes = form.split(", ")
    fits = len(shape) == len(axes) and all(
        size == int(axis) if axis.isdigit() else size > 0 for size, axis in zip(shape, axes, strict=True)
    )
    if not fits:
        raise EdgeoodError(f"{path}: '{name}' has shape {shape}; it should be ({form}).")
    if dtype.kind not in "iufb":
        raise EdgeoodError(f"{path}: '{name}' is of type {dtype}; it should hold real numbers.")
    if "P" in axes and shape[axes.index("P")] > MOST_CONSTITUENTS:
        raise EdgeoodError(
            f"{path}: '{name}' has {shape[axes.index('P')]} entries for each jet, more than {MOST_CONSTITUENTS}; "
            "keep the leading ones."
        )
    check_size(path, name, math.prod(shape) * dtype.itemsize)


def check_size(path: Path, name: str, size: int) -> None:
    """Raise :class:`EdgeoodError` if an array of ``size`` bytes is more than is read at once."""
    if size > LARGEST_ARRAY:
        raise EdgeoodError(
            f"{path}: '{name}' has {size:,} bytes, more than {LARGEST_ARRAY:,}; split the file."
        )


def read_npy(path: Path, *forms: str) -> NDArray[Any]:
    """An array of a ``.npy`` file whose shape is like one of ``forms``, mapped into memory, not read."""
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    check_array(path, path.name, array.shape, array.dtype, _form_of(array.shape, forms))
    return np.asarray(array)


def read_npz(path: Path, name: str, *forms: str) -> NDArray[Any] | None:
    """An array of an ``.npz`` file whose shape is like one of ``forms``, or None if there is none of that name."""
    with zipfile.ZipFile(path) as archive:
        if f"{name}.npy" not in archive.namelist():
            return None
        with archive.open(f"{name}.npy") as member:
            version = np.lib.format.read_magic(member)
            header = (
                np.lib.format.read_array_header_1_0
                if version == (1, 0)
                else np.lib.format.read_array_header_2_0
            )
            shape, _, dtype = header(member)
    check_array(path, name, shape, dtype, _form_of(shape, forms))
    with np.load(path, allow_pickle=False) as file:
        return np.asarray(file[name])


def read_hdf5(path: Path, file: Any, name: str, form: str) -> NDArray[Any] | None:
    """A data set of an open file in a shape like ``form``, or None if there is none of that name."""
    dataset = data_set(path, file, name)
    if dataset is None:
        return None
    check_storage(path, dataset, name)
    check_array(path, name, dataset.shape, dataset.dtype, form)
    return np.asarray(dataset[()])


def _form_of(shape: tuple[int, ...], forms: tuple[str, ...]) -> str:
    """The form with as many axes as the shape, else the first, which the sentence names."""
    return next((form for form in forms if form.count(",") + 1 == len(shape)), forms[0])
