"""The processes that make shards: started fresh, silent, and never outliving who started them."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import Any

from edgeood.checksums import sha256_of
from edgeood.jets.simulation.shard import Effort, Shard, make_shard

_SPAWN = get_context("spawn")


class Interrupted(Exception):
    """The work was told to stop; its shard is not written."""


class Signals:
    """What parent and workers share: jets accepted so far, and whether to stop."""

    def __init__(self) -> None:
        self.accepted = _SPAWN.Value("q", 0)
        self.stop = _SPAWN.Event()

    def report(self, jets: int) -> None:
        """Count jets; raise :class:`Interrupted` in a worker that should stop."""
        with self.accepted.get_lock():
            self.accepted.value += jets
        if self.stop.is_set():
            raise Interrupted


_signals: Signals | None = None


def belong_to_parent() -> None:
    """Make this process deaf to Ctrl-C (the parent tells it to stop), and end it when its parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _start(signals: Signals) -> None:
    """Set up a worker, which is quiet as well."""
    global _signals
    _signals = signals
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    belong_to_parent()


def _work(shard: Shard, folder: Path) -> tuple[str, Effort]:
    # The first shard of a worker should not be charged for importing the generator.
    import edgeood.jets.simulation.pythia
    import edgeood.jets.simulation.selection  # noqa: F401

    assert _signals is not None
    effort = make_shard(shard, folder, _signals.report)
    return sha256_of(folder / shard.file_name), effort


@contextmanager
def _starting_processes() -> Iterator[None]:
    """Start workers without importing the user's script again, and with Ctrl-C ignored from the first moment.

    Spawning imports the main module in each worker, which would run a script that has no ``__main__`` guard
    over and over; our workers need nothing of it.
    """
    main = sys.modules["__main__"]
    hidden: dict[str, Any] = {
        name: main.__dict__.pop(name) for name in ("__file__", "__spec__") if name in main.__dict__
    }
    main.__dict__["__spec__"] = None
    in_main_thread = threading.current_thread() is threading.main_thread()
    previous: Any = signal.signal(signal.SIGINT, signal.SIG_IGN) if in_main_thread else None
    try:
        yield
    finally:
        if in_main_thread:
            signal.signal(signal.SIGINT, previous)
        del main.__dict__["__spec__"]
        main.__dict__.update(hidden)


class Workers:
    """A pool of workers that make shards in one folder."""

    def __init__(self, count: int, folder: Path) -> None:
        self.signals = Signals()
        self._folder = folder
        self._pool = ProcessPoolExecutor(count, _SPAWN, _start, (self.signals,))

    def submit(self, shards: list[Shard]) -> dict[Any, Shard]:
        """Hand in shards; a future for each, resolving to the file's SHA-256 and the effort."""
        with _starting_processes():
            return {self._pool.submit(_work, shard, self._folder): shard for shard in shards}

    @property
    def accepted(self) -> int:
        """Jets accepted so far by all workers."""
        return int(self.signals.accepted.get_obj().value)

    def close(self, at_once: bool = False) -> None:
        """Wait for running shards, or stop them at once; those not begun are dropped."""
        if at_once:
            self.signals.stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
