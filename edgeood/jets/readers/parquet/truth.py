"""What jets of a Parquet file are, if a column tells it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import MOST_PROCESSES, too_many_processes
from edgeood.jets.readers.hdf5.hls4ml import HLS4ML_CLASSES, HLS4ML_LABELS
from edgeood.jets.readers.labels import JETCLASS, Classes, of_numbers, of_one_hot, unlabelled
from edgeood.jets.readers.parquet.jets_in_rows import Gathered
from edgeood.jets.readers.parquet.layout import Layout
from edgeood.jets.readers.parquet.leaves import batches
from edgeood.jets.readers.parquet.roles import ONE_HOT

_HLS4ML = "j1_"
_ROWS = 65_536
_NONE = "unknown"


@dataclass(frozen=True)
class Truth:
    """Which columns tell the process, and the names and labels of all processes of the file."""

    path: Path
    columns: tuple[str, ...]
    names: tuple[str, ...]
    labels: tuple[int, ...]

    def classes(self, jets: Gathered, first: int) -> Classes:
        """Of some jets, the first of them the file's jet ``first``.

        Raises :class:`EdgeoodError` for a number that is no class.
        """
        if not self.columns:
            return unlabelled(len(jets.counts))
        if self.columns == ("process",):
            index = np.searchsorted(self.names, _texts(jets.jets["process"]))
        elif len(self.columns) > 1:
            rows = np.stack([jets.jets[name] for name in self.columns], axis=1)
            index = of_one_hot(self.path, "label_…", rows, first)
        else:
            (name,) = self.columns
            index = of_numbers(self.path, name, jets.jets[name], len(self.names), first)
        return Classes(index.astype(np.int64), self.names, self.labels)


def truth_of(path: Path, file: Any, layout: Layout) -> Truth:
    """What the columns of an open file tell of truth; names of processes are looked for in all of its rows.

    Raises :class:`EdgeoodError` for labels that are no class numbers, and too many processes.
    """
    there = set(layout.jets)
    if set(ONE_HOT) <= there:
        return Truth(path, ONE_HOT, tuple(JETCLASS), tuple(JETCLASS.values()))
    if "process" in there:
        names = _names(path, file, layout)
        return Truth(path, ("process",), names, (-1,) * len(names))
    if "is_signal_new" in there:
        return Truth(path, ("is_signal_new",), ("qcd", "top"), (0, 2))
    if "label" in there:
        if layout.prefix.lower() == _HLS4ML:
            return Truth(path, ("label",), HLS4ML_CLASSES, HLS4ML_LABELS)
        count = _classes(path, file, layout)
        return Truth(path, ("label",), tuple(f"class_{n}" for n in range(count)), (-1,) * count)
    return Truth(path, (), (), ())


def _names(path: Path, file: Any, layout: Layout) -> tuple[str, ...]:
    """All processes, sorted."""
    leaf = layout.jets["process"]
    seen: set[str] = set()
    for batch in batches(path, file, [leaf], _ROWS):
        seen |= set(np.unique(_texts(batch.nested(leaf).values)).tolist())
        if len(seen) > MOST_PROCESSES:
            raise EdgeoodError(f"{path}: 'process' names {too_many_processes(len(seen))}")
    return tuple(sorted(seen))


def _texts(values: NDArray[Any]) -> NDArray[np.str_]:
    return np.array([_NONE if one is None else str(one) for one in values.tolist()], dtype=np.str_)


def _classes(path: Path, file: Any, layout: Layout) -> int:
    """How many classes are numbered."""
    leaf, count, first = layout.jets["label"], 1, 0
    for batch in batches(path, file, [leaf], _ROWS):
        values = batch.nested(leaf).values
        count = max(count, int(of_numbers(path, leaf.name, values, first=first).max(initial=0)) + 1)
        first += len(values)
    return count
