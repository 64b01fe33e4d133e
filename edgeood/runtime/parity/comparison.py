"""Counting where engines differ, a portion of jets at a time: memory does not grow with their number."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.runtime import Decided

_EXAMPLES = 3
"""Of each pair of engines"""


def mismatches(first: NDArray[Any], second: NDArray[Any], step: float) -> NDArray[np.int64]:
    """Indices where two engines' scores are not the same integer number of steps, or no such number at all."""
    one, other = np.asarray(first, np.float64) / step, np.asarray(second, np.float64) / step
    if one.shape != other.shape:
        raise ValueError(f"cannot compare scores of shapes {one.shape} and {other.shape}")
    return np.flatnonzero(~((one == other) & (one == np.rint(one))))


class Comparison:
    """Of every pair of some engines: how many scores and decisions differ, and the first scores that do."""

    def __init__(self, engines: Sequence[str], step: float) -> None:
        self.step = step
        self._pairs = list(itertools.combinations(engines, 2))
        self._scores = {f"{one}={other}": 0 for one, other in self._pairs}
        self._decisions = dict(self._scores)
        self._examples: dict[str, list[dict[str, Any]]] = {pair: [] for pair in self._scores}

    def add(self, first: int, results: Mapping[str, Decided]) -> None:
        """Compare what the engines make of the same inputs, of which the first is number ``first``.

        An engine may have done fewer of them, from the front, or be absent.
        """
        for one, other in self._pairs:
            if one not in results or other not in results:
                continue
            count, pair = min(len(results[name].scores) for name in (one, other)), f"{one}={other}"
            ours, theirs = results[one], results[other]
            where = mismatches(ours.scores[:count], theirs.scores[:count], self.step)
            self._scores[pair] += len(where)
            self._decisions[pair] += int((ours.anomalous[:count] != theirs.anomalous[:count]).sum())
            for i in where[: _EXAMPLES - len(self._examples[pair])].tolist():
                values = {one: float(ours.scores[i]), other: float(theirs.scores[i])}
                self._examples[pair].append({"input": first + i, **values})

    def report(self) -> dict[str, Any]:
        """``step``, ``mismatches`` and ``decision_mismatches`` by pair, and ``examples``."""
        examples = [example for own in self._examples.values() for example in own]
        return {
            "step": self.step,
            "mismatches": dict(self._scores),
            "decision_mismatches": dict(self._decisions),
            "examples": examples,
        }
