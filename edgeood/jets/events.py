"""Which jets are of one event: those that stand one after another in a file, with one number.

Numbers alone do not tell: every file begins to count again, and so does every run of an accelerator.
"""

from pathlib import Path

import numpy as np

from edgeood.errors import EdgeoodError
from edgeood.jets.files import Paths, jet_files
from edgeood.jets.hdf5.tables import Tables, open_tables
from edgeood.jets.readers import door
from edgeood.jets.readers.named import OWN
from edgeood.jets.reading import Reading
from edgeood.jets.soundness.complaints import Complaints

_BLOCK = 65_536


def check_events(paths: Paths, reading: Reading) -> None:
    """Raise :class:`EdgeoodError` if a file does not tell events, or the jets of one are scattered in it.

    A file that ``reading`` passes over is not complained of: of what cannot be read nothing is said here.
    """
    for path in jet_files(paths, reading.crashing):
        try:
            format = reading.format_of(path)
            problem = "" if tells_events(path, format) else f", being read as {format}"
            if format == OWN:
                with open_tables(path) as tables:
                    problem = (
                        _scattered(tables)
                        if tables.tells_events
                        else ", as it has no field 'event' of its own"
                    )
        except EdgeoodError:
            if not reading.skip_bad:
                raise
            continue
        if problem:
            raise EdgeoodError(
                f"{path} does not tell which jets are of one event{problem}; score its jets without --per-event, or "
                "write a file of ours with events."
            )


def tells_events(path: Path, format: str) -> bool:
    """Whether a file of a format tells which of its jets are of one event."""
    if format != OWN:
        return door.tells_events(path, format)
    with open_tables(path) as tables:
        return tables.tells_events


def _scattered(tables: Tables) -> str:
    """Where jets of one event do not stand together in a file of ours, in words, or nothing."""
    if len(tables.first_rows) > 1:
        # A conversion: every file that it is made of was in order.
        return ""
    events, processes = [], []
    for start in range(0, len(tables), _BLOCK):
        rows = slice(start, min(start + _BLOCK, len(tables)))
        jets = tables.jets(rows, Complaints(str(tables.path), rows.stop - start, start, every=True))
        events.append(jets["event"])
        processes.append(jets["process"])
    event = np.concatenate(events)
    first = np.flatnonzero(np.concatenate([[True], event[1:] != event[:-1]]))
    # Files of several simulations joined: each of them counts its own.
    keys = np.stack([np.concatenate(processes)[first].astype(np.int64), event[first]])
    order = np.lexsort(keys)
    again = (keys[:, order[1:]] == keys[:, order[:-1]]).all(axis=0)
    if not again.any():
        return ""
    row = int(first[order[1:][again].min()])
    return f", as event {event[row]} comes again in row {row} and an event's jets must stand together"
