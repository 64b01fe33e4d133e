"""JSON and ``.npz`` files that may be damaged, foreign or malicious → their content, or one sentence."""

import json
import math
import os
import stat
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError

_LARGEST_JSON = 64 * 2**20
_SMALL = 64 * 2**20
_FACTOR = 20
"""A compressed archive may grow by so much beyond ``_SMALL`` bytes; honest arrays of ours grow less."""


def check_ordinary(path: str | os.PathLike[str], remedy: str) -> int:
    """Size of a file, links followed. Raises :class:`EdgeoodError` if there is none, or something else is there.

    Whoever opens a named pipe waits until another process writes to it.
    """
    try:
        there = os.stat(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise EdgeoodError(f"{path} cannot be read ({reason}); {remedy}") from error
    if not stat.S_ISREG(there.st_mode):
        raise EdgeoodError(f"{path} cannot be read (it is no ordinary file); {remedy}")
    return there.st_size


def read_json(path: str | os.PathLike[str], remedy: str, keys: Sequence[str] = ()) -> dict[str, Any]:
    """The JSON object in a file, with at least these ``keys``.

    Raises :class:`EdgeoodError`, in a sentence that ends with the ``remedy``, if it is missing, damaged or another.
    """
    if check_ordinary(path, remedy) > _LARGEST_JSON:
        raise EdgeoodError(f"{path} is too large to be what its name says; {remedy}")
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise EdgeoodError(f"{path} cannot be read ({error.strerror}); {remedy}") from error
    except (ValueError, RecursionError) as error:
        raise EdgeoodError(f"{path} is not readable JSON; {remedy}") from error
    if not isinstance(content, dict):
        raise EdgeoodError(f"{path} does not hold a JSON object; {remedy}")
    if missing := [key for key in keys if key not in content]:
        raise EdgeoodError(f"{path} lacks the key '{missing[0]}'; {remedy}")
    return content


def read_arrays(path: str | os.PathLike[str], remedy: str) -> dict[str, NDArray[Any]]:
    """The arrays of an ``.npz`` file by name. No pickle is ever loaded, and no memory taken before all sizes agree.

    Raises :class:`EdgeoodError`, in a sentence that ends with the ``remedy``.
    """
    own = check_ordinary(path, remedy)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            size = sum(entry.file_size for entry in entries)
            if size > max(_SMALL, _FACTOR * own):
                raise EdgeoodError(
                    f"{path} would unpack to {size:,} bytes, which no file of ours does; {remedy}"
                )
            return {entry.filename.removesuffix(".npy"): _array(archive, entry) for entry in entries}
    except (EdgeoodError, MemoryError):
        raise
    except OSError as error:
        raise EdgeoodError(f"{path} cannot be read ({error.strerror or error}); {remedy}") from error
    # Whatever else zipfile, its decompressors, NumPy and the tokenizer of Python make of damaged bytes.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise EdgeoodError(f"{path} is damaged or no archive of arrays ({reason}); {remedy}") from error


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    """One array, once its header is known to promise no more than the archive holds."""
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        if version not in read_header:
            raise ValueError(f"array '{entry.filename}' has format {version}")
        shape, _, dtype = read_header[version](file)
        if dtype.hasobject or not dtype.itemsize:
            raise ValueError(f"array '{entry.filename}' holds Python objects, or nothing")
        if file.tell() + math.prod(shape) * dtype.itemsize != entry.file_size:
            raise ValueError(f"array '{entry.filename}' is not as long as it says")
    with archive.open(entry) as file:
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))
