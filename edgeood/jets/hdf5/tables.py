"""The two tables of one jet file: their structure is checked before any of their rows is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.opening import data_set, open_hdf5, told
from edgeood.jets.hdf5.sources import first_rows
from edgeood.jets.hdf5.storage import check_storage, chunk_cache, open_with_cache
from edgeood.jets.layout import CONSTITUENT_DTYPE, JET_DTYPE, MAY_BE_UNKNOWN
from edgeood.jets.sorting import sort_constituents
from edgeood.jets.soundness.casts import expectation, takes, wrong_values
from edgeood.jets.soundness.complaints import Complaints
from edgeood.jets.soundness.process_names import process_table
from edgeood.jets.soundness.validation import check_constituents, check_jets

FORMAT = "edgeood-jets"
FORMAT_VERSION = 1
BATCH_BYTES = 100_000_000
"""Most bytes of constituents that are read at once."""

EVENTS = "events"
"""Attribute of a conversion: whether all of its files told which jets are of one event."""

REQUIRED = {"jets": ("pt", "eta", "phi", "mass"), "constituents": ("pt", "eta", "phi", "energy", "valid")}
LAYOUTS = {"jets": JET_DTYPE, "constituents": CONSTITUENT_DTYPE}


@contextmanager
def open_tables(path: Path) -> Iterator["Tables"]:
    """Open a jet file and check the structure of its tables. Raises :class:`EdgeoodError` if it has none."""
    with open_hdf5(path) as file:
        yield Tables(path, file)


class Tables:
    """The two tables of one open file, of the right structure; their rows are checked when they are read."""

    def __init__(self, path: Path, file: Any) -> None:
        self.path = path
        with told(path):
            self.attributes = file.attrs
            self._check_format(file)
        found = {table: _table(path, file, table) for table in REQUIRED}
        shapes = found["jets"].shape, found["constituents"].shape
        if len(shapes[0]) != 1 or len(shapes[1]) != 2 or shapes[0][0] != shapes[1][0] or shapes[1][1] == 0:
            raise EdgeoodError(
                f"{path}: 'jets' has shape {shapes[0]} and 'constituents' {shapes[1]}; write (N,) and (N, P)."
            )
        self.count, self.width = int(shapes[1][0]), int(shapes[1][1])
        if not self.count:
            raise EdgeoodError(
                f"{path} holds no jets; generate or choose a file with some, or use --skip-bad."
            )
        for table, dataset in found.items():
            check_storage(path, dataset, table)
        with told(path):
            self.processes = process_table(path, file.attrs, "process" in found["jets"].dtype.names)
            places = [(dataset.name, chunk_cache(dataset)) for dataset in found.values()]
            del dataset, found
            self._jets, self._constituents = (open_with_cache(file, *place) for place in places)
            self.tells_events = "event" in self._jets.dtype.names and bool(file.attrs.get(EVENTS, True))
            self.first_rows = first_rows(path, file, len(self))

    def _check_format(self, file: Any) -> None:
        name, version = (
            file.attrs.get(key, own) for key, own in (("format", FORMAT), ("version", FORMAT_VERSION))
        )
        if not np.array_equal(name, FORMAT) or not np.array_equal(version, FORMAT_VERSION):
            raise EdgeoodError(
                f"{self.path} has format {name} version {version}, this edgeood reads {FORMAT} version "
                f"{FORMAT_VERSION}; generate it again or use the edgeood that wrote it."
            )
        if is_scores(file):
            raise EdgeoodError(
                f"{self.path} holds scores, not jets; give the jet file that `edgeood score` read."
            )

    def __len__(self) -> int:
        return self.count

    def rows_at_once(self, most: int) -> int:
        """Rows to read at once, at most ``most``, for about :data:`BATCH_BYTES` of constituents."""
        return max(1, min(most, BATCH_BYTES // (self.width * _bytes(self._constituents, CONSTITUENT_DTYPE))))

    def jets(self, rows: slice, complaints: Complaints) -> NDArray[Any]:
        """Checked jets, fields that the file lacks at their defaults."""
        raw = self._read(self._jets, rows, JET_DTYPE)
        jets = np.zeros(len(raw), JET_DTYPE)
        jets["label"], jets["event"], jets["n_constituents"] = -1, rows.start + np.arange(len(raw)), -1
        for field in MAY_BE_UNKNOWN:
            jets[field] = np.nan
        _fill(jets, raw, complaints, "has")
        if "energy" not in (raw.dtype.names or ()):
            with np.errstate(over="ignore", invalid="ignore"):
                momentum = jets["pt"].astype(np.float64) * np.cosh(jets["eta"].astype(np.float64))
                jets["energy"] = np.hypot(momentum, jets["mass"])
        check_jets(jets, self.processes, complaints)
        return jets

    def constituents(
        self, rows: slice, complaints: Complaints, sort: bool = False
    ) -> tuple[NDArray[Any], int]:
        """Checked constituents of those jets, padding set to zero; and of how many jets they were sorted."""
        raw = self._read(self._constituents, rows, CONSTITUENT_DTYPE)
        if raw.dtype == CONSTITUENT_DTYPE:
            constituents = raw
            _fill(constituents, raw, complaints, "has a constituent with", ("valid",))
        else:
            constituents = np.zeros(raw.shape, CONSTITUENT_DTYPE)
            _fill(constituents, raw, complaints, "has a constituent with")
        padding = np.flatnonzero(~constituents["valid"])
        # Ten times as fast as an assignment through a mask.
        np.put(constituents, padding, np.zeros((), CONSTITUENT_DTYPE))
        sorted_jets = sort_constituents(constituents) if sort else 0
        check_constituents(constituents, complaints)
        return constituents, sorted_jets

    def _read(self, dataset: Any, rows: slice, layout: np.dtype) -> NDArray[Any]:
        used = [name for name in layout.names or () if name in dataset.dtype.names]
        with told(self.path):
            source = dataset if len(used) == len(dataset.dtype.names) else dataset.fields(used)
            return np.asarray(source[rows])


def is_scores(file: Any) -> bool:
    """True for what :func:`edgeood.runtime.score.score` writes."""
    return {"score", "engine", "threshold"} <= set(file.attrs) and "constituents" not in file.keys()  # noqa: SIM118


def _bytes(dataset: Any, layout: np.dtype) -> int:
    """Bytes of the fields of one entry that are used, or of what they become if that is more."""
    used = (int(dataset.dtype[name].itemsize) for name in layout.names or () if name in dataset.dtype.names)
    return max(layout.itemsize, sum(used))


def _table(path: Path, file: Any, table: str) -> Any:
    dataset = data_set(path, file, table)
    if dataset is None:
        raise EdgeoodError(f"{path} has no data set '{table}'; write one as docs/jets.md describes.")
    present = dataset.dtype.names or ()
    if missing := [field for field in REQUIRED[table] if field not in present]:
        raise EdgeoodError(f"{path}: data set '{table}' lacks the field '{missing[0]}'; add it.")
    layout = LAYOUTS[table]
    for field in layout.names or ():
        if field in present and not takes(layout[field], dataset.dtype[field]):
            raise EdgeoodError(
                f"{path}: field '{field}' of '{table}' is of type {h5py_name(dataset.dtype[field])}; "
                f"write {expectation(layout[field])}."
            )
    return dataset


def h5py_name(given: np.dtype) -> str:
    """A field's type as a user knows it."""
    return "string" if h5py.check_string_dtype(given) or given.kind in "SU" else str(given)


# What is wrong with a number is told in a sentence, not by NumPy besides: a NaN that signals when it is touched.
@np.errstate(all="ignore")
def _fill(
    filled: NDArray[Any],
    raw: NDArray[Any],
    complaints: Complaints,
    having: str,
    fields: tuple[str, ...] | None = None,
) -> None:
    """Copy fields of ``raw`` into ``filled`` and complain of numbers that it cannot hold; padding is not looked at."""
    layout, present = filled.dtype, None
    # 'valid' tells padding for the others.
    for field in sorted(fields or layout.names or (), key=lambda name: name != "valid"):
        if field not in (raw.dtype.names or ()):
            continue
        values = raw[field]
        if present is not None and values.dtype != layout[field]:
            values = np.where(present, values, 0).astype(values.dtype)
        if (wrong := wrong_values(values, layout[field])) is not None:
            complaints.about(
                wrong,
                lambda row, name=field, values=values, wrong=wrong: (  # type: ignore[misc]
                    f"{having} {name} = {values[row][wrong[row]].ravel()[0] if wrong.ndim > 1 else values[row]}; "
                    f"write {expectation(layout[name])}."
                ),
            )
            values = np.where(wrong, 0, values)
        if filled is not raw or wrong is not None:
            filled[field] = values
        if wrong is not None and field == "event":
            filled[field][wrong] = -1
        if field == "valid":
            present = filled["valid"]
