"""Which files are meant by a path: a jet file, or a folder of them."""

import os
from collections.abc import Container, Sequence
from pathlib import Path

import h5py

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.tables import is_scores

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def jet_files(paths: Paths, crashing: Container[Path] = ()) -> list[Path]:
    """The jet files meant by a file, a folder (its ``*.h5``, sorted by name) or a sequence of those.

    Files of scores in a folder are left out, for which each is opened, but for those that are known as ``crashing``.
    Raises :class:`EdgeoodError` if a path does not exist or a folder holds none.
    """
    files: list[Path] = []
    for path in _listed(paths):
        if path.is_dir():
            found = [file for file in _in_folder(path) if file in crashing or not _holds_scores(file)]
            if not found:
                raise EdgeoodError(
                    f"folder {path} holds no jet files (*.h5); make some with `edgeood generate`."
                )
            files += found
        elif path.is_file():
            files.append(path)
        else:
            raise EdgeoodError(f"there is no jet file {path}; correct the path or run `edgeood generate`.")
    if not files:
        raise EdgeoodError("no jet files were given; name files or folders of *.h5.")
    return files


def candidates(paths: Paths) -> list[Path]:
    """Every existing file that :func:`jet_files` would open."""
    found: list[Path] = []
    for path in _listed(paths):
        found += _in_folder(path) if path.is_dir() else [path] * path.is_file()
    return found


def _listed(paths: Paths) -> list[Path]:
    return list(map(Path, [paths] if isinstance(paths, str | os.PathLike) else paths))


def _in_folder(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*.h5") if not file.name.startswith("."))


def _holds_scores(path: Path) -> bool:
    try:
        with h5py.File(path, "r") as file:
            return is_scores(file)
    # Whatever is wrong with it is told when its jets are read.
    except (OSError, RuntimeError, KeyError, TypeError, ValueError):
        return False
