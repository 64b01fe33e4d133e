"""Hidden names of half-written files, and what becomes of those that a killed process left behind.

``.<name>.edgeood-<machine>-<process>.part`` is being written, ``….old`` was set aside while its successor moves in,
and ``….ready`` holds whole files that are moving in together (:mod:`edgeood.files.together`).
"""

import contextlib
import functools
import hashlib
import os
import re
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME = re.compile(
    r"\.(?P<stem>.+)\.edgeood-(?P<machine>[0-9a-f]{8})-(?P<process>\d+)\.(?P<what>part|old|ready)"
    r"(?P<suffix>\.[^.]*)?"
)
_NAME_OF_0_1 = re.compile(r"\.(?P<stem>.+)\.(?P<process>\d+)\.(?P<what>part)(?P<suffix>\.[^.]*)?")
_DAY_S = 86400
_living: set[str] = set()
"""Temporary paths that this process works on: its number may be that of one that died long ago."""


def name_beside(target: Path, what: str = "part") -> Path:
    """A hidden path in the folder of ``target``; that of a ``part`` keeps the suffix, as some writers go by it."""
    stem, suffix = (target.stem, target.suffix) if what == "part" else (target.name, "")
    return target.with_name(f".{stem}.edgeood-{_machine()}-{os.getpid()}.{what}{suffix}")


@functools.cache
def _machine() -> str:
    """A hash of what process numbers count for: the host, and the container if there is one."""
    try:
        numbers = os.readlink("/proc/self/ns/pid")
    except OSError:
        numbers = ""
    return hashlib.sha256(f"{socket.gethostname()} {numbers}".encode()).hexdigest()[:8]


@contextmanager
def living(*paths: Path) -> Iterator[None]:
    """Protect temporary paths of this process from :func:`recover`."""
    names = {os.path.abspath(path) for path in paths}
    _living.update(names)
    try:
        yield
    finally:
        _living.difference_update(names)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def recover(folder: Path) -> None:
    """Clear a folder of ours of what killed processes left: what was set aside comes back, what was whole moves in.

    Files of processes that live stay. Of another machine's nothing is known: they go when they are a day old.
    Where nothing can be changed, as in a read-only folder, nothing is.
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        found = _NAME.fullmatch(name) or _NAME_OF_0_1.fullmatch(name)
        if found:
            with contextlib.suppress(OSError):
                _recover(folder / name, found)


def recover_target(target: Path) -> None:
    """The same for what was left of one file, in a folder that may hold anything else."""
    with contextlib.suppress(OSError):
        for name in os.listdir(target.parent):
            found = _NAME.fullmatch(name)
            if found and target.name in (found["stem"] + (found["suffix"] or ""), found["stem"]):
                _recover(target.parent / name, found)


def _recover(path: Path, found: re.Match[str]) -> None:
    if not _is_dead(path, found):
        return
    if found["what"] == "ready":
        from edgeood.files.together import move_in

        move_in(path)
    elif found["what"] == "old" and not os.path.lexists(path.with_name(found["stem"])):
        os.rename(path, path.with_name(found["stem"]))
    else:
        remove(path)


def _is_dead(path: Path, found: re.Match[str]) -> bool:
    """Whether the process that a temporary path names has ended."""
    machine = found.groupdict().get("machine")
    if machine is not None and machine != _machine():
        return time.time() - path.lstat().st_mtime > _DAY_S
    process = int(found["process"])
    if process == os.getpid():
        return os.path.abspath(path) not in _living
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False
