"""The HDF5 file of scores, written as they come."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edgeood.files.hdf5 import StreamedFile, streamed_hdf5

_ROWS = 4096
"""Of a chunk"""


class ScoresFile:
    """An open file of scores, one column a data set."""

    def __init__(self, file: StreamedFile) -> None:
        self._file = file

    def append(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Further rows: name → (n,). Raises ``OSError`` if the disk is full."""
        for name, column in columns.items():
            if name not in self._file.content:
                self._file.content.create_dataset(
                    name, (0,), column.dtype, maxshape=(None,), chunks=(_ROWS,), track_times=False
                )
            dataset = self._file.content[name]
            before = len(dataset)
            dataset.resize(before + len(column), axis=0)
            dataset[before:] = column
        self._file.check()

    @property
    def content(self) -> Any:
        """The ``h5py.File``, for its attributes and further tables."""
        return self._file.content


@contextmanager
def scores_file(path: Path | None) -> Iterator[ScoresFile | None]:
    """A file of scores that becomes ``path``, wholly or not at all; None if there is to be none."""
    if path is None:
        yield None
        return
    with streamed_hdf5(path) as file:
        yield ScoresFile(file)
