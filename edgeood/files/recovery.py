"""What becomes of half-written files that a killed process left behind."""

import contextlib
import os
import re
import time
from pathlib import Path

from edgeood.files.temporary import NAME, NAME_OF_0_1, is_living, remove
from edgeood.files.temporary import machine as this_machine
from edgeood.files.together import move_in

_DAY_S = 86400


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
        found = NAME.fullmatch(name) or NAME_OF_0_1.fullmatch(name)
        if found:
            with contextlib.suppress(OSError):
                _recover(folder / name, found)


def recover_target(target: Path) -> None:
    """The same for what was left of one file, in a folder that may hold anything else."""
    with contextlib.suppress(OSError):
        for name in os.listdir(target.parent):
            found = NAME.fullmatch(name)
            if found and target.name in (found["stem"] + (found["suffix"] or ""), found["stem"]):
                _recover(target.parent / name, found)


def _recover(path: Path, found: re.Match[str]) -> None:
    if not _is_dead(path, found):
        return
    if found["what"] == "ready":
        move_in(path)
    elif found["what"] == "old" and not os.path.lexists(path.with_name(found["stem"])):
        os.rename(path, path.with_name(found["stem"]))
    else:
        remove(path)


def _is_dead(path: Path, found: re.Match[str]) -> bool:
    """Whether the process that a temporary path names has ended."""
    machine = found.groupdict().get("machine")
    if machine is not None and machine != this_machine():
        return time.time() - path.lstat().st_mtime > _DAY_S
    process = int(found["process"])
    if process == os.getpid():
        return not is_living(path)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return _is_zombie(process)


def _is_zombie(process: int) -> bool:
    """Whether the process has ended and only its number waits for a parent to take note of it.

    Containers without an init process keep the zombies of orphans for ever.
    """
    try:
        status = Path(f"/proc/{process}/stat").read_text(errors="replace")
    except OSError:
        return False
    # The name of the command, in parentheses, may hold anything.
    return status.rpartition(")")[2].split()[:1] == ["Z"]
