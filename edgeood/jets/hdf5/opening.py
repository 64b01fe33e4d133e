"""Open HDF5 files of others: what the library says of them becomes one sentence with the remedy.

Every data set must lie in the file itself. A link into another file, a soft one too, a virtual data set and data in
external files are refused, so that a file read is the file that was named.
"""

import errno
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import h5py

from edgeood.errors import EdgeoodError

_PLUGIN_FILTERS = {
    **{307: "bzip2", 32001: "blosc", 32004: "lz4", 32008: "bitshuffle", 32013: "zfp", 32015: "zstd"},
    **{32017: "sz", 32018: "fcidecomp", 32024: "sz3", 32026: "blosc2", 32028: "sperr", 32029: "htj2k"},
}
"""Registered numbers of filters in the package hdf5plugin."""
_OUR_LOCK = (errno.EAGAIN, errno.EACCES)
_MOST_LINKS = 16


@contextmanager
def told(path: Path, doing: str = "") -> Iterator[None]:
    """Turn what h5py raises inside into an :class:`EdgeoodError` about ``path``."""
    try:
        yield
    except EdgeoodError:
        raise
    except MemoryError as error:
        raise EdgeoodError(f"{path} needs more memory than there is; split it.") from error
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise EdgeoodError(f"{path} {_remedy(error)}") from error


def _remedy(error: Exception) -> str:
    # The text of a KeyError is its argument in quotes.
    reason = " ".join(str(error.args[0] if isinstance(error, KeyError) and error.args else error).split())
    number = getattr(error, "errno", None)
    if "unable to lock file" in reason:
        if number in _OUR_LOCK or "temporarily unavailable" in reason:
            return (
                "is locked by a program that writes it; wait until that has closed it, or copy the file "
                "(HDF5_USE_FILE_LOCKING=FALSE reads it nevertheless)."
            )
        return (
            f"lies on a file system that cannot lock files ({reason}); set HDF5_USE_FILE_LOCKING=FALSE "
            "in the environment."
        )
    if "already open for" in reason or "consistency flags" in reason:
        return (
            "is open for writing (SWMR), or its writer died; wait until the writer has closed it, "
            "or mark it as closed with `h5clear -s`."
        )
    if isinstance(error, PermissionError) or number in (errno.EACCES, errno.EPERM):
        return "may not be read by you; change its permissions."
    if "required filter" in reason or "lib/plugin" in reason:
        return (
            f"needs an HDF5 filter that is not here ({reason}); `pip install hdf5plugin`, or repack the file."
        )
    return f"is damaged or cut short ({reason}); generate or copy it again."


@contextmanager
def open_hdf5(path: str | os.PathLike[str]) -> Iterator[Any]:
    """Open a file for reading. Raises :class:`EdgeoodError` if that fails, also at its end."""
    path = Path(path)
    with told(path):
        if path.stat().st_size == 0:
            raise EdgeoodError(f"{path} is empty (0 bytes); generate or copy it again.")
        if not h5py.is_hdf5(path):
            with open(path, "rb"):
                raise EdgeoodError(f"{path} is not an HDF5 file; convert it or choose another.")
        file = h5py.File(path, "r")
    try:
        yield file
    finally:
        file.close()


def data_set(path: Path, file: Any, name: str) -> Any | None:
    """The data set ``name`` of an open file, or None if there is none.

    Raises :class:`EdgeoodError` if it is elsewhere, has no elements to it, or needs a filter that is missing.
    """
    with told(path):
        found = _inside(path, file, name, _MOST_LINKS)
        if not isinstance(found, h5py.Dataset):
            return None
        if found.is_virtual or found.external:
            raise EdgeoodError(
                f"{path}: data set '{name}' keeps its data in other files; copy them into one file."
            )
        if found.shape is None:
            raise EdgeoodError(
                f"{path}: data set '{name}' is a null data set, without elements; write it again."
            )
        _need_filters(path, found, name)
        found.dtype  # noqa: B018 - raises here, where it is told, if NumPy has no such type
        return found


def _inside(path: Path, group: Any, name: str, links: int) -> Any | None:
    """The object ``name`` of a group, along soft links within the file only."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    here = group.file if name.startswith("/") else group
    for position, part in enumerate(parts):
        if not isinstance(here, h5py.Group) or part not in here.keys():  # noqa: SIM118 - `in` follows links
            return None
        link = here.get(part, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise EdgeoodError(
                f"{path}: '{name}' is a link into another file ({link.filename}); links out of the file "
                "are not followed, copy the data in."
            )
        if isinstance(link, h5py.SoftLink):
            if links == 0:
                raise EdgeoodError(f"{path}: '{name}' is a soft link to itself; copy the data in.")
            rest = "/".join([link.path, *parts[position + 1 :]])
            return _inside(path, here, rest, links - 1)
        here = here[part]
    return here


def _need_filters(path: Path, dataset: Any, name: str) -> None:
    pipeline = dataset.id.get_create_plist()
    for position in range(pipeline.get_nfilters()):
        number, _, _, told_name = pipeline.get_filter(position)
        if h5py.h5z.filter_avail(number):
            continue
        # Its import registers the filters.
        with suppress(ImportError):
            importlib.import_module("hdf5plugin")
        if h5py.h5z.filter_avail(number):
            continue
        known = _PLUGIN_FILTERS.get(number) or told_name.decode(errors="replace") or "without a name"
        remedy = (
            "`pip install hdf5plugin` brings it (in Python: `import hdf5plugin`)"
            if number in _PLUGIN_FILTERS
            else "install its plugin and set HDF5_PLUGIN_PATH"
        )
        raise EdgeoodError(
            f"{path}: data set '{name}' is compressed with the HDF5 filter {known} ({number}), "
            f"which is not installed; {remedy}, or write the file with gzip."
        )
