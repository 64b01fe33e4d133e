"""Jets of others, read from the files their authors published: one format a file.

Jet kinematics are the sums of the constituents in the file, unless a format is said to do otherwise; truth mass stays
unknown. Constituents come out sorted by falling pT, whatever the order in the file. :mod:`edgeood.jets.readers.door` is
where every verb enters.
"""

import os
import struct
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from edgeood.errors import EdgeoodError

if TYPE_CHECKING:
    from edgeood.jets.layout import Jets

UNREADABLE: tuple[type[Exception], ...] = (OSError, ValueError, KeyError, EOFError, RuntimeError, MemoryError)
UNREADABLE += (zipfile.BadZipFile, zlib.error, TypeError, IndexError, OverflowError, AttributeError)
UNREADABLE += (struct.error, AssertionError)
"""What is raised about a file that cannot be read at all, besides the errors of :data:`LIBRARIES`."""
LIBRARIES = ("uproot", "awkward", "cramjam", "pyarrow")
"""Packages whose own errors, of classes that are known only once they are imported, say the same."""

FORMATS = {
    "hls4ml": "edgeood.jets.readers.hdf5.hls4ml:READER",
    "top-tagging": "edgeood.jets.readers.hdf5.top_tagging:READER",
    "lhc-olympics": "edgeood.jets.readers.hdf5.lhc_olympics:READER",
    "jetclass": "edgeood.jets.readers.root.jetclass:READER",
    "nanoaod": "edgeood.jets.readers.root.nanoaod:READER",
    "delphes": "edgeood.jets.readers.root.delphes:READER",
    "aspen-open-jets": "edgeood.jets.readers.hdf5.aspen:READER",
    "cheng": "edgeood.jets.readers.hdf5.cheng:READER",
    "ftag": "edgeood.jets.readers.hdf5.ftag:READER",
    "energyflow": "edgeood.jets.readers.arrays.energyflow:READER",
    "parquet": "edgeood.jets.readers.parquet.reader:READER",
    "vectors": "edgeood.jets.readers.arrays.particle_transformer:READER",
}
"""Format → ``module:READER``, a :class:`~edgeood.jets.readers.protocol.Reader`, or a function of a path that returns
:class:`~edgeood.jets.layout.Jets`, which is used only where it is named. A new one is a module and a line here; files
are recognised in this order."""
_AT_ONCE = 8192


def read_external(path: str | os.PathLike[str], format: str) -> "Jets":
    """Read and check one whole file of a public data set; ``format`` is a key of :data:`FORMATS`.

    Raises :class:`EdgeoodError` if the format is unknown, or the file missing, damaged or laid out otherwise.
    """
    # The command line's help shows the table, and imports nothing more.
    from edgeood.jets.layout import Jets
    from edgeood.jets.readers.door import iterate_unchecked
    from edgeood.jets.readers.named import known_format
    from edgeood.jets.soundness.in_memory import check

    known_format(format)
    file = Path(path)
    if not file.is_file():
        raise EdgeoodError(f"there is no file {file}; correct the path or download it.")
    parts = list(iterate_unchecked(file, format, _AT_ONCE))
    if not parts:
        raise EdgeoodError(f"{file} holds no jets; choose a file with some.")
    jets = parts[0] if len(parts) == 1 else Jets.concatenate(parts)
    check(jets, str(file))
    return jets
