"""The Top Quark Tagging Reference."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.opening import open_hdf5, told
from edgeood.jets.layout import Jets
from edgeood.jets.readers.hdf5.pandas import Columns, columns_of, shape_of
from edgeood.jets.readers.labels import of_numbers
from edgeood.jets.readers.momenta import unchecked_jets
from edgeood.jets.readers.protocol import Reader, blocks

_LABEL = "is_signal_new"
_PARTICLES = 200
_COLUMNS = [f"{axis}_{number}" for number in range(_PARTICLES) for axis in ("E", "PX", "PY", "PZ")]
_CHOOSE = "choose train.h5, val.h5 or test.h5."


def iterate(path: Path, batch: int) -> Iterator[Jets]:
    """A pandas frame ``table``, of either layout, with E, PX, PY, PZ of 200 constituents.

    Labels are the column that the table names ``is_signal_new``. Without names, it is the one integer column that
    has both classes.
    """
    with open_hdf5(path) as file, told(path):
        columns = columns_of(path, file, "table")
        if columns is None:
            raise EdgeoodError(f"{path} has no 'table/table'; choose a file of this data set.")
        momenta = next((one for one in columns if one.dtype.kind == "f"), None)
        labels = next((one for one in columns if one.dtype.kind in "iu"), None)
        if momenta is None or momenta.width < len(_COLUMNS) or not momenta.count:
            raise EdgeoodError(f"{path} is no table of the top tagging reference; {_CHOOSE}")
        if labels is None or labels.count != momenta.count:
            raise EdgeoodError(f"{path} has no integer labels; {_CHOOSE}")
        if momenta.names and momenta.names[: len(_COLUMNS)] != _COLUMNS:
            raise EdgeoodError(
                f"{path}: the momenta are in the order {', '.join(momenta.names[:5])}, …; "
                "write E_0, PX_0, PY_0, PZ_0, …"
            )
        column = _label_column(path, labels)
        for rows in blocks(momenta.count, batch, _PARTICLES):
            is_top = of_numbers(path, _LABEL, labels.read(rows)[:, column], 2, rows.start)
            four = momenta.read(rows)[:, : len(_COLUMNS)].reshape(-1, _PARTICLES, 4)
            yield unchecked_jets(four, is_top, ("qcd", "top"), (0, 2), first=rows.start, source=str(path))


def _label_column(path: Path, labels: Columns) -> int:
    if len(labels.names) == labels.width:
        if _LABEL not in labels.names:
            raise EdgeoodError(
                f"{path}: none of the columns {', '.join(labels.names)} is '{_LABEL}'; name it so."
            )
        return labels.names.index(_LABEL)
    seen: list[set[int]] = [set() for _ in range(labels.width)]
    for rows in blocks(labels.count, labels.count, labels.width + 4 * _PARTICLES):
        values = labels.read(rows)
        for column, own in enumerate(seen):
            # A column of many values is none of labels, and not to be remembered.
            own |= set(np.unique(values[:, column])[:3].tolist())
    both = [column for column, own in enumerate(seen) if own == {0, 1}]
    if len(both) != 1:
        raise EdgeoodError(
            f"{path}: the integer columns have no names, and {len(both)} of {labels.width} hold both 0 and 1, "
            f"so that it cannot be told which is '{_LABEL}'; write the table with pandas."
        )
    return both[0]


def _recognise(path: Path) -> bool:
    shape = shape_of(path, "table")
    return shape is not None and shape[1] >= len(_COLUMNS)


def _count(path: Path) -> int | None:
    shape = shape_of(path, "table")
    return shape[0] if shape else None


READER = Reader(
    "Top Quark Tagging Reference (Zenodo 2603256)",
    "hdf5",
    _recognise,
    iterate,
    _count,
    truth="QCD, top",
    lacks="identities",
)
