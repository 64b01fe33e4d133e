"""The Top Quark Tagging Reference."""

import pickletools
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.opening import data_set, open_hdf5, told
from edgeood.jets.hdf5.storage import check_storage
from edgeood.jets.layout import Jets
from edgeood.jets.readers.bounds import check_size
from edgeood.jets.readers.labels import of_numbers
from edgeood.jets.readers.momenta import jets_from_momenta

_MOMENTA, _LABELS = "values_block_0", "values_block_1"
_LABEL = "is_signal_new"
_PARTICLES = 200
_COLUMNS = [f"{axis}_{number}" for number in range(_PARTICLES) for axis in ("E", "PX", "PY", "PZ")]


def read_top_tagging(path: Path) -> Jets:
    """Top Quark Tagging Reference (Zenodo 2603256): a pandas table of E, PX, PY, PZ of 200 constituents.

    Labels are the column that the table names ``is_signal_new``. Without names, it is the one integer column that
    has both classes.
    """
    with open_hdf5(path) as file, told(path):
        table = data_set(path, file, "table/table")
        if table is None:
            raise EdgeoodError(f"{path} has no 'table/table'; choose a file of this data set.")
        _check(path, table)
        names = {block: _names(table.attrs.get(f"{block}_kind")) for block in (_MOMENTA, _LABELS)}
        check_storage(path, table, "table/table")
        check_size(path, "table/table", len(table) * table.dtype.itemsize)
        rows = table.fields([_MOMENTA, _LABELS])[()]
    if names[_MOMENTA] and names[_MOMENTA][: len(_COLUMNS)] != _COLUMNS:
        raise EdgeoodError(
            f"{path}: the momenta are in the order {', '.join(names[_MOMENTA][:5])}, …; write E_0, PX_0, PY_0, PZ_0, …"
        )
    labels = rows[_LABELS].reshape(len(rows), -1)
    column = _label_column(path, labels, names[_LABELS])
    is_top = of_numbers(path, _LABEL, labels[:, column], 2)
    momenta = rows[_MOMENTA][:, : len(_COLUMNS)].reshape(-1, _PARTICLES, 4)
    return jets_from_momenta(momenta, is_top, ("qcd", "top"), (0, 2), str(path))


def _check(path: Path, table: Any) -> None:
    types = table.dtype.fields or {}
    momenta, labels = types.get(_MOMENTA), types.get(_LABELS)
    if (
        table.ndim != 1
        or not len(table)
        or momenta is None
        or momenta[0].base.kind != "f"
        or len(momenta[0].shape) != 1
        or momenta[0].shape[0] < len(_COLUMNS)
    ):
        raise EdgeoodError(
            f"{path} is no table of the top tagging reference; choose train.h5, val.h5 or test.h5."
        )
    if labels is None or labels[0].base.kind not in "iu" or len(labels[0].shape) > 1:
        raise EdgeoodError(f"{path} has no integer labels ('{_LABELS}'); choose train.h5, val.h5 or test.h5.")


def _names(pickled: Any) -> list[str]:
    """Names of a block's columns, which pandas pickles: the strings in the pickle, which is not loaded."""
    try:
        content = bytes(pickled) if not isinstance(pickled, str) else pickled.encode("latin-1")
        return [text for _, text, _ in pickletools.genops(content) if isinstance(text, str)]
    except (TypeError, ValueError):
        return []


def _label_column(path: Path, labels: NDArray[Any], names: list[str]) -> int:
    if len(names) == labels.shape[1]:
        if _LABEL not in names:
            raise EdgeoodError(f"{path}: none of the columns {', '.join(names)} is '{_LABEL}'; name it so.")
        return names.index(_LABEL)
    both = [column for column in range(labels.shape[1]) if set(np.unique(labels[:, column])) == {0, 1}]
    if len(both) != 1:
        raise EdgeoodError(
            f"{path}: the integer columns have no names, and {len(both)} of {labels.shape[1]} hold both 0 and 1, "
            f"so that it cannot be told which is '{_LABEL}'; write the table with pandas."
        )
    return both[0]
