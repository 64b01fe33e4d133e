"""Trees of ROOT files: their branches, and their entries a step at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.readers.needed import needed


@contextmanager
def open_tree(path: Path, name: str) -> Iterator[Any]:
    """The tree ``name`` of a file. Raises :class:`EdgeoodError` if there is none or uproot is missing."""
    uproot = needed(path, "uproot")
    # Nothing is kept, so that memory does not grow with what is read.
    with uproot.open(path, object_cache=None, array_cache=None) as file:
        if name not in {key.partition(";")[0] for key in file.keys(recursive=False)}:
            raise EdgeoodError(f"{path} has no tree '{name}'; choose a file of this data set.")
        yield file[name]


def branches_of(path: Path, name: str) -> set[str]:
    """Names of a tree's branches, none if there is no such tree."""
    uproot = needed(path, "uproot")
    with uproot.open(path, object_cache=None, array_cache=None) as file:
        if name not in {key.partition(";")[0] for key in file.keys(recursive=False)}:
            return set()
        return {key.rpartition("/")[2] for key in file[name].keys()}  # noqa: SIM118 - a tree is no dictionary


def entries_of(path: Path, name: str) -> int:
    """Number of a tree's entries."""
    with open_tree(path, name) as tree:
        return int(tree.num_entries)


@dataclass(frozen=True)
class Jagged:
    """Numbers of which every entry has several."""

    counts: NDArray[np.int64]
    """(n,) of each entry"""
    values: NDArray[Any]
    """(sum of counts,) one entry after another"""


class Step:
    """Some consecutive entries of a tree."""

    def __init__(self, path: Path, first: int, arrays: Any) -> None:
        self.first = first
        """entry of the first"""
        self._path = path
        self._arrays = {name.rpartition("/")[2]: arrays[name] for name in arrays.fields}
        self._length = len(arrays)

    def __len__(self) -> int:
        return self._length

    def flat(self, branch: str) -> NDArray[Any]:
        """(n,) the one number of each entry. Raises :class:`EdgeoodError` if there are others."""
        values = self._numbers(branch, self._arrays[branch])
        if values.ndim != 1:
            raise EdgeoodError(
                f"{self._path}: the branch '{branch}' has several numbers for each entry, not one."
            )
        return values

    def jagged(self, branch: str, like: Jagged | None = None) -> Jagged:
        """Several numbers of each entry, as many as another branch has if that is given."""
        awkward = needed(self._path, "awkward")
        array = self._arrays[branch]
        if array.ndim != 2:
            raise EdgeoodError(f"{self._path}: the branch '{branch}' has no list of numbers for each entry.")
        counts = awkward.to_numpy(awkward.num(array)).astype(np.int64)
        if like is not None and not np.array_equal(counts, like.counts):
            entry = self.first + int((counts != like.counts).argmax())
            raise EdgeoodError(
                f"{self._path}: entry {entry} of '{branch}' has another length than its other branches."
            )
        return Jagged(counts, self._numbers(branch, awkward.flatten(array)))

    def _numbers(self, branch: str, array: Any) -> NDArray[Any]:
        awkward = needed(self._path, "awkward")
        values = np.asarray(awkward.to_numpy(array))
        if values.dtype.kind not in "iufb":
            raise EdgeoodError(
                f"{self._path}: the branch '{branch}' is of type {values.dtype}, no real numbers."
            )
        return values


def steps(path: Path, tree: Any, branches: Sequence[str], size: int) -> Iterator[Step]:
    """The entries of a tree, ``size`` at a time, with some of its branches.

    Raises :class:`EdgeoodError` if one of the branches is not there.
    """
    there = {key.rpartition("/")[2] for key in tree.keys()}  # noqa: SIM118 - a tree is no dictionary
    if missing := [branch for branch in branches if branch not in there]:
        raise EdgeoodError(
            f"{path}: the tree '{tree.name}' has no branch '{missing[0]}'; choose another file."
        )
    first, wanted = 0, set(branches)
    # By their own names: uproot would compute what has a dot in it, as the branches of Delphes.
    names = {"filter_name": lambda name: name.rpartition("/")[2] in wanted}
    for arrays in tree.iterate(**names, step_size=size, library="ak"):
        yield Step(path, first, arrays)
        first += len(arrays)
