"""Which files are meant by a path: a jet file, a folder of them, a wildcard, or a list."""

import os
from collections.abc import Container, Sequence
from pathlib import Path

import h5py

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.tables import is_scores

SUFFIXES = (".h5", ".hdf5", ".root", ".parquet")
"""Of files that are taken from a folder; others are named, or meant by a wildcard."""
Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def jet_files(paths: Paths, crashing: Container[Path] = ()) -> list[Path]:
    """The jet files meant by a file, a folder, a wildcard, ``@list`` (paths, one a line) or a sequence of those.

    Of a folder these are its files of :data:`SUFFIXES`, sorted by name; those of scores are left out, for which each is
    opened, but for those that are known as ``crashing``. Paths in a list are relative to its folder.
    Raises :class:`EdgeoodError` if a path does not exist, or a folder or a wildcard holds none.
    """
    files: list[Path] = []
    for path in _listed(paths):
        if path.is_dir():
            found = [file for file in _in_folder(path) if file in crashing or not _holds_scores(file)]
            if not found:
                raise EdgeoodError(
                    f"folder {path} holds no jet files (*{', *'.join(SUFFIXES)}); make some with `edgeood generate`."
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
    """Every existing file that :func:`jet_files` would open; what a wrong path names is told when it is."""
    found: list[Path] = []
    for path in _listed(paths):
        found += _in_folder(path) if path.is_dir() else [path] * path.is_file()
    return found


def _listed(paths: Paths) -> list[Path]:
    named = map(Path, [paths] if isinstance(paths, str | os.PathLike) else paths)
    return [file for path in named for one in _lines(path) for file in _matches(one)]


def _lines(path: Path) -> list[Path]:
    """The paths that ``@list`` lists, or the path itself. What exists is no list, whatever its name."""
    if not str(path).startswith("@") or os.path.lexists(path):
        return [path]
    file = Path(str(path)[1:])
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise EdgeoodError(
            f"the list {file} cannot be read ({reason}); give @FILE with a path in each line."
        ) from error
    names = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not names:
        raise EdgeoodError(f"the list {file} names no files; write a path in each line.")
    return [file.parent / name for name in names]


def _matches(path: Path) -> list[Path]:
    """What a wildcard stands for, sorted, or the path itself. What exists is no wildcard, whatever its name."""
    if not any(sign in str(path) for sign in "*?[") or os.path.lexists(path):
        return [path]
    root = Path(path.anchor)
    found = sorted(one for one in root.glob(str(path.relative_to(root))) if not one.name.startswith("."))
    if not found:
        raise EdgeoodError(f"there is no jet file like {path}; correct the wildcard.")
    return found


def _in_folder(folder: Path) -> list[Path]:
    return sorted(
        file for file in folder.iterdir() if file.suffix in SUFFIXES and not file.name.startswith(".")
    )


def _holds_scores(path: Path) -> bool:
    try:
        with h5py.File(path, "r") as file:
            return is_scores(file)
    # Whatever is wrong with it is told when its jets are read.
    except (OSError, RuntimeError, KeyError, TypeError, ValueError):
        return False
