"""What is compiled on this machine, in the user's own cache: a run never brings executable code along."""

import os
import stat
from pathlib import Path

from edgeood.errors import EdgeoodError


def cache_folder(name: str) -> Path:
    """The folder ``name`` in ``$XDG_CACHE_HOME/edgeood`` or ``~/.cache/edgeood``, which nobody else can write to.

    It may be deleted at any time. Raises :class:`EdgeoodError` if it cannot be made, or is another user's.
    """
    home = os.environ.get("XDG_CACHE_HOME", "")
    root = (Path(home) if os.path.isabs(home) else Path(os.path.expanduser("~/.cache"))) / "edgeood"
    remedy = "set XDG_CACHE_HOME to a folder of your own."
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        root.mkdir(mode=0o700, exist_ok=True)
        (root / name).mkdir(mode=0o700, exist_ok=True)
        for folder in (root, root / name):
            status = folder.stat()
            if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise EdgeoodError(
                    f"{folder}, for compiled code, is not yours alone; take others' right to write, or {remedy}"
                )
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EdgeoodError(f"{root}, for compiled code, cannot be made ({reason}); {remedy}") from error
    return root / name
