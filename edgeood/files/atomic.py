"""Write a file or a folder wholly or not at all."""

import contextlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgeood.files.system_errors import as_system_errors
from edgeood.files.temporary import living, name_beside, remove


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` and rename it onto ``path`` once the block has succeeded.

    Works for a file, which keeps its permissions, and for a folder, which is replaced. On any error the temporary
    one is removed and ``path`` stays as it was, and so do the folders above it. A link at ``path`` is replaced
    itself: who wants it followed asks :func:`edgeood.files.output.output_file` first.
    """
    target = Path(path)
    temporary, aside = name_beside(target), name_beside(target, "old")
    with folder_made(target.parent), living(temporary, aside):
        try:
            with as_system_errors(target, temporary):
                remove(temporary)
                yield temporary
                if not temporary.is_dir():
                    _finish(temporary, target)
            if temporary.is_dir() and os.path.lexists(target):
                _swap(temporary, target, aside)
            else:
                os.replace(temporary, target)
        finally:
            remove(temporary)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write ``text`` to ``path`` atomically (UTF-8)."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def folder_made(folder: Path) -> Iterator[None]:
    """Make a folder and those above it; after an error, those that were not there and are empty go again."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for one in missing:
            with contextlib.suppress(OSError):
                one.rmdir()
        raise


def _finish(temporary: Path, target: Path) -> None:
    """Permissions of the file before; and what a full disk or a network refuses is told here, not after."""
    before = target.lstat() if os.path.lexists(target) else None
    if before is not None and stat.S_ISREG(before.st_mode):
        temporary.chmod(stat.S_IMODE(before.st_mode))
    number = os.open(temporary, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _swap(temporary: Path, target: Path, aside: Path) -> None:
    """Put a folder in the place of another, which stands aside meanwhile and comes back after an error."""
    remove(aside)
    os.rename(target, aside)
    try:
        os.rename(temporary, target)
    except BaseException:
        os.rename(aside, target)
        raise
    # What cannot be removed now is swept by the next verb.
    with contextlib.suppress(OSError):
        remove(aside)
