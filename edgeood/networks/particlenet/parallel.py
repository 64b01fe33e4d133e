"""Independent pieces of work on all cores, one core for each piece.

Many short operations on several cores each would wait for the slowest core after every one of them: two to ten times
slower once anything else runs on the machine.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from threading import Barrier
from typing import TypeVar

import torch

Result = TypeVar("Result")


def in_parallel(task: Callable[[int], Result], count: int) -> Iterator[Result]:
    """``task(0)``, …, ``task(count - 1)`` in this order, on as many threads as torch may use.

    Tasks run without gradients; where gradients are recorded, they run one after another.
    """
    threads = min(torch.get_num_threads(), count)
    if threads < 2 or torch.is_grad_enabled():
        return map(task, range(count))
    inference = torch.is_inference_mode_enabled()
    autocast = partial(
        torch.autocast, "cpu", torch.get_autocast_dtype("cpu"), torch.is_autocast_enabled("cpu")
    )

    def undisturbed(number: int) -> Result:
        # Modes belong to a thread.
        with torch.inference_mode(inference), torch.no_grad(), autocast():
            return task(number)

    return _pool(torch.get_num_threads(), os.getpid()).map(undisturbed, range(count))


@cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """Threads whose operations stay on one core; of this ``process``, as a fork inherits none."""
    pool = ThreadPoolExecutor(threads, "edgeood")
    together = Barrier(threads)

    def single(_: int) -> None:
        # The first question settles the thread's number, the second call changes it.
        torch.get_num_threads()
        torch.set_num_threads(1)
        together.wait()

    list(pool.map(single, range(threads)))
    # Setting it in a thread is also taken for the number of all threads to come.
    torch.set_num_threads(threads)
    return pool
