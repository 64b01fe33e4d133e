"""Names of processes in the attributes of a jet file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import MOST_PROCESSES, too_many_processes

UNKNOWN_PROCESS = "unknown"


def process_table(path: Path, attributes: Mapping[str, Any], indexed: bool) -> tuple[str, ...]:
    """The names of a file's attribute ``processes`` if its jets index them, else the one of ``process``.

    Raises :class:`EdgeoodError` if they are no names, more than an index reaches, or absent.
    """
    if not indexed:
        return _names(path, "process", attributes.get("process", UNKNOWN_PROCESS))[:1]
    if "processes" not in attributes:
        raise EdgeoodError(
            f"{path}: jets have a field 'process' but the file has no attribute 'processes'; "
            "list the names there, or drop the field."
        )
    names = _names(path, "processes", attributes["processes"])
    if len(names) > MOST_PROCESSES:
        raise EdgeoodError(f"{path}: the attribute 'processes' names {too_many_processes(len(names))}")
    return names


def _names(path: Path, attribute: str, value: Any) -> tuple[str, ...]:
    names = []
    for name in np.atleast_1d(np.asarray(value)).ravel().tolist():
        if isinstance(name, bytes):
            name = name.decode("utf-8", errors="replace")
        if not isinstance(name, str):
            raise EdgeoodError(
                f"{path}: the attribute '{attribute}' holds {name!r}, which is no name; write strings."
            )
        names.append(name)
    if not names:
        raise EdgeoodError(f"{path}: the attribute '{attribute}' is empty; write the names of the processes.")
    return tuple(names)
