"""HDF5 files, written whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

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


@contextmanager
def streamed_hdf5(path: Path) -> Iterator["StreamedFile"]:
    """Yield a file on disk that becomes ``path``, wholly or not at all: for what is too large for memory.

    Raises the ``OSError`` of a full disk when that is asked for (:meth:`StreamedFile.check`), or at the end.
    """
    with atomic_path(path) as temporary, open(temporary, "w+b") as below:
        sink = _Sink(below)
        try:
            with h5py.File(sink, "w", driver="fileobj") as file:
                yield StreamedFile(file, sink)
        except Exception:
            # What HDF5 says of bytes that never reached the disk.
            sink.check()
            raise
        sink.check()


class StreamedFile:
    """An open ``h5py.File`` that keeps what the disk says of it until it is asked."""

    def __init__(self, file: Any, sink: Any) -> None:
        self.content = file
        self._sink = sink

    def check(self) -> None:
        """Raise the first error of the disk so far, once everything is on it."""
        self.content.flush()
        self._sink.check()


class _Sink:
    """A file below HDF5, to which writing always succeeds: the library does not survive what a full disk says."""

    def __init__(self, below: BinaryIO) -> None:
        self._below = below
        self._error: OSError | None = None

    def check(self) -> None:
        """Raise the first error, if there was one."""
        if self._error is not None:
            raise self._error

    def write(self, content: Any) -> int:
        """Take all of it, even if it is lost."""
        try:
            self._below.write(content)
        except OSError as error:
            self._error = self._error or error
        return len(content)

    def truncate(self, size: int | None = None) -> int:
        """Cut or lengthen the file."""
        try:
            self._below.truncate(size)
        except OSError as error:
            self._error = self._error or error
        return size or 0

    def flush(self) -> None:
        """Hand everything to the system."""
        try:
            self._below.flush()
        except OSError as error:
            self._error = self._error or error

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place; before it moves, Python writes what it holds back."""
        try:
            return self._below.seek(offset, whence)
        except OSError as error:
            self._error = self._error or error
            return offset

    def tell(self) -> int:
        """The place."""
        return self._below.tell()

    def read(self, size: int = -1) -> bytes:
        """Bytes from the place on; what h5py knows a file by."""
        return self._below.read(size)

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; with zeros where the disk has nothing."""
        view = memoryview(buffer).cast("B")
        got = 0
        try:
            got = self._below.readinto(view) or 0  # type: ignore[attr-defined]
        except OSError as error:
            self._error = self._error or error
        view[got:] = bytes(len(view) - got)
        return len(view)
