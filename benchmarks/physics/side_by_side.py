"""Several trainings or scorings at once, each on one thread of its own."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from edgeood.cores import usable_cores
from edgeood.errors import EdgeoodError
from edgeood.jets.simulation.worker import belong_to_parent

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
Done = TypeVar("Done")


def side_by_side(
    work: Callable[..., Done], jobs: Sequence[tuple[Any, ...]], at_once: int | None = None
) -> Iterator[Done]:
    """Yield ``work(*job)`` of every job, in the order in which they end.

    ``at_once`` of them (default: the usable cores), each in a process of its own and on one thread, so that rounding
    does not depend on the number of cores. With a GPU, unless ``at_once`` says otherwise, one after the other in this
    process. If one fails or the caller stops, the others are ended.

    Raises :class:`EdgeoodError` if a process was killed, and whatever ``work`` raises.
    """
    import torch

    if torch.cuda.is_available() and (at_once or 1) == 1:
        yield from (work(*job) for job in jobs)
        return
    if not jobs:
        return
    count = min(at_once or usable_cores(), len(jobs))
    others = multiprocessing.active_children()
    with _one_thread_each():
        pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), belong_to_parent)
        futures = [pool.submit(work, *job) for job in jobs]
    try:
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        raise EdgeoodError(
            f"one of {count} processes was killed (for want of memory?); let fewer run at a time with --at-once. "
            "What is finished is kept."
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        if not all(future.done() for future in futures):
            for process in multiprocessing.active_children():
                if process not in others:
                    process.terminate()


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
