"""Losses and accuracy of a training, epoch by epoch."""

import csv
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.errors import EdgeoodError
from edgeood.evaluation.figures.style import looks, new_figure, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SPLITS = ("train", "validation")


def read_history(file: str | os.PathLike[str]) -> dict[str, NDArray[np.float64]]:
    """Column → values per epoch of a run's ``metrics.csv``, NaN where a cell is empty.

    Raises :class:`EdgeoodError` if the file is missing or is not such a table.
    """
    try:
        with open(file, newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        columns = {name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0]}
        columns["epoch"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise EdgeoodError(f"{os.fspath(file)} is not the history of a training; train again.") from error
    return columns


def training_figure(history: Mapping[str, ArrayLike]) -> "Figure":
    """A panel for the loss, for each of its terms, and for the accuracy, over epochs.

    ``history`` maps ``epoch`` and columns such as ``train_loss``, ``validation_loss`` or ``validation_accuracy``
    to one value an epoch, as :func:`read_history` returns them. A loss that is its only term is drawn once.
    """
    from matplotlib.ticker import MaxNLocator, NullLocator

    epochs = np.asarray(history["epoch"], np.float64) + 1
    panels = _panels(history)
    columns = min(len(panels), 2)
    rows = -(-len(panels) // columns)
    with style():
        figure = new_figure(4.6 * columns, 2.0 + 1.9 * rows if rows > 1 else 3.8)
        grid = figure.subplots(rows, columns, sharex=True, squeeze=False)
        for number, (axes, name) in enumerate(zip(grid.ravel(), panels, strict=False)):
            for split, look in zip(_SPLITS, looks(len(_SPLITS)), strict=True):
                own = history.get(f"{split}_{name}")
                if own is not None:
                    axes.plot(epochs, own, label=split, marker=look.marker, markersize=3.5, **look.line)
            axes.set_ylabel(name.replace("_", " ").capitalize())
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.margins(x=0.04, y=0.12)
            axes.legend(loc="best")
            if number >= len(panels) - columns:
                axes.set_xlabel("Epoch")
                axes.tick_params(labelbottom=True)
        for axes in grid.ravel()[len(panels) :]:
            axes.set_axis_off()
        figure.align_ylabels()
    return figure


def _panels(history: Mapping[str, ArrayLike]) -> list[str]:
    """What is drawn, the loss first and the accuracy last."""
    names = {column.removeprefix(f"{split}_") for split in _SPLITS for column in history if split in column}
    terms = sorted(names - {"loss", "accuracy"})
    return [*([] if len(terms) == 1 else ["loss"] * ("loss" in names)), *terms, *({"accuracy"} & names)]
