"""Where the class probabilities of known and of unseen jets lie on the simplex of three classes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from edgeood.evaluation.figures.simplex import CORNERS, simplex_density
from edgeood.evaluation.figures.style import new_figure, style
from edgeood.evaluation.labels import jet_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 3
_LOWEST = 1e-4


def simplex_figure(probabilities: Mapping[str, ArrayLike], *, classes: Sequence[str]) -> "Figure":
    """Density of the softmax probabilities, a panel for each class or process of ``probabilities``.

    ``probabilities`` (N, 3) are in the order of the three ``classes``, the first of which is the corner at the
    top: a cut on its probability is a level line (CC22 figs. 2 and 3 show the same plane). All panels share one
    logarithmic colour scale, each jet counting 1/N. Raises as
    :func:`~edgeood.evaluation.figures.simplex.simplex_points`.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import LogNorm

    panels = {name: own for name, own in probabilities.items() if np.size(own)}
    densities = {name: simplex_density(own) for name, own in panels.items()}
    fractions = {name: own.counts / own.counts.sum() for name, own in densities.items()}
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    with style():
        figure = new_figure(2.35 * columns + 0.9, 2.45 * rows)
        scale = LogNorm(_LOWEST, max(float(own.max()) for own in fractions.values()), clip=True)
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, (name, density) in zip(grid, densities.items(), strict=False):
            seen = density.counts > 0
            cells = PolyCollection(
                list(density.triangles[seen]), cmap="viridis_r", norm=scale, edgecolors="face", linewidths=0.2
            )
            cells.set_array(fractions[name][seen])
            axes.add_collection(cells)
            _frame(axes, classes)
            axes.set_title(jet_label(name), loc="left", pad=14)
        for axes in grid[len(panels) :]:
            axes.set_axis_off()
        bar = figure.colorbar(
            ScalarMappable(scale, "viridis_r"), ax=grid.tolist(), shrink=0.8, aspect=25, extend="min"
        )
        bar.set_label("Fraction of jets per triangle", loc="center", size="small")
    return figure


def _frame(axes: "Axes", classes: Sequence[str]) -> None:
    """Outline, lines of probability ½, and the names of the corners."""
    around = np.vstack([CORNERS, CORNERS[:1]])
    axes.plot(*around.T, color="black", linewidth=0.9, solid_joinstyle="miter")
    middles = (CORNERS + np.roll(CORNERS, 1, axis=0)) / 2
    axes.plot(*np.vstack([middles, middles[:1]]).T, color="0.5", linewidth=0.6, linestyle=(0, (4, 3)))
    for place, name, down in zip(CORNERS, classes, (False, True, True), strict=True):
        axes.annotate(
            jet_label(name),
            place,
            xytext=(0, -3 if down else 3),
            textcoords="offset points",
            ha="center",
            va="top" if down else "bottom",
            fontsize="x-small",
        )
    axes.set_aspect("equal")
    axes.set_axis_off()
