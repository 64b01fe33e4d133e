"""Jets on disk and in memory: two HDF5 tables, as the ATLAS flavour-tagging group writes them.

A file holds a compound data set ``jets`` (N,) and a padded compound data set ``constituents`` (N, P), sorted
by falling pT, whose boolean field ``valid`` tells constituents from padding. ``process`` is an index into
the file attribute ``processes``. A file of one's own needs only jets' pt, eta, phi, mass and constituents'
pt, eta, phi, energy, valid; everything else is filled in by :func:`read_jets`.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.files.hdf5 import atomic_hdf5
from edgeood.files.output import output_file
from edgeood.jets.layout import CONSTITUENT_DTYPE, JET_DTYPE, MAY_BE_UNKNOWN, Jets
from edgeood.jets.validation import check_constituents, check_jets

__all__ = ["CONSTITUENT_DTYPE", "JET_DTYPE", "Jets", "iterate_jets", "jet_files"]
__all__ += ["read_attributes", "read_jets", "write_jets"]

FORMAT = "edgeood-jets"
FORMAT_VERSION = 1
UNKNOWN_PROCESS = "unknown"

REQUIRED = {"jets": ("pt", "eta", "phi", "mass"), "constituents": ("pt", "eta", "phi", "energy", "valid")}

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def jet_files(paths: Paths) -> list[Path]:
    """The jet files meant by a file, a folder (its ``*.h5``, sorted by name) or a sequence of those.

    Raises :class:`EdgeoodError` if one does not exist or a folder holds none.
    """
    files: list[Path] = []
    for path in map(Path, [paths] if isinstance(paths, str | os.PathLike) else paths):
        if path.is_dir():
            found = sorted(file for file in path.glob("*.h5") if not file.name.startswith("."))
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


class _Tables:
    """The two checked tables of one open file."""

    def __init__(self, path: Path, file: Any) -> None:
        self.path = path
        self.attributes = dict(file.attrs)
        name, version = self.attributes.get("format", FORMAT), self.attributes.get("version", FORMAT_VERSION)
        if name != FORMAT or version != FORMAT_VERSION:
            raise EdgeoodError(
                f"{path} has format {name} version {version}, this edgeood reads {FORMAT} version "
                f"{FORMAT_VERSION}; generate it again or use the edgeood that wrote it."
            )
        for table, fields in REQUIRED.items():
            if not isinstance(file.get(table), h5py.Dataset):
                raise EdgeoodError(f"{path} has no data set '{table}'; write one as docs/jets.md describes.")
            present = file[table].dtype.names or ()
            if missing := [field for field in fields if field not in present]:
                raise EdgeoodError(f"{path}: data set '{table}' lacks the field '{missing[0]}'; add it.")
        self._jets, self._constituents = file["jets"], file["constituents"]
        shapes = self._jets.shape, self._constituents.shape
        if len(shapes[0]) != 1 or len(shapes[1]) != 2 or shapes[0][0] != shapes[1][0] or shapes[1][1] == 0:
            raise EdgeoodError(
                f"{path}: 'jets' has shape {shapes[0]} and 'constituents' {shapes[1]}; write (N,) and (N, P)."
            )
        if not len(self._jets):
            raise EdgeoodError(f"{path} holds no jets; generate or choose a file with some.")
        self.width = int(shapes[1][1])
        self.processes = self._process_table()

    def _process_table(self) -> tuple[str, ...]:
        if "process" in self._jets.dtype.names and "processes" in self.attributes:
            return tuple(
                name.decode() if isinstance(name, bytes) else str(name)
                for name in np.atleast_1d(self.attributes["processes"]).tolist()
            )
        if "process" in self._jets.dtype.names:
            raise EdgeoodError(
                f"{self.path}: jets have a field 'process' but the file has no attribute 'processes'; "
                "list the names there, or drop the field."
            )
        return (str(self.attributes.get("process", UNKNOWN_PROCESS)),)

    def __len__(self) -> int:
        return len(self._jets)

    def jets(self, rows: slice = slice(None)) -> NDArray[Any]:
        """Checked jets, fields that the file lacks at their defaults."""
        raw = self._jets[rows]
        start = rows.start or 0
        jets = np.zeros(len(raw), JET_DTYPE)
        jets["label"], jets["event"], jets["n_constituents"] = -1, start + np.arange(len(raw)), -1
        for field in MAY_BE_UNKNOWN:
            jets[field] = np.nan
        for field in set(JET_DTYPE.names or ()) & set(raw.dtype.names):
            jets[field] = raw[field]
        if "energy" not in raw.dtype.names:
            momentum = jets["pt"].astype(np.float64) * np.cosh(jets["eta"].astype(np.float64))
            jets["energy"] = np.hypot(momentum, jets["mass"])
        check_jets(jets, self.processes, str(self.path), start)
        return jets

    def constituents(self, rows: slice = slice(None)) -> NDArray[Any]:
        """Checked constituents of those jets, padding set to zero."""
        raw = self._constituents[rows]
        constituents = np.zeros(raw.shape, CONSTITUENT_DTYPE) if raw.dtype != CONSTITUENT_DTYPE else raw
        if constituents is not raw:
            for field in set(CONSTITUENT_DTYPE.names or ()) & set(raw.dtype.names):
                constituents[field] = raw[field]
        check_constituents(constituents, str(self.path), rows.start or 0)
        constituents[~constituents["valid"]] = np.zeros((), CONSTITUENT_DTYPE)
        return constituents


def _complete(jets: NDArray[Any], constituents: NDArray[Any]) -> None:
    """Fill in the number of constituents (in place) where the file did not tell it."""
    unknown = jets["n_constituents"] < 0
    if unknown.any():
        jets["n_constituents"][unknown] = constituents["valid"][unknown].sum(axis=1)


@contextmanager
def _tables(path: Path) -> Iterator[_Tables]:
    if path.stat().st_size == 0:
        raise EdgeoodError(f"{path} is empty (0 bytes); generate or copy it again.")
    try:
        if not h5py.is_hdf5(path):
            raise EdgeoodError(f"{path} is not an HDF5 file; convert it or choose another.")
        with h5py.File(path, "r") as file:
            yield _Tables(path, file)
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise EdgeoodError(
            f"{path} is damaged or cut short ({reason}); generate or copy it again."
        ) from error


def count_jets(paths: Paths) -> int:
    """Number of jets in a file, a folder or a sequence of them. Raises :class:`EdgeoodError` as reading does."""
    total = 0
    for path in jet_files(paths):
        with _tables(path) as tables:
            total += len(tables)
    return total


def read_jets(paths: Paths, processes: Sequence[str] | None = None) -> Jets:
    """Read, check and join jet files; ``processes`` keeps only jets of those names.

    ``paths`` is a file, a folder or a sequence of them. Fields that a file lacks get defaults: energy from
    pT, η and mass; label −1; the event number is the row; unknown truth and substructure are NaN.
    Raises :class:`EdgeoodError` when a file is missing or damaged, a field is missing, a jet is unsound, or
    a wanted process has no jets.
    """
    files = jet_files(paths)
    parts: list[Jets] = []
    seen: dict[str, None] = {}
    for path in files:
        with _tables(path) as tables:
            jets = tables.jets()
            names = [tables.processes[index] for index in np.unique(jets["process"])]
            seen |= dict.fromkeys(names)
            if processes is not None and not set(names) & set(processes):
                continue
            constituents = tables.constituents()
            _complete(jets, constituents)
            part = Jets(jets, constituents, tables.processes)
            parts.append(part if processes is None else part[np.isin(part.process_names, list(processes))])
    if processes is not None and (missing := [name for name in processes if name not in seen]):
        raise EdgeoodError(
            f"{files[0] if len(files) == 1 else files[0].parent} holds no jets of process '{missing[0]}', "
            f"only {', '.join(seen)}; generate them or change the recipe's processes."
        )
    return parts[0] if len(parts) == 1 else Jets.concatenate(parts)


def iterate_jets(paths: Paths, batch: int) -> Iterator[Jets]:
    """Stream checked jets in batches of at most ``batch``; a batch never spans two files."""
    for path in jet_files(paths):
        with _tables(path) as tables:
            for start in range(0, len(tables), batch):
                rows = slice(start, min(start + batch, len(tables)))
                jets, constituents = tables.jets(rows), tables.constituents(rows)
                _complete(jets, constituents)
                yield Jets(jets, constituents, tables.processes)


def read_attributes(path: str | os.PathLike[str]) -> dict[str, Any]:
    """File attributes; what :func:`write_jets` stored as JSON comes back as dictionaries and lists."""
    (file,) = jet_files(path)
    with _tables(file) as tables:
        decoded: dict[str, Any] = {}
        for key, value in tables.attributes.items():
            plain = value.item() if isinstance(value, np.generic) else value
            structured = isinstance(plain, str) and plain[:1] in ("{", "[")
            decoded[key] = json.loads(plain) if structured else plain
        return {**decoded, "processes": list(tables.processes)}


def write_jets(path: str | os.PathLike[str], jets: Jets, attributes: Mapping[str, Any]) -> None:
    """Check jets and write them, byte for byte the same for the same content, wholly or not at all.

    ``attributes`` (generator settings, seed, versions, jet definition, …) become file attributes; values
    that are dictionaries or lists are stored as JSON.
    """
    if not len(jets):
        raise EdgeoodError(f"there are no jets to write to {path}; loosen the selection.")
    check_jets(jets.jets, jets.processes, str(path))
    check_constituents(jets.constituents, str(path))
    content = {"format": FORMAT, "version": FORMAT_VERSION, **attributes}
    with atomic_hdf5(output_file(path)) as file:
        for key, value in content.items():
            plain = isinstance(value, str | int | float)
            file.attrs[key] = value if plain else json.dumps(value, sort_keys=True)
        file.attrs["processes"] = np.array([name.encode() for name in jets.processes])
        for table, values in (("jets", jets.jets), ("constituents", jets.constituents)):
            chunks = (min(4096 if table == "jets" else 256, len(values)), *values.shape[1:])
            file.create_dataset(
                table,
                data=values,
                chunks=chunks,
                compression="gzip",
                compression_opts=1,
                shuffle=True,
                track_times=False,
            )
