"""Jets on disk and in memory: two HDF5 tables, as the ATLAS flavour-tagging group writes them.

A file holds a compound data set ``jets`` (N,) and a padded compound data set ``constituents`` (N, P), sorted
by falling pT, whose boolean field ``valid`` tells constituents from padding. ``process`` is an index into
the file attribute ``processes``. A file of one's own needs only jets' pt, eta, phi, mass and constituents'
pt, eta, phi, energy, valid; everything else is filled in by :func:`read_jets`.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgeood.errors import EdgeoodError
from edgeood.files.hdf5 import atomic_hdf5
from edgeood.files.output import output_file
from edgeood.jets.files import Paths, jet_files
from edgeood.jets.hdf5.opening import told
from edgeood.jets.hdf5.tables import FORMAT, FORMAT_VERSION, Tables, open_tables
from edgeood.jets.layout import CONSTITUENT_DTYPE, JET_DTYPE, Jets
from edgeood.jets.readers.door import counted, format_of, iterate_unchecked
from edgeood.jets.readers.named import OWN
from edgeood.jets.reading import Reading, complete, iterate_portions
from edgeood.jets.soundness.complaints import Complaints
from edgeood.jets.soundness.conventions import Conventions
from edgeood.jets.soundness.in_memory import check

__all__ = [
    "CONSTITUENT_DTYPE",
    "JET_DTYPE",
    "Jets",
    "Paths",
    "Reading",
    "count_jets",
    "iterate_jets",
    "jet_files",
    "known_count",
]
__all__ += ["read_attributes", "read_jets", "write_jets"]

_BLOCK = 2048
"""Jets read at once."""


def count_jets(paths: Paths, reading: Reading | None = None) -> int:
    """Number of jets in a file, a folder or a sequence of them; without files that ``reading`` passes over.

    A file of another format that does not tell it is read to its end. Raises :class:`EdgeoodError` as reading does.
    """
    reading = reading or Reading()
    return sum(_count(path, reading, exactly=True) or 0 for path in jet_files(paths, reading.crashing))


def known_count(paths: Paths, reading: Reading | None = None) -> int | None:
    """What :func:`count_jets` counts, or None where that would take reading a file to its end."""
    reading = reading or Reading()
    counts = [_count(path, reading, exactly=False) for path in jet_files(paths, reading.crashing)]
    return None if None in counts else sum(count or 0 for count in counts)


def _count(path: Path, reading: Reading, exactly: bool) -> int | None:
    """Jets of one file: 0 for one that is passed over, None for one of which it is not known without reading it."""
    try:
        format = reading.format_of(path)
        if format == OWN:
            with open_tables(path) as tables:
                return len(tables)
        count = counted(path, format)
        if count is None and exactly:
            return sum(map(len, iterate_unchecked(path, format, _BLOCK)))
        return count
    except EdgeoodError:
        if not reading.skip_bad:
            raise
        return 0


def read_jets(paths: Paths, processes: Sequence[str] | None = None) -> Jets:
    """Read, check and join jet files; ``processes`` keeps only jets of those names.

    ``paths`` is a file of any format in :data:`edgeood.jets.readers.FORMATS` or of our own, a folder, a wildcard,
    ``@list`` or a sequence of those. Fields that a file lacks get defaults: energy from
    pT, η and mass; label −1; the event number is the row; unknown truth and substructure are NaN.
    Raises :class:`EdgeoodError` when a file is missing or damaged, a field is missing, a jet is unsound, or
    a wanted process has no jets.
    """
    files = jet_files(paths)
    parts: list[Jets] = []
    seen: dict[str, None] = {}
    for path in files:
        parts += _read_file(path, processes, seen)
    if processes is not None and (missing := [name for name in processes if name not in seen]):
        raise EdgeoodError(
            f"{files[0] if len(files) == 1 else files[0].parent} holds no jets of process '{missing[0]}', "
            f"only {', '.join(seen)}; generate them or change the recipe's processes."
        )
    return parts[0] if len(parts) == 1 else Jets.concatenate(parts)


def _read_file(path: Path, processes: Sequence[str] | None, seen: dict[str, None]) -> list[Jets]:
    """The jets of one file, or those of ``processes`` in it, in parts; ``seen`` gets its names."""
    if format_of(path) == OWN:
        with open_tables(path) as tables:
            part = _read_tables(tables, processes, seen)
            return [] if part is None else [part]
    parts = []
    for jets in iterate_jets([path], _BLOCK):
        names = jets.process_names
        seen |= dict.fromkeys(np.unique(names).tolist())
        wanted = np.ones(len(jets), np.bool_) if processes is None else np.isin(names, list(processes))
        if wanted.any():
            parts.append(jets[wanted])
    return parts


def _read_tables(tables: Tables, processes: Sequence[str] | None, seen: dict[str, None]) -> Jets | None:
    """The jets of one file, or those of ``processes`` in it, None if it has none; ``seen`` gets its names."""
    conventions = Conventions(str(tables.path))
    jets = np.zeros(len(tables), JET_DTYPE)
    # Memory that is never written is never taken.
    with told(tables.path):
        constituents = np.zeros((len(tables), tables.width), CONSTITUENT_DTYPE)
    filled, step = 0, tables.rows_at_once(_BLOCK)
    for start in range(0, len(tables), step):
        rows = slice(start, min(start + step, len(tables)))
        complaints = Complaints(str(tables.path), rows.stop - start, start)
        block = tables.jets(rows, complaints)
        # The index of a jet that is complained of may point nowhere.
        names = np.array(tables.processes)[block["process"].clip(0, len(tables.processes) - 1)]
        wanted = np.ones(len(block), np.bool_) if processes is None else np.isin(names, list(processes))
        if wanted.any():
            parts, _ = tables.constituents(rows, complaints)
            conventions.look(block, parts, complaints.sound)
        complaints.raise_first()
        seen |= dict.fromkeys(np.unique(names).tolist())
        if wanted.any():
            complete(block, parts)
            end = filled + int(wanted.sum())
            jets[filled:end], constituents[filled:end] = block[wanted], parts[wanted]
            filled = end
    return Jets(jets[:filled], constituents[:filled], tables.processes) if filled else None


def iterate_jets(paths: Paths, batch: int, reading: Reading | None = None) -> Iterator[Jets]:
    """Stream checked jets in batches of at most ``batch``; a batch never spans two files.

    Raises :class:`EdgeoodError` for a bad file or jet, unless ``reading`` says to pass over it.
    """
    for portion in iterate_portions(paths, batch, reading or Reading()):
        if len(portion.jets):
            yield portion.jets


def read_attributes(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Attributes of a file of ours; what :func:`write_jets` stored as JSON comes back as dictionaries and lists."""
    (file,) = jet_files(path)
    with open_tables(file) as tables:
        decoded: dict[str, Any] = {}
        with told(file):
            stored = dict(tables.attributes)
        for key, value in stored.items():
            plain = value.item() if isinstance(value, np.generic) else value
            structured = isinstance(plain, str) and plain[:1] in ("{", "[")
            try:
                decoded[key] = json.loads(plain) if structured else plain
            except ValueError:
                # Somebody's own text that begins like JSON.
                decoded[key] = plain
        return {**decoded, "processes": list(tables.processes)}


def write_jets(path: str | os.PathLike[str], jets: Jets, attributes: Mapping[str, Any]) -> None:
    """Check jets and write them, byte for byte the same for the same content, wholly or not at all.

    ``attributes`` (generator settings, seed, versions, jet definition, …) become file attributes; values
    that are dictionaries or lists are stored as JSON.
    """
    if not len(jets):
        raise EdgeoodError(f"there are no jets to write to {path}; loosen the selection.")
    check(jets, str(path))
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
