"""What the networks of a search detect against what they cost."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from edgeood.evaluation.figures.style import looks, new_axes, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


EBOPS = "Effective bit operations for one jet"


def cost_axis(axes: "Axes", label: str = EBOPS) -> None:
    """Make x what networks cost, in logarithmic scale with labels that do not run into each other."""
    from matplotlib.ticker import LogFormatterSciNotation, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.set_xlabel(label)
    low, high = axes.get_xlim()
    decades = np.log10(high / low)
    labelled = (1, 2, 5) if decades < 1.2 else (1, 3) if decades < 3 else (1,)
    axes.xaxis.set_major_locator(LogLocator(subs=labelled))
    axes.xaxis.set_major_formatter(
        LogFormatterSciNotation(labelOnlyBase=False, minor_thresholds=(np.inf, np.inf))
    )
    axes.xaxis.set_minor_formatter(NullFormatter())


def pareto_figure(
    cost: ArrayLike,
    auroc: ArrayLike,
    *,
    front: Sequence[int],
    reference: int | None = None,
    xlabel: str = EBOPS,
    ylabel: str = "AUROC",
) -> "Figure":
    """AUROC with its error, (N, 2), against what networks cost (N,), the Pareto front drawn as a line.

    ``front`` are indices by rising cost; ``reference`` is the index of what the search started from.
    """
    price, (value, error) = np.asarray(cost, np.float64), np.asarray(auroc, np.float64).T
    best = list(front)
    others = np.setdiff1d(np.arange(len(price)), best)
    with style():
        figure, axes = new_axes()
        line, start, _ = looks(3)
        axes.plot(price[others], value[others], "o", color="0.7", markersize=3.5, label="trials")
        axes.step(price[best], value[best], where="post", linewidth=1.2, **line.line)
        axes.errorbar(price[best], value[best], error[best], label="Pareto front", **line.points)
        if reference is not None:
            axes.plot(
                price[reference],
                value[reference],
                start.marker,
                markersize=9,
                markerfacecolor="none",
                markeredgecolor=start.colour,
                label="start of the search",
            )
        axes.margins(x=0.08, y=0.12)
        cost_axis(axes, xlabel)
        axes.set_ylabel(ylabel)
        axes.legend(loc="lower right")
    return figure
