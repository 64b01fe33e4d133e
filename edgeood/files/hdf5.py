"""HDF5 files, written whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from edgeood.files.atomic import atomic_path


@contextmanager
def atomic_hdf5(path: Path) -> Iterator[Any]:
    """Yield an ``h5py.File`` in memory that becomes the file ``path``, wholly or not at all.

    HDF5 itself ends the process when the disk that it writes to is full.
    """
    with h5py.File(str(path), "w", driver="core", backing_store=False) as file:
        yield file
        file.flush()
        content = file.id.get_file_image()
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
