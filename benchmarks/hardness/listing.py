"""What a folder holds, before and after a case."""

import hashlib
import stat
from collections.abc import Sequence
from pathlib import Path

_HASHED = 16 * 2**20
"""Bytes of a file from which on its size and time stand for its content."""
Listing = dict[str, tuple[int, str]]
"""Path → bytes on disk and digest; of folders, links and pipes their sort."""


def listing(folder: Path) -> Listing:
    """Everything in a folder."""
    found: Listing = {}
    for path in sorted(folder.rglob("*")):
        there = path.lstat()
        name = path.relative_to(folder).as_posix()
        if not stat.S_ISREG(there.st_mode):
            found[name] = (0, str(stat.S_IFMT(there.st_mode)))
        elif there.st_size > _HASHED:
            # Sparse, most of them.
            found[name] = (there.st_blocks * 512, f"{there.st_size} {there.st_mtime_ns}")
        else:
            found[name] = (there.st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    return found


def changed(before: Listing, after: Listing, allowed: Sequence[str]) -> str | None:
    """What was changed, left or lost outside of what is ``allowed``, in words; None if nothing was."""
    for name in before | after:
        if any(name == one or name.startswith(f"{one}/") for one in allowed):
            continue
        if before.get(name) != after.get(name):
            return f"{name} was {'changed' if name in before and name in after else 'left or lost'}"
    return None
