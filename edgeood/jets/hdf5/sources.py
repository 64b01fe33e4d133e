"""Where, in a file that was converted of several, the jets of each begin."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.opening import data_set

SOURCE_ROWS = "source_rows"
"""Data set (K,): first row of every file that the jets are of."""
_MOST = 1_000_000


def first_rows(path: Path, file: Any, count: int) -> NDArray[np.int64]:
    """(K,) rising first rows of the files that ``count`` jets of an open file are of: row 0 alone if nothing is told.

    Raises :class:`EdgeoodError` if the data set is anything else.
    """
    rows = data_set(path, file, SOURCE_ROWS)
    if rows is None:
        return np.zeros(1, np.int64)
    if rows.ndim == 1 and 0 < len(rows) <= _MOST and rows.dtype.kind in "iu":
        found = rows[:].astype(np.int64)
        if found[0] == 0 and found[-1] < count and (np.diff(found) > 0).all():
            return np.asarray(found)
    raise EdgeoodError(
        f"{path}: '{SOURCE_ROWS}' does not hold the first rows of files, from 0 up to {count - 1}; convert them again."
    )
