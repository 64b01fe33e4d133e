"""Stream jet files in batches of checked jets, and, if wished, pass over what is bad and put right what is unsorted.

However much is passed over, every row of the input keeps its place: a :class:`Portion` tells which rows its jets are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.files import Paths, jet_files
from edgeood.jets.hdf5.tables import Tables, open_tables
from edgeood.jets.layout import CONSTITUENT_DTYPE, JET_DTYPE, Jets
from edgeood.jets.readers.door import counted, format_of, iterate_unchecked
from edgeood.jets.readers.named import OWN
from edgeood.jets.soundness.complaints import Complaints
from edgeood.jets.soundness.conventions import Conventions
from edgeood.jets.soundness.validation import check_constituents, check_jets


@dataclass(frozen=True)
class Skipped:
    """Jets that were passed over: a single one, a stretch of a file, or a whole file."""

    file: str
    row: int
    """of the first one, in its file"""
    output_row: int
    """of the first one, among the rows of all files"""
    jets: int
    """0 for a file of which nobody can tell how many it has"""
    reason: str


@dataclass
class Reading:
    """How jets are to be read, and, afterwards, what was passed over."""

    skip_bad: bool = False
    """pass over bad files and bad jets instead of raising"""
    sort: bool = False
    """sort the constituents of jets where they do not fall in pT, instead of raising"""
    crashing: Mapping[Path, str] = field(default_factory=dict)
    """files that are not to be opened, and why"""
    skipped: list[Skipped] = field(default_factory=list)
    sorted_jets: int = 0
    rows: int = 0
    """of all files so far"""
    formats: dict[Path, str] = field(default_factory=dict)
    """of the files so far"""

    def format_of(self, path: Path) -> str:
        """The format of a jet file (:func:`~edgeood.jets.readers.door.format_of`), unless it is not to be opened."""
        if path in self.crashing:
            raise EdgeoodError(f"{path} {self.crashing[path]}")
        self.formats[path] = format_of(path)
        return self.formats[path]

    @property
    def skipped_jets(self) -> int:
        """Jets passed over, as far as they could be counted."""
        return sum(one.jets for one in self.skipped)

    def skip(self, path: Path, row: int, jets: int, reason: str) -> None:
        """Note ``jets`` rows of a file from ``row`` on, whose first is the next row of all."""
        self.skipped.append(Skipped(str(path), row, self.rows, jets, reason))

    def summary(self) -> str:
        """What was passed over and sorted, for the user, or an empty string."""
        files = len({one.file for one in self.skipped})
        told = [f"skipped {_counted(self.skipped_jets, 'jet')} in {_counted(files, 'file')}"] * bool(files)
        told += [f"sorted the constituents of {_counted(self.sorted_jets, 'jet')}"] * bool(self.sorted_jets)
        return ", ".join(told)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


@dataclass(frozen=True)
class Portion:
    """Consecutive rows of one file."""

    jets: Jets
    """the sound ones"""
    sound: NDArray[np.bool_]
    """(n,) which of the rows they are"""
    events: NDArray[np.int64]
    """(n,) event of every row, −1 where it cannot be read"""
    begins: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    """(n,) whether a row is the first of a file, or of one that the file was converted from"""

    def __len__(self) -> int:
        return len(self.sound)


def iterate_portions(paths: Paths, batch: int, reading: Reading) -> Iterator[Portion]:
    """Stream jets in portions of at most ``batch`` rows; ``reading`` is told what was passed over.

    Raises :class:`EdgeoodError` for a bad file or jet, unless those are passed over.
    """
    for path in jet_files(paths, reading.crashing):
        try:
            format = reading.format_of(path)
            if format == OWN:
                with open_tables(path) as tables:
                    yield from _begun(_portions(tables, batch, reading), tables.first_rows)
            else:
                yield from _begun(_foreign(path, format, batch, reading), np.zeros(1, np.int64))
        except EdgeoodError as error:
            if not reading.skip_bad:
                raise
            reading.skip(path, 0, 0, str(error))


def _begun(portions: Iterator[Portion], first_rows: NDArray[np.int64]) -> Iterator[Portion]:
    """Portions of one file that know in which rows the files begin that it is of."""
    row = 0
    for portion in portions:
        begins = np.zeros(len(portion), np.bool_)
        here = first_rows[slice(*np.searchsorted(first_rows, (row, row + len(portion))))]
        begins[here - row] = True
        row += len(portion)
        yield replace(portion, begins=begins)


def _portions(tables: Tables, batch: int, reading: Reading) -> Iterator[Portion]:
    conventions = Conventions(str(tables.path))
    step, start = tables.rows_at_once(batch), 0
    while start < len(tables):
        rows = slice(start, min(start + step, len(tables)))
        try:
            portion = _read(tables, rows, conventions, reading)
        except EdgeoodError as error:
            if not reading.skip_bad:
                raise
            # A wrong convention is the whole file's, damage is only that of the rows where it is.
            stop = len(tables) if conventions.broken else rows.stop
            reading.skip(tables.path, start, stop - start, str(error))
            yield from _without_jets(tables.width, tables.processes, stop - start, batch, reading)
            start = stop
            continue
        reading.rows += len(portion)
        start = rows.stop
        yield portion


def _read(tables: Tables, rows: slice, conventions: Conventions, reading: Reading) -> Portion:
    complaints = Complaints(str(tables.path), rows.stop - rows.start, rows.start, every=reading.skip_bad)
    jets = tables.jets(rows, complaints)
    constituents, sorted_jets = tables.constituents(rows, complaints, reading.sort)
    conventions.look(jets, constituents, complaints.sound)
    everything = Jets(jets, constituents, tables.processes)
    portion = _portion(tables.path, everything, rows.start, complaints, reading)
    reading.sorted_jets += sorted_jets
    return portion


def _portion(path: Path, jets: Jets, first: int, complaints: Complaints, reading: Reading) -> Portion:
    """The sound ones of some jets, of which the others are noted, or the complaint about the first raised."""
    if not reading.skip_bad:
        complaints.raise_first()
    complete(jets.jets, jets.constituents)
    sound = complaints.sound
    for row in sorted(complaints.reasons):
        reason = complaints.sentence(row)
        reading.skipped.append(Skipped(str(path), first + row, reading.rows + row, 1, reason))
    return Portion(jets if sound.all() else jets[sound], sound, jets.jets["event"].copy())


def _without_jets(
    width: int, processes: tuple[str, ...], count: int, batch: int, reading: Reading
) -> Iterator[Portion]:
    none = Jets(np.zeros(0, JET_DTYPE), np.zeros((0, width), CONSTITUENT_DTYPE), processes)
    for start in range(0, count, batch):
        rows = min(batch, count - start)
        reading.rows += rows
        yield Portion(none, np.zeros(rows, np.bool_), np.full(rows, -1, np.int64))


def _foreign(path: Path, format: str, batch: int, reading: Reading) -> Iterator[Portion]:
    """Portions of a file of another format, checked as our own are; what cannot be read ends it."""
    conventions, row, width = Conventions(str(path)), 0, 1
    total: int | None = None
    try:
        total = counted(path, format)
        for jets in iterate_unchecked(path, format, batch):
            complaints = Complaints(str(path), len(jets), row, every=reading.skip_bad)
            # A jet made of its constituents is unsound because one of them is.
            check_constituents(jets.constituents, complaints)
            check_jets(jets.jets, jets.processes, complaints)
            conventions.look(jets.jets, jets.constituents, complaints.sound)
            portion = _portion(path, jets, row, complaints, reading)
            row, width = row + len(jets), jets.constituents.shape[1]
            reading.rows += len(jets)
            yield portion
        if not row:
            raise EdgeoodError(f"{path} holds no jets; choose a file with some, or use --skip-bad.")
    except EdgeoodError as error:
        if not reading.skip_bad:
            raise
        left = max(total - row, 0) if total is not None else 0
        reading.skip(path, row, left, str(error))
        yield from _without_jets(width, ("unknown",), left, batch, reading)


def complete(jets: NDArray[Any], constituents: NDArray[Any]) -> None:
    """Fill in the number of constituents (in place) where the file did not tell it."""
    unknown = jets["n_constituents"] < 0
    if unknown.any():
        jets["n_constituents"][unknown] = constituents["valid"][unknown].sum(axis=1)
