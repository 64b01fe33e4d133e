"""Where known and unseen jets lie in the plane of the representation's first two principal components."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.evaluation.figures.principal_components import principal_components
from edgeood.evaluation.figures.style import Look, looks, new_figure, style
from edgeood.evaluation.labels import jet_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ENCLOSED = (0.9, 0.5)
"""Fractions of the jets that the drawn lines enclose."""
_BINS = 120
_SMOOTHING = 3.0


def representation_figure(representation: Mapping[str, ArrayLike], *, known: Collection[str]) -> "Figure":
    """Lines around 50 % and 90 % of each class's jets in the plane of the first two principal components.

    ``representation`` maps each class or process to (N, D) values; the components are those of all jets of
    the ``known`` classes, which are filled. Signals lie over them in a panel of their own. The lines are level
    lines of the density, smoothed by 2.5 % of the range shown; jets outside of it (0.5 % at each edge) count as
    outside all lines. Raises as :func:`~edgeood.evaluation.figures.principal_components.principal_components`.
    """
    values = {name: np.asarray(own) for name, own in representation.items() if np.size(own)}
    components = principal_components(np.concatenate([own for name, own in values.items() if name in known]))
    points = {name: components.project(own) for name, own in values.items()}
    low, high = _range(list(points.values()))
    edges = [np.linspace(low[axis], high[axis], _BINS + 1) for axis in (0, 1)]
    signals = [name for name in points if name not in known]
    with style():
        figure = new_figure(8.6 if signals else 5.0, 4.9)
        panels = figure.subplots(1, 2 if signals else 1, sharex=True, sharey=True, squeeze=False)[0]
        for look, (name, own) in zip(looks(len(points)), points.items(), strict=True):
            _draw(panels[0 if name in known else 1], own, edges, look, lines=True, fill=name in known)
            panels[0 if name in known else 1].plot([], [], label=jet_label(name), **look.line)
            if signals and name in known:
                _draw(panels[1], own, edges, look, lines=False, fill=True)
        legend_rows = max(len(known), len(signals))
        for axes, what in zip(panels, ("Known classes", "Signals"), strict=False):
            axes.set_xlim(low[0], high[0])
            axes.set_ylim(low[1], low[1] + (high[1] - low[1]) / (0.88 - 0.052 * legend_rows))
            axes.legend(loc="upper left", title=f"{what}: 50 %, 90 %", alignment="left")
        figure.supxlabel(_axis_label(1, components.explained[0]), size="medium")
        panels[0].set_ylabel(_axis_label(2, components.explained[1]), loc="center")
    return figure


def _axis_label(number: int, explained: float) -> str:
    return f"Principal component {number} ({100 * explained:.1f} % of variance)"


def _range(points: list[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper ends (2,) of the axes: 99 % of every class, and a margin."""
    low = np.min([np.quantile(own, 0.005, axis=0) for own in points], axis=0)
    high = np.max([np.quantile(own, 0.995, axis=0) for own in points], axis=0)
    margin = 0.08 * (high - low) + 1e-9 * (1 + np.abs(high))
    return low - margin, high + margin


def _draw(
    axes: "Axes",
    points: NDArray[np.float64],
    edges: list[NDArray[np.float64]],
    look: Look,
    *,
    lines: bool,
    fill: bool,
) -> None:
    """Level lines that enclose the stated fractions of the (N, 2) points."""
    from scipy.ndimage import gaussian_filter

    density = gaussian_filter(np.histogram2d(points[:, 0], points[:, 1], bins=edges)[0], _SMOOTHING).T / len(
        points
    )
    levels = enclosing_levels(density, ENCLOSED)
    middles = [(own[1:] + own[:-1]) / 2 for own in edges]
    if levels and fill:
        axes.contourf(*middles, density, [levels[0], np.inf], colors=[look.colour], alpha=0.13)
    if levels and lines:
        axes.contour(
            *middles, density, levels, colors=[look.colour], linestyles=[look.dashes], linewidths=1.5
        )


def enclosing_levels(density: NDArray[np.float64], fractions: tuple[float, ...]) -> list[float]:
    """Rising levels whose level lines enclose each of ``fractions`` (falling) of a total of one.

    A level that is not reached, as too many jets lie elsewhere, is left out, as is one that repeats.
    """
    falling = np.sort(density, axis=None)[::-1]
    enclosed = np.cumsum(falling)
    reached = [float(falling[np.searchsorted(enclosed, own)]) for own in fractions if own < enclosed[-1]]
    return sorted({level for level in reached if level > 0})
