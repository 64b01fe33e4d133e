"""Where a verb may write what the user names: never onto an input, a device or a pipe, nor over a folder."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from edgeood.errors import EdgeoodError
from edgeood.files.recovery import recover_target
from edgeood.resources import is_released

_HDF5 = b"\x89HDF\r\n\x1a\n"
_SORTS = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a named pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}


def output_file(
    path: str | os.PathLike[str], inputs: Iterable[str | os.PathLike[str]] = (), *, option: str = "-o"
) -> Path:
    """Where to write the file that a user named: ``path``, or what it points to if it is a link.

    ``inputs`` are files that are read meanwhile; however they are spelled or linked, none may be written to.
    Raises :class:`EdgeoodError` if the path is an input, a folder, a pipe, a socket or a device, or lies where
    nothing can be written. Nothing is changed.
    """
    named = Path(path)
    there = _status(named, option)
    if there is not None and not stat.S_ISREG(there.st_mode):
        raise EdgeoodError(f"{named} is {_sort(there)}; give {option} the name of a file.")
    target = Path(os.path.realpath(named))
    if there is not None:
        for one in inputs:
            if _same(there, one):
                raise EdgeoodError(
                    f"{named} is an input ({os.fspath(one)}), which would be lost; choose another {option}."
                )
    _check_folder(target.parent, named, option)
    recover_target(target)
    return target


def output_folder(path: str | os.PathLike[str], *, option: str = "-o") -> Path:
    """The folder that a user named for results; it need not exist.

    Raises :class:`EdgeoodError` if something else has that name, or nothing can be written there. Nothing is changed.
    """
    named = Path(path)
    there = _status(named, option)
    if there is None:
        _check_folder(named.parent, named, option)
    elif not stat.S_ISDIR(there.st_mode):
        sort = _sort(there) if not stat.S_ISREG(there.st_mode) else "a file"
        raise EdgeoodError(f"{named} is {sort}; choose a folder for {option}.")
    else:
        _check_folder(named, named, option)
    return named


def check_writable(folder: Path) -> None:
    """Raise :class:`EdgeoodError` if nothing can be written to a folder that results go to, as in a read-only one.

    Nothing may be written to a released detector of the package, whatever its rights.
    """
    if is_released(folder):
        raise EdgeoodError(
            f"{folder} is of a released detector, which nothing is written to; give -o a folder for a copy, or copy it."
        )
    nearest = next(one for one in (folder, *folder.absolute().parents) if os.path.lexists(one))
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise EdgeoodError(
            f"nothing may be written to {nearest}, where the results go; copy it and use the copy."
        )


def refuse_other_hdf5(path: Path, needs: str, *, option: str = "-o") -> None:
    """Raise :class:`EdgeoodError` if ``path`` is an HDF5 file without a data set ``needs``: jets, most likely."""
    if not path.is_file():
        return
    with open(path, "rb") as file:
        if file.read(len(_HDF5)) != _HDF5:
            return
    import h5py

    try:
        with h5py.File(path, "r") as content:
            ours = needs in content
    except OSError:
        # Damaged, or being written: not known to hold anything else.
        return
    if not ours:
        raise EdgeoodError(
            f"{path} holds other data than '{needs}', which would be lost; choose another {option}."
        )


def _status(path: Path, option: str) -> os.stat_result | None:
    """What is there, links followed; None if nothing is."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EdgeoodError(f"{path} cannot be written ({reason}); choose another {option}.") from error


def _sort(there: os.stat_result) -> str:
    return next((name for test, name in _SORTS.items() if test(there.st_mode)), "no ordinary file")


def _same(there: os.stat_result, other: str | os.PathLike[str]) -> bool:
    try:
        return os.path.samestat(there, os.stat(other))
    except OSError:
        return False


def _check_folder(folder: Path, named: Path, option: str) -> None:
    """The nearest folder that exists must be one, and take new files."""
    nearest = next(one for one in (folder, *folder.absolute().parents) if os.path.lexists(one))
    if not nearest.is_dir():
        raise EdgeoodError(f"{named} cannot be written, as {nearest} is no folder; choose another {option}.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise EdgeoodError(
            f"{named} cannot be written, as nothing may be written to {nearest}; choose another {option}."
        )
