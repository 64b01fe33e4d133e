"""Open jet files in a process of its own first: a damaged one can crash the HDF5 library, and whoever called it.

Or it keeps the library busy for ever: a file that takes more of the processor's time than any sound one is given up.

The command line does so before it opens a file; functions do not, and a process that calls them ends with the library.
Only the structure and the first rows are read, so that damage further on is not found.
"""

import math
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from signal import SIGXCPU

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.tables import open_tables
from edgeood.jets.readers.door import format_of, iterate_unchecked
from edgeood.jets.readers.named import OWN, named_format, reading_as
from edgeood.jets.soundness.complaints import Complaints

_ROWS = 16
_MOST_SECONDS = 8
"""Of the processor, for one file: a slow disk takes none."""


def crashing_files(files: Sequence[Path]) -> dict[Path, str]:
    """File → end of the sentence about it, for files that the HDF5 library does not survive."""
    crashing: dict[Path, str] = {}
    left = list(files)
    while left:
        opened, signal = _open_in_child(left)
        if signal is None:
            break
        # The last one that it began with is the one that ended it.
        at = max(opened - 1, 0)
        what = "finds no end in it" if signal == SIGXCPU else f"crashes on it (signal {signal})"
        crashing[left[at]] = f"is damaged so that the HDF5 library {what}; copy or generate it again."
        left = left[at + 1 :]
    return crashing


def refuse_crashing(files: Sequence[Path]) -> None:
    """Raise :class:`EdgeoodError` about the first file that the HDF5 library does not survive."""
    for path, reason in crashing_files(files).items():
        raise EdgeoodError(f"{path} {reason}")


def _open_in_child(files: Sequence[Path]) -> tuple[int, int | None]:
    """How many files a child process began to open, and the signal that ended it, None if it came through."""
    package = str(Path(__file__).parents[3])
    path = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-P", "-m", "edgeood.jets.hdf5.probe", *filter(None, [named_format()])],
        input="\0".join(map(str, files)).encode("utf-8", "surrogateescape"),
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return len(done.stdout), -done.returncode if done.returncode < 0 else None


def main() -> None:
    """Open the files named on standard input, separated by zero bytes; write a byte before each.

    An argument names their format.
    """
    with reading_as(sys.argv[1] if sys.argv[1:] else None):
        _open_all()


def _open_all() -> None:
    for name in sys.stdin.buffer.read().decode("utf-8", "surrogateescape").split("\0"):
        os.write(1, b".")
        _limit_time()
        with suppress(EdgeoodError):
            _open(Path(name))


def _open(path: Path) -> None:
    format = format_of(path)
    if format != OWN:
        next(iterate_unchecked(path, format, _ROWS), None)
        return
    with open_tables(path) as tables:
        rows = slice(0, min(_ROWS, len(tables)))
        tables.jets(rows, Complaints(str(path), rows.stop))
        tables.constituents(rows, Complaints(str(path), rows.stop))


def _limit_time() -> None:
    """End this process by SIGXCPU once it has taken that much more of the processor's time."""
    taken = resource.getrusage(resource.RUSAGE_SELF)
    most = math.ceil(taken.ru_utime + taken.ru_stime) + _MOST_SECONDS
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(
        resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard)
    )


if __name__ == "__main__":
    main()
