"""How one score is distributed for each class of jets."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.evaluation.figures.style import looks, new_axes, style
from edgeood.evaluation.labels import jet_label, score_quantity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS = 50


def score_figure(
    by_group: Mapping[str, ArrayLike], *, score: str, threshold: float | None = None
) -> "Figure":
    """Distributions of the score named ``score``, one for each class or process of ``by_group``.

    Each is normalised to its own number of jets; the first (the background) is filled. The range covers 99.6 %
    of every group; the rest is not drawn. A positive score that spans a factor of 100 gets a logarithmic axis.
    ``threshold`` draws the working point.
    """
    values = {group: np.asarray(own, np.float64) for group, own in by_group.items() if np.size(own)}
    edges, logarithmic = _edges(list(values.values()))
    with style():
        figure, axes = new_axes()
        for number, (look, (group, own)) in enumerate(zip(looks(len(values)), values.items(), strict=True)):
            density = np.histogram(own, edges)[0] / len(own)
            if number == 0:
                axes.stairs(density, edges, fill=True, color=look.colour, alpha=0.25)
            axes.stairs(density, edges, label=jet_label(group), **look.line)
        highest = axes.dataLim.y1
        if threshold is not None and edges[0] <= threshold <= edges[-1]:
            axes.vlines(
                threshold, 0, highest, color="black", linewidth=1, linestyle="--", label="working point"
            )
        if logarithmic:
            axes.set_xscale("log")
        axes.set_xlim(edges[0], edges[-1])
        legend_rows = len(values) // 2 + 1
        axes.set_ylim(0, highest / (0.93 - 0.05 * legend_rows))
        axes.set_xlabel(f"Anomaly score: {score_quantity(score)}")
        axes.set_ylabel("Fraction of jets per bin")
        axes.legend(loc="upper right", ncols=2)
    return figure


def _edges(groups: list[NDArray[np.float64]]) -> tuple[NDArray[np.float64], bool]:
    """Bin edges for all groups, and whether they are logarithmic."""
    low = min(float(np.quantile(own, 0.002)) for own in groups)
    high = max(float(np.quantile(own, 0.998)) for own in groups)
    if not high > low:
        return np.linspace(low - 0.5, low + 0.5, BINS + 1), False
    if low > 0 and high > 100 * low:
        return np.geomspace(low, high, BINS + 1), True
    distinct = np.unique(np.concatenate(groups))
    step = float(np.min(np.diff(distinct)))
    if (high - low) / step > 40 * BINS:
        return np.linspace(low, high, BINS + 1), False
    # A fixed-point score: bins of whole steps, or some would hold one value more than others.
    width = step * np.ceil((high - low) / step / BINS)
    return np.arange(low - step / 2, high + width, width), False
