"""Jets of public data sets, read from the files their authors published: one format a file.

Jet kinematics are the sums of the constituents in the file; truth mass and substructure stay unknown.
Constituents come out sorted by falling pT, whatever the order in the file.
"""

import importlib
import os
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import Jets
from edgeood.suggestions import suggestion

Reader = Callable[[Path], Jets]
"""Reads one file, or raises :class:`EdgeoodError`, or one of :data:`UNREADABLE` if it cannot be read at all."""

UNREADABLE: tuple[type[Exception], ...] = (OSError, ValueError, KeyError, EOFError, RuntimeError, MemoryError)
UNREADABLE += (zipfile.BadZipFile, zlib.error)

FORMATS = {
    "hls4ml": "edgeood.jets.readers.hls4ml:read_hls4ml",
    "top-tagging": "edgeood.jets.readers.top_tagging:read_top_tagging",
    "energyflow": "edgeood.jets.readers.energyflow:read_energyflow",
    "vectors": "edgeood.jets.readers.particle_transformer:read_vectors",
}
"""Format → ``module:function``, a :data:`Reader`. A new one is a module and a line here."""


def read_external(path: str | os.PathLike[str], format: str) -> Jets:
    """Read one file of a public data set; ``format`` is a key of :data:`FORMATS`.

    Raises :class:`EdgeoodError` if the format is unknown, or the file missing, damaged or laid out otherwise.
    """
    if format not in FORMATS:
        hint = suggestion(format, FORMATS, f"choose from {', '.join(FORMATS)}.")
        raise EdgeoodError(f"there is no jet format '{format}'; {hint}")
    file = Path(path)
    if not file.is_file():
        raise EdgeoodError(f"there is no file {file}; correct the path or download it.")
    module, name = FORMATS[format].split(":")
    read: Reader = getattr(importlib.import_module(module), name)
    try:
        return read(file)
    except UNREADABLE as error:
        reason = " ".join(str(error).split())
        raise EdgeoodError(f"{file} cannot be read as {format} ({reason}); download it again.") from error
