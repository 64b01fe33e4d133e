"""How a table lies on disk: bounds that are checked before memory is taken, and a cache that holds a whole chunk."""

import math
from pathlib import Path
from typing import Any

import h5py

from edgeood.errors import EdgeoodError

MOST_CONSTITUENTS = 4096
"""Of one jet."""
LARGEST_ROW = 4 * 2**20
"""Bytes of one row of a table with all its fields, used or not."""
LARGEST_CHUNK = 512 * 2**20
"""Bytes of one chunk when it is unpacked: HDF5 unpacks it whole, however few rows are wanted."""
_USUAL_CACHE = 2**20
"""Bytes, of the HDF5 library."""
_CACHE_SLOTS = 10_007
"""A prime well above the number of chunks that are wanted at once."""


def check_storage(path: Path, dataset: Any, name: str) -> None:
    """Raise :class:`EdgeoodError` if a row or a chunk of a data set is larger than its reading may cost."""
    width = math.prod(dataset.shape[1:])
    if name == "constituents" and width > MOST_CONSTITUENTS:
        raise EdgeoodError(
            f"{path}: 'constituents' has {width} entries for each jet, more than {MOST_CONSTITUENTS}; "
            "keep the leading ones."
        )
    if (row := width * dataset.dtype.itemsize) > LARGEST_ROW:
        raise EdgeoodError(
            f"{path}: a row of '{name}' has {row:,} bytes, more than {LARGEST_ROW:,}; leave out fields."
        )
    chunk = math.prod(dataset.chunks or ()) * dataset.dtype.itemsize
    if dataset.chunks and chunk > LARGEST_CHUNK:
        raise EdgeoodError(
            f"{path}: '{name}' is stored in chunks of {chunk:,} bytes, more than {LARGEST_CHUNK:,}; "
            "write chunks of fewer rows (h5repack -l)."
        )


def chunk_cache(dataset: Any) -> int:
    """Bytes of the chunks that a row of a data set lies in, at most :data:`LARGEST_CHUNK`."""
    if not dataset.chunks:
        return 0
    rows, *others = dataset.chunks
    across = math.prod(
        -(-whole // part) * part for whole, part in zip(dataset.shape[1:], others, strict=True)
    )
    return min(int(rows * across * dataset.dtype.itemsize), LARGEST_CHUNK)


def open_with_cache(file: Any, name: str, cache: int) -> Any:
    """Open a data set, which must not be open, with a cache of so many bytes.

    The library's own holds no chunk of more than 1 MB, and every batch would unpack such a chunk again.
    """
    access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
    if cache > _USUAL_CACHE:
        access.set_chunk_cache(_CACHE_SLOTS, cache, 1.0)
    return h5py.Dataset(h5py.h5d.open(file.id, name.encode(), access))
