"""How many processor cores there are to work with."""

import os


def usable_cores() -> int:
    """Number of cores that this process may run on (a container or a batch system may grant fewer)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
