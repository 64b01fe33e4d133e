"""Errors of the operating system that a library told in words of its own → ``OSError``, as it was."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgeood.errors import EdgeoodError

_NUMBER = re.compile(r"(?:\berrno = |\bos error |\[Errno )(\d+)")
"""As HDF5, safetensors and Python write it."""


@contextmanager
def as_system_errors(target: Path, temporary: Path) -> Iterator[None]:
    """Raise what a writer of ``target`` says of a full disk, a quota or a missing right as ``OSError`` of that file.

    The ``temporary`` path that is really written to is no name for a user.

    HDF5 raises ``RuntimeError``, safetensors and torch classes of their own, with the number in their text or without.
    """
    try:
        yield
    except EdgeoodError:
        raise
    except Exception as error:
        number = _number(error)
        if number is None or getattr(error, "filename", None) not in (None, str(temporary), temporary):
            raise
        raise OSError(number, os.strerror(number), str(target)) from error


def _number(error: Exception) -> int | None:
    if isinstance(error, OSError) and error.errno:
        return error.errno
    if found := _NUMBER.search(str(error)):
        return int(found[1])
    return None
