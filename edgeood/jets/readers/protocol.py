"""What a reader of jets is: it knows its files by their content and streams them in constant memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edgeood.jets.layout import Jets

BLOCK_BYTES = 64 * 2**20
"""About so much of a file's particles, in double precision, is in memory at once."""
_PARTICLE_BYTES = 64


def _unknown(path: Path) -> int | None:
    return None


def always(path: Path) -> bool:
    """What :attr:`Reader.tells_events` is of formats whose every file does."""
    return True


def _never(path: Path) -> bool:
    return False


@dataclass(frozen=True)
class Reader:
    """One format. A module of a reader holds one of these, named ``READER``.

    ``iterate`` yields at most ``batch`` jets at a time, in the file's order, not yet checked (the caller does, so that
    bad jets can be passed over), those of an event one after another; it raises
    :class:`~edgeood.errors.EdgeoodError` or one of ``edgeood.jets.readers.UNREADABLE`` where the file cannot be read.
    All of a file's batches have the same names of processes. What ``recognise`` raises means that it is another format.
    """

    data_set: str
    """whose files they are, for people"""
    container: str
    """``hdf5``, ``root``, ``parquet``, ``npy`` or ``npz``: only files of it are tried"""
    recognise: Callable[[Path], bool]
    """path → whether it is of this format, by content"""
    iterate: Callable[[Path, int], Iterator[Jets]]
    """path, batch → unchecked jets, a batch at a time"""
    count: Callable[[Path], int | None] = _unknown
    """path → number of jets, or None where only reading tells"""
    tells_events: Callable[[Path], bool] = _never
    """path → whether jets of one event, and they alone, have its number; otherwise that is a jet's row"""
    truth: str = "no"
    """which labels it has, in words"""
    identities: str = "no"
    """whether it tells charges and kinds"""
    substructure: str = "no"
    """whether it tells soft-drop mass and N-subjettiness"""
    lacks: str = ""
    """what else is not in its files, or not as the detectors know it"""


def blocks(count: int, batch: int, width: int) -> Iterator[slice]:
    """Slices of ``count`` rows with ``width`` particles each: at most ``batch``, and about :data:`BLOCK_BYTES`."""
    step = max(1, min(batch, BLOCK_BYTES // (max(width, 1) * _PARTICLE_BYTES)))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))
