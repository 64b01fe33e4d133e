"""Several trainings at once, each on one thread of its own."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from edgeood.errors import EdgeoodError
from edgeood.recipe import Recipe

Job = tuple[Recipe, Path, Path]
"""What is trained, its run directory, and the folder of its jets."""
Finished = tuple[str, float | None]
"""Name of a run directory, and seconds that the training took; None if it was finished before."""

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def train_one(recipe: Recipe, folder: Path, jets: Path) -> Finished:
    """Train ``recipe`` on the files of ``jets`` into ``folder``, or go on with it."""
    from edgeood.training.train import train

    before = (folder / "run.json").is_file()
    start = time.perf_counter()
    train(recipe, folder, jets=[jets], progress=False)
    return folder.name, None if before else time.perf_counter() - start


def train_side_by_side(jobs: Sequence[Job], at_once: int) -> Iterator[Finished]:
    """Do ``jobs``, ``at_once`` at a time, and yield them as they end.

    If one fails or the caller stops, the others are ended; a job that is done again goes on where it was.
    Raises :class:`EdgeoodError` if a process was killed, and whatever a training raises.
    """
    with _one_thread_each():
        pool = ProcessPoolExecutor(
            min(at_once, max(1, len(jobs))),
            multiprocessing.get_context("spawn"),
            _leave_interrupts_to_the_parent,
        )
        others = multiprocessing.active_children()
        futures = [pool.submit(train_one, *job) for job in jobs]
    try:
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        raise EdgeoodError(
            f"a training was killed (for want of memory?); give fewer than {at_once} at a time with --at-once. "
            "What is trained is kept."
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        if not all(future.done() for future in futures):
            for process in multiprocessing.active_children():
                if process not in others:
                    process.terminate()


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes started meanwhile compute on one thread: libraries read these variables when they are loaded."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
