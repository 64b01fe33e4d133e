"""One score for each event, of the scores of its jets."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.suggestions import suggestion

PER_EVENT = ("max", "sum")


class EventScores(NamedTuple):
    """Scores and decisions of E events, in the order of their jets."""

    score: NDArray[np.float64]
    """(E,); NaN of an event without a scored jet"""
    anomalous: NDArray[np.bool_]
    """(E,) whether any of its jets passes"""
    event: NDArray[np.int64]
    """(E,) its number in its file"""
    jets: NDArray[np.int64]
    """(E,) how many of its jets have a score"""


def check_way(how: str) -> None:
    """Raise :class:`EdgeoodError` unless scores can be combined in this way."""
    if how not in PER_EVENT:
        remedy = suggestion(how, PER_EVENT, f"choose {' or '.join(PER_EVENT)}.")
        raise EdgeoodError(f"scores of an event's jets are not combined by '{how}'; {remedy}")


class EventStream:
    """:func:`per_event` of jets that come in portions: an event is told once the next one begins."""

    def __init__(self, how: str) -> None:
        check_way(how)
        self._how = how
        self._waiting: tuple[NDArray[Any], ...] | None = None
        """Columns of the jets of the last event so far"""

    def add(self, *columns: NDArray[Any]) -> EventScores:
        """Further jets, in the columns of :func:`per_event`; the events that have ended."""
        if self._waiting is not None:
            columns = tuple(np.concatenate(both) for both in zip(self._waiting, columns, strict=True))
        *_, event, begins = columns
        new = begins[1:] | (event[1:] != event[:-1])
        last = int(np.flatnonzero(new)[-1]) + 1 if new.any() else 0
        self._waiting = tuple(column[last:] for column in columns)
        score, anomalous, event, begins = (column[:last] for column in columns)
        return per_event(self._how, score, anomalous, event, begins)

    def end(self) -> EventScores:
        """The last event."""
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            waiting = (np.empty(0), np.empty(0, np.bool_), np.empty(0, np.int64), np.empty(0, np.bool_))
        score, anomalous, event, begins = waiting
        return per_event(self._how, score, anomalous, event, begins)


def per_event(
    how: str,
    score: NDArray[np.float64],
    anomalous: NDArray[np.bool_],
    event: NDArray[np.int64],
    begins: NDArray[np.bool_],
) -> EventScores:
    """The largest (``max``) or the summed (``sum``) score of the jets of every event, NaN left out.

    All are (N,): scores, decisions and event numbers of jets, and whether a jet begins a new file. Consecutive jets of
    one number and file are an event. Raises :class:`EdgeoodError` for another ``how``.
    """
    check_way(how)
    new = begins.copy()
    new[:1] = True
    new[1:] |= event[1:] != event[:-1]
    first = np.flatnonzero(new)
    if not len(first):
        return EventScores(np.empty(0), np.empty(0, np.bool_), np.empty(0, np.int64), np.empty(0, np.int64))
    known = ~np.isnan(score)
    jets = np.add.reduceat(known.astype(np.int64), first)
    if how == "max":
        combined = np.fmax.reduceat(score, first)
    else:
        combined = np.where(jets > 0, np.add.reduceat(np.where(known, score, 0), first), np.nan)
    return EventScores(combined, np.logical_or.reduceat(anomalous, first), event[first], jets)
