"""Rows of a Parquet file → the constituents of jets, one jet after another, whatever a row is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.storage import MOST_CONSTITUENTS
from edgeood.jets.readers.parquet.layout import CONSTITUENT, EVENT, NUMBERED, Layout
from edgeood.jets.readers.parquet.leaves import Batch, Leaf, batches

_ROWS = {NUMBERED: 512, EVENT: 128, CONSTITUENT: 32_768}
_JETS = 1024


@dataclass(frozen=True)
class Gathered:
    """Some consecutive jets."""

    counts: NDArray[np.int64]
    """(n,) constituents of each"""
    particles: Mapping[str, NDArray[Any]]
    """(sum of counts,) their columns"""
    jets: Mapping[str, NDArray[Any]]
    """(n,) columns of jets"""
    event: NDArray[np.int64] | None
    """(n,), if the file tells it"""

    def __getitem__(self, rows: slice) -> "Gathered":
        ends = np.concatenate([[0], np.cumsum(self.counts)])
        own = slice(int(ends[rows.start]), int(ends[rows.stop]))
        return Gathered(
            self.counts[rows],
            {name: values[own] for name, values in self.particles.items()},
            {name: values[rows] for name, values in self.jets.items()},
            None if self.event is None else self.event[rows],
        )


def gathered(path: Path, file: Any, layout: Layout, most: int) -> Iterator[Gathered]:
    """All jets of an open file, those of about ``most`` rows at a time if rows are jets."""
    rows = min(_ROWS.get(layout.row, _JETS), most) if layout.row != CONSTITUENT else _ROWS[CONSTITUENT]
    read = batches(path, file, layout.leaves, rows)
    if layout.row == CONSTITUENT:
        yield from _of_constituents(path, read, layout)
        return
    of_batch = {NUMBERED: _of_numbers, EVENT: _of_events}.get(layout.row, _of_jets)
    for batch in read:
        yield of_batch(path, batch, layout)


def _flat(batch: Batch, leaf: Leaf) -> NDArray[Any]:
    return batch.nested(leaf).values


def _events(batch: Batch, layout: Layout) -> NDArray[np.int64] | None:
    return None if layout.event is None else _whole(_flat(batch, layout.event))


def _whole(values: NDArray[Any]) -> NDArray[np.int64]:
    """Numbers of events or jets; what is null has none."""
    if values.dtype.kind == "f":
        values = np.where(np.isfinite(values), values, -1)
    return values.astype(np.int64)


def _of_jets(path: Path, batch: Batch, layout: Layout) -> Gathered:
    counts: NDArray[np.int64] | None = None
    particles = {}
    for name, (leaf,) in layout.particles.items():
        nested = batch.nested(leaf)
        if counts is None:
            counts = nested.counts[0]
        _same(path, leaf, counts, nested.counts[0], batch.first)
        particles[name] = nested.values
    assert counts is not None
    jets = {name: _flat(batch, leaf) for name, leaf in layout.jets.items()}
    return Gathered(counts, particles, jets, _events(batch, layout))


def _of_events(path: Path, batch: Batch, layout: Layout) -> Gathered:
    outer: NDArray[np.int64] | None = None
    counts: NDArray[np.int64] | None = None
    particles = {}
    for name, (leaf,) in layout.particles.items():
        nested = batch.nested(leaf)
        if outer is None or counts is None:
            outer, counts = nested.counts
        _same(path, leaf, outer, nested.counts[0], batch.first)
        _same(path, leaf, counts, nested.counts[1], batch.first)
        particles[name] = nested.values
    assert outer is not None
    assert counts is not None
    row = np.repeat(np.arange(len(batch)), outer)
    jets = {}
    for name, leaf in layout.jets.items():
        nested = batch.nested(leaf)
        if nested.counts:
            _same(path, leaf, outer, nested.counts[0], batch.first)
        jets[name] = nested.values if nested.counts else nested.values[row]
    events = _events(batch, layout)
    return Gathered(counts, particles, jets, batch.first + row if events is None else events[row])


def _same(path: Path, leaf: Leaf, one: NDArray[np.int64], other: NDArray[np.int64], first: int) -> None:
    if not np.array_equal(one, other):
        shared = min(len(one), len(other))
        row = first + int((one[:shared] != other[:shared]).argmax())
        raise EdgeoodError(
            f"{path}: '{leaf.name}' has a list of another length than the columns beside it (about row {row}); write "
            "lists of one length."
        )


def _of_numbers(path: Path, batch: Batch, layout: Layout) -> Gathered:
    particles = {
        name: np.stack([_flat(batch, leaf) for leaf in leaves], axis=1).ravel()
        for name, leaves in layout.particles.items()
    }
    counts = np.full(len(batch), len(layout.particles[layout.four[0]]), np.int64)
    jets = {name: _flat(batch, leaf) for name, leaf in layout.jets.items()}
    return Gathered(counts, particles, jets, _events(batch, layout))


def _of_constituents(path: Path, read: Iterator[Batch], layout: Layout) -> Iterator[Gathered]:
    """A jet is a stretch of rows with one event and one jet; the last of a batch may go on in the next."""
    held: dict[str, NDArray[Any]] = {}
    for batch in read:
        columns = {f"particle {name}": _flat(batch, own[0]) for name, own in layout.particles.items()}
        columns |= {f"jet {name}": _flat(batch, leaf) for name, leaf in layout.jets.items()}
        for key, leaf in (("event", layout.event), ("index", layout.jet)):
            if leaf is not None:
                columns[key] = _whole(_flat(batch, leaf))
        held = {name: np.concatenate([held[name], own]) if held else own for name, own in columns.items()}
        first = _beginnings(held)
        last = int(first[-1])
        if len(held["event" if layout.event is not None else "index"]) - last > MOST_CONSTITUENTS:
            raise EdgeoodError(
                f"{path}: the jet that ends in row {batch.first + len(batch) - 1} or beyond has more than "
                f"{MOST_CONSTITUENTS} constituents; is its 'jet' or 'event' another for each?"
            )
        if last:
            yield _cut({name: own[:last] for name, own in held.items()}, first[:-1])
        held = {name: own[last:].copy() for name, own in held.items()}
    if held:
        yield _cut(held, _beginnings(held))


def _beginnings(columns: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
    keys = [columns[name] for name in ("event", "index") if name in columns]
    new = np.any([one[1:] != one[:-1] for one in keys], axis=0)
    return np.flatnonzero(np.concatenate([[True], new]))


def _cut(columns: Mapping[str, NDArray[Any]], first: NDArray[np.int64]) -> Gathered:
    total = len(next(iter(columns.values())))
    of = {
        what: {
            name.removeprefix(f"{what} "): own for name, own in columns.items() if name.startswith(f"{what} ")
        }
        for what in ("particle", "jet")
    }
    return Gathered(
        np.diff(np.append(first, total)),
        of["particle"],
        {name: own[first] for name, own in of["jet"].items()},
        columns["event"][first] if "event" in columns else None,
    )
