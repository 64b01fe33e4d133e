"""What the networks of a search detect against what they cost."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from edgeood.evaluation.figures.style import looks, new_axes, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def cost_axis(axes: "Axes") -> None:
    """Make x the effective bit operations, in logarithmic scale with labels that do not run into each other."""
    from matplotlib.ticker import LogFormatterSciNotation, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.set_xlabel("Effective bit operations for one jet")
    low, high = axes.get_xlim()
    decades = np.log10(high / low)
    labelled = (1, 2, 5) if decades < 1.2 else (1, 3) if decades < 3 else (1,)
    axes.xaxis.set_major_locator(LogLocator(subs=labelled))
    axes.xaxis.set_major_formatter(
        LogFormatterSciNotation(labelOnlyBase=False, minor_thresholds=(np.inf, np.inf))
    )
    axes.xaxis.set_minor_formatter(NullFormatter())


def pareto_figure(
    ebops: ArrayLike,
    auroc: ArrayLike,
    *,
    front: Sequence[int],
    reference: int | None = None,
    ylabel: str = "AUROC",
) -> "Figure":
    """AUROC with its error, (N, 2), against effective bit operations (N,), the Pareto front drawn as a line.

    ``front`` are indices by rising EBOPs; ``reference`` is the index of what the search started from.
    """
    cost, (value, error) = np.asarray(ebops, np.float64), np.asarray(auroc, np.float64).T
    best = list(front)
    others = np.setdiff1d(np.arange(len(cost)), best)
    with style():
        figure, axes = new_axes()
        line, start, _ = looks(3)
        axes.plot(cost[others], value[others], "o", color="0.7", markersize=3.5, label="trials")
        axes.step(cost[best], value[best], where="post", linewidth=1.2, **line.line)
        axes.errorbar(cost[best], value[best], error[best], label="Pareto front", **line.points)
        if reference is not None:
            axes.plot(
                cost[reference],
                value[reference],
                start.marker,
                markersize=9,
                markerfacecolor="none",
                markeredgecolor=start.colour,
                label="start of the search",
            )
        axes.margins(x=0.08, y=0.12)
        cost_axis(axes)
        axes.set_ylabel(ylabel)
        axes.legend(loc="lower right")
    return figure
