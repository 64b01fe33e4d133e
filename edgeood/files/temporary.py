"""Hidden names of half-written files.

``.<name>.edgeood-<machine>-<process>.part`` is being written, ``….old`` was set aside while its successor moves in,
and ``….ready`` holds whole files that are moving in together (:mod:`edgeood.files.together`).
"""

import functools
import hashlib
import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = re.compile(
    r"\.(?P<stem>.+)\.edgeood-(?P<machine>[0-9a-f]{8})-(?P<process>\d+)\.(?P<what>part|old|ready)"
    r"(?P<suffix>\.[^.]*)?"
)
NAME_OF_0_1 = re.compile(r"\.(?P<stem>.+)\.(?P<process>\d+)\.(?P<what>part)(?P<suffix>\.[^.]*)?")
_living: set[str] = set()
"""Temporary paths that this process works on: its number may be that of one that died long ago."""


def name_beside(target: Path, what: str = "part") -> Path:
    """A hidden path in the folder of ``target``; that of a ``part`` keeps the suffix, as some writers go by it."""
    stem, suffix = (target.stem, target.suffix) if what == "part" else (target.name, "")
    return target.with_name(f".{stem}.edgeood-{machine()}-{os.getpid()}.{what}{suffix}")


@functools.cache
def machine() -> str:
    """A hash of what process numbers count for: the host, and the container if there is one."""
    try:
        numbers = os.readlink("/proc/self/ns/pid")
    except OSError:
        numbers = ""
    return hashlib.sha256(f"{socket.gethostname()} {numbers}".encode()).hexdigest()[:8]


@contextmanager
def living(*paths: Path) -> Iterator[None]:
    """Protect temporary paths of this process from :func:`edgeood.files.recovery.recover`."""
    names = {os.path.abspath(path) for path in paths}
    _living.update(names)
    try:
        yield
    finally:
        _living.difference_update(names)


def is_living(path: Path) -> bool:
    """Whether this process works on a temporary path."""
    return os.path.abspath(path) in _living


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
