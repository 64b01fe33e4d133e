"""Several files and folders that replace their predecessors all or none."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgeood.files.system_errors import as_system_errors
from edgeood.files.temporary import living, name_beside, remove


@contextmanager
def replace_together(folder: Path, last: str) -> Iterator[Path]:
    """Yield an empty folder; what the block writes there replaces its namesakes in ``folder``, ``last`` at the end.

    On any error everything is as it was. A process killed before all is written has changed nothing; one killed
    later is finished by whoever looks next (:func:`edgeood.files.recovery.recover`).
    """
    part, ready = (name_beside(folder / last, what) for what in ("part", "ready"))
    with living(part, ready):
        try:
            for place in (part, ready):
                remove(place)
            (part / "new").mkdir(parents=True)
            (part / "old").mkdir()
            with as_system_errors(folder, part):
                (part / "last").write_text(last, encoding="utf-8")
                yield part / "new"
            os.rename(part, ready)
            move_in(ready)
        finally:
            remove(part)
            # What could not be moved back holds the only copy: the next verb goes on with it.
            if ready.is_dir() and not os.listdir(ready / "old"):
                remove(ready)


def move_in(ready: Path) -> None:
    """Move a finished set of files from its hidden folder to where they belong; on an error all move back."""
    new = ready / "new"
    last = (ready / "last").read_text(encoding="utf-8")
    names = sorted(os.listdir(new), key=lambda name: (name == last, name))
    moved: list[str] = []
    try:
        for name in names:
            moved.append(name)
            _put(new / name, ready.parent / name, ready / "old" / name)
    except BaseException:
        for name in reversed(moved):
            _take_back(new / name, ready.parent / name, ready / "old" / name)
        raise
    # What cannot be removed now is swept by the next verb.
    with contextlib.suppress(OSError):
        remove(ready)


def _put(source: Path, target: Path, aside: Path) -> None:
    if os.path.lexists(target):
        remove(aside)
        if target.is_dir() or source.is_dir():
            os.rename(target, aside)
        else:
            # Never a moment without the file.
            _link(target, aside)
    os.rename(source, target)


def _take_back(source: Path, target: Path, aside: Path) -> None:
    if os.path.lexists(target) and not os.path.lexists(source):
        os.rename(target, source)
    if os.path.lexists(aside):
        os.rename(aside, target)
        remove(aside)  # two links to one file are not renamed


def _link(target: Path, aside: Path) -> None:
    try:
        os.link(target, aside, follow_symlinks=False)
    except OSError:
        shutil.copy2(target, aside, follow_symlinks=False)
