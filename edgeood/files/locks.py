"""Only one process works in a folder; the system gives the lock back even after SIGKILL."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgeood.errors import EdgeoodError
from edgeood.files.atomic import folder_made
from edgeood.files.recovery import recover

_LOCK = ".lock"


@contextmanager
def locked(folder: Path, work: str) -> Iterator[None]:
    """Lock a folder, made if it is missing, and clear it of what a killed process left in it.

    ``work`` is a noun for what is done there ("training"). The folder itself is locked, so that nothing is left
    behind, or a file ``.lock`` in it where a file system locks no folders; one that locks nothing at all is worked
    on without. Raises :class:`EdgeoodError` if the folder is locked.
    """
    with folder_made(folder):
        number = _lock(folder, work)
        try:
            recover(folder)
            yield
        finally:
            os.close(number)


def _lock(folder: Path, work: str) -> int:
    """A file descriptor that holds the lock."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if _locks(number, folder, work):
            return number
        file = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        os.close(number)
        number = file
        _locks(number, folder, work)
    except BaseException:
        os.close(number)
        raise
    return number


def _locks(number: int, folder: Path, work: str) -> bool:
    """Take the lock; False if the file system has none for this. Raises :class:`EdgeoodError` if it is taken."""
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise EdgeoodError(
                f"another {work} is writing to {folder}; wait for it or choose another folder."
            ) from error
        return False
    return True
