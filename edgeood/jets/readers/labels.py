"""Truth labels of public files: class numbers, one-hot rows, or none at all."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import MOST_PROCESSES

JETCLASS = {
    **{"qcd": 0, "h_bb": -1, "h_cc": -1, "h_gg": -1, "h_4q": -1, "h_qql": -1},
    **{"z_qq": 3, "w_qq": 1, "top_bqq": 2, "top_bl": -1},
}
"""Our names of JetClass's classes, in its order, and their truth labels, −1 where this package has none."""


@dataclass(frozen=True)
class Classes:
    """The class of each jet: an index (N,) into names, and the truth label of every name."""

    index: NDArray[np.int64]
    names: tuple[str, ...]
    truth: tuple[int, ...]


def unlabelled(jets: int) -> Classes:
    """Classes of jets of which nothing is known: process "unknown", label −1."""
    return Classes(np.zeros(jets, np.int64), ("unknown",), (-1,))


def of_one_hot(path: Path, name: str, rows: NDArray[Any], first: int = 0) -> NDArray[np.int64]:
    """(N,) class of one-hot rows (N, K), the first of them the file's row ``first``.

    Raises :class:`EdgeoodError` unless each has a single 1 among zeros.
    """
    single = ((rows == 0) | (rows == 1)).all(axis=1) & (rows.sum(axis=1) == 1)
    if not single.all():
        row = int((~single).argmax())
        raise EdgeoodError(
            f"{path}: jet {first + row} has no single class in '{name}' ({rows[row].tolist()}); "
            "write one 1 among zeros, or download the file again."
        )
    index: NDArray[np.int64] = rows.argmax(axis=1)
    return index


def of_numbers(
    path: Path, name: str, numbers: NDArray[Any], classes: int = MOST_PROCESSES, first: int = 0
) -> NDArray[np.int64]:
    """(N,) class numbers as integers, the first of them of the file's row ``first``.

    Raises :class:`EdgeoodError` unless they are whole, from 0 to ``classes`` − 1.
    """
    good = (numbers >= 0) & (numbers < classes) & (np.floor(numbers) == numbers)
    if not good.all():
        row = int((~good).argmax())
        raise EdgeoodError(
            f"{path}: jet {first + row} has the class {numbers[row]} in '{name}'; it should be a whole number "
            f"from 0 to {classes - 1}."
        )
    return numbers.astype(np.int64)
