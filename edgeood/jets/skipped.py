"""Jets that were passed over, listed in a file of scores."""

from typing import Any

import h5py
import numpy as np

from edgeood.jets.reading import Reading

_TEXT = h5py.string_dtype()
_LAYOUT = np.dtype(
    [("file", _TEXT), ("row", "<i8"), ("output_row", "<i8"), ("jets", "<i8"), ("reason", _TEXT)]
)


def write_skipped(file: Any, reading: Reading) -> None:
    """Add a table ``skipped`` (K,) of what was passed over, and the counts as attributes, to an open HDF5 file.

    Its columns are the fields of :class:`edgeood.jets.reading.Skipped`.
    """
    rows = [(one.file, one.row, one.output_row, one.jets, one.reason) for one in reading.skipped]
    file.create_dataset("skipped", data=np.array(rows, _LAYOUT), track_times=False)
    file.attrs.update({"skipped_jets": reading.skipped_jets, "sorted_jets": reading.sorted_jets})
