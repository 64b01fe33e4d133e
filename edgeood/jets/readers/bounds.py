"""What an array must be before any of it is read into memory, and its rows a slice at a time."""

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.opening import data_set
from edgeood.jets.hdf5.storage import MOST_CONSTITUENTS, check_storage, chunk_cache, open_with_cache

LARGEST_ARRAY = 8 * 2**30
"""Bytes of one array of a zip archive, which may claim more than it holds; no published file has half of it."""


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


def read_npy(path: Path, *forms: str) -> NDArray[Any]:
    """An array of a ``.npy`` file whose shape is like one of ``forms``, mapped into memory, not read."""
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    check_array(path, path.name, array.shape, array.dtype, _form_of(array.shape, forms))
    return np.asarray(array)


class ArchivedArray:
    """Rows of an array in an ``.npz`` file, read once from the first to the last, whatever it was packed with."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, name: str, *forms: str) -> None:
        self._stream = archive.open(f"{name}.npy")
        version = np.lib.format.read_magic(self._stream)
        header = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        self.shape, fortran, self.dtype = header(self._stream)
        check_array(path, name, self.shape, self.dtype, _form_of(self.shape, forms))
        size = math.prod(self.shape) * self.dtype.itemsize
        if size > LARGEST_ARRAY:
            raise EdgeoodError(
                f"{path}: '{name}' has {size:,} bytes, more than {LARGEST_ARRAY:,}; split the file."
            )
        if fortran and len(self.shape) > 1:
            raise EdgeoodError(
                f"{path}: '{name}' is stored column by column; write numpy.ascontiguousarray of it."
            )
        self._row = math.prod(self.shape[1:]) * self.dtype.itemsize

    def __len__(self) -> int:
        return int(self.shape[0])

    def next_rows(self, count: int) -> NDArray[Any]:
        """The next ``count`` rows."""
        content = self._stream.read(count * self._row)
        if len(content) < count * self._row:
            raise EOFError("it ends before its arrays do")
        return np.frombuffer(content, self.dtype).reshape(count, *self.shape[1:])


def hdf5_rows(path: Path, file: Any, name: str, form: str | None) -> Any | None:
    """A data set of an open file to be read in slices, with a cache for its chunks; None if there is none of the name.

    Of real numbers in a shape like ``form``, if one is given.
    """
    dataset = data_set(path, file, name)
    if dataset is None:
        return None
    check_storage(path, dataset, name)
    if form is not None:
        check_array(path, name, dataset.shape, dataset.dtype, form)
    place = dataset.name, chunk_cache(dataset)
    del dataset
    return open_with_cache(file, *place)


def hdf5_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The data sets at the top of an HDF5 file and their shapes, () for groups and links; what is recognised by."""
    with h5py.File(path, "r") as file:
        names = {name: file.get(name, getlink=True) for name in file.keys()}  # noqa: SIM118
        return {
            name: tuple(getattr(file[name], "shape", None) or ()) if isinstance(link, h5py.HardLink) else ()
            for name, link in names.items()
        }


@contextmanager
def archive_of(path: Path) -> Iterator[tuple[zipfile.ZipFile, list[str]]]:
    """An open zip archive, and the names of the arrays in it."""
    with zipfile.ZipFile(path) as archive:
        yield archive, [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


def _form_of(shape: tuple[int, ...], forms: tuple[str, ...]) -> str:
    """The form with as many axes as the shape, else the first, which the sentence names."""
    return next((form for form in forms if form.count(",") + 1 == len(shape)), forms[0])
