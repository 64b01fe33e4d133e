"""The door that every verb's jet files come through: of which format a file is, and its jets as a stream."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import Jets
from edgeood.jets.readers import FORMATS, LIBRARIES, UNREADABLE
from edgeood.jets.readers.named import OWN, named_format
from edgeood.jets.readers.needed import MissingPackageError
from edgeood.jets.readers.protocol import Reader

_MAGIC = {
    b"\x89HDF\r\n\x1a\n": "hdf5",
    b"root": "root",
    b"PAR1": "parquet",
    b"\x93NUMPY": "npy",
    b"PK\x03\x04": "npz",
}


def reader_of(format: str) -> Reader:
    """The reader of a format in :data:`FORMATS`."""
    module, name = FORMATS[format].split(":")
    found: Any = getattr(importlib.import_module(module), name)
    if isinstance(found, Reader):
        return found
    return Reader(format, "", lambda path: False, lambda path, batch: iter([found(path)]))


def format_of(path: Path) -> str:
    """The format of a file by its content: :data:`OWN` or a key of :data:`FORMATS`, or the one that was named.

    What is wrong with a damaged HDF5 file is told when it is read as our own. Raises :class:`EdgeoodError` for a file
    that nothing here reads.
    """
    if named := named_format():
        return named
    container = _container(path)
    if container is None:
        return OWN
    if container == "hdf5" and _is_own(path):
        return OWN
    why = ""
    for format in FORMATS:
        reader = reader_of(format)
        try:
            if reader.container == container and reader.recognise(path):
                return format
        except MissingPackageError:
            raise
        except EdgeoodError:
            continue
        except Exception as error:
            if not _unreadable(error):
                raise
            why = why or f" ({' '.join(str(error).split())})"
    raise EdgeoodError(
        f"{path} is {_described(container, path)}, of no format that is known here{why}; name one with --format "
        f"({', '.join(FORMATS)}), or write a reader as docs/formats.md shows."
    )


def iterate_unchecked(path: Path, format: str, batch: int) -> Iterator[Jets]:
    """The jets of a file of a format in :data:`FORMATS`, at most ``batch`` at a time.

    Raises :class:`EdgeoodError` where it is damaged or laid out otherwise. What jets must be is not checked.
    """
    with _told(path, format):
        for jets in reader_of(format).iterate(path, batch):
            for start in range(0, len(jets), batch):
                yield jets if len(jets) <= batch else jets[start : start + batch]


def counted(path: Path, format: str) -> int | None:
    """The number of jets of a file of a format in :data:`FORMATS`, None where only reading it tells."""
    with _told(path, format):
        return reader_of(format).count(path)


def tells_events(path: Path, format: str) -> bool:
    """Whether a file of a format in :data:`FORMATS` tells which jets are of one event."""
    with _told(path, format):
        return reader_of(format).tells_events(path)


@contextmanager
def _told(path: Path, format: str) -> Iterator[None]:
    try:
        yield
    except EdgeoodError:
        raise
    except Exception as error:
        if not _unreadable(error):
            raise
        reason = " ".join(str(error).split())
        raise EdgeoodError(f"{path} cannot be read as {format} ({reason}); download it again.") from error


def _unreadable(error: Exception) -> bool:
    """Whether an error says that a file cannot be read, not that there is a mistake here."""
    return isinstance(error, UNREADABLE) or type(error).__module__.partition(".")[0] in LIBRARIES


def _container(path: Path) -> str | None:
    """What kind of file it is; None for what is none of them and for a file that cannot be opened."""
    try:
        with open(path, "rb") as file:
            begin = file.read(8)
    except OSError:
        return None
    return next((name for magic, name in _MAGIC.items() if begin.startswith(magic)), None)


def _is_own(path: Path) -> bool:
    """Whether an HDF5 file is ours, is told as ours, or is so damaged that reading it as ours tells why."""
    try:
        with h5py.File(path, "r") as file:
            names = set(file.keys())
    except (OSError, RuntimeError, KeyError, TypeError, ValueError):
        return True
    return (
        not names
        or {"jets", "constituents"} <= names
        or names in ({"jets"}, {"constituents"})
        or "score" in names
    )


def _described(container: str, path: Path) -> str:
    if container != "hdf5":
        return {"root": "a ROOT file", "parquet": "a Parquet file", "npy": "a NumPy array"}.get(
            container, "a zip archive"
        )
    with h5py.File(path, "r") as file:
        names = sorted(file.keys())
    told = ", ".join(f"'{name}'" for name in names[:6]) + ", …" * (len(names) > 6)
    return f"an HDF5 file with {told}"
