"""ROC and significance improvement curves of several scores for one signal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.evaluation.detection import RocCurve, auroc, background_floor, roc_curve
from edgeood.evaluation.figures.style import MOST_LINES, Look, looks, new_axes, style
from edgeood.evaluation.labels import jet_label, score_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Pairs = Mapping[str, tuple[ArrayLike, ArrayLike]]
"""Score name → its values for background (B,) and for signal (S,) jets."""
_INSIDE = 4
"""A legend of more curves than this would cover them."""
_RANDOM: dict[str, Any] = {"color": "0.65", "linewidth": 1, "zorder": 1}


class _Line(NamedTuple):
    """One score's curve, its look, and its name in the legend."""

    curve: RocCurve
    look: Look
    label: str


def _lines(pairs: Pairs) -> list[_Line]:
    """A line a score, the largest AUROC first, as a legend is read; colours stay with the scores.

    Of more scores than colours, those with the largest AUROC are drawn.
    """
    curves = {name: roc_curve(signal, background) for name, (background, signal) in pairs.items()}
    areas = {name: auroc(curve) for name, curve in curves.items()}
    best = sorted(areas, key=lambda name: -areas[name])[:MOST_LINES]
    look = dict(zip((name for name in pairs if name in best), looks(len(best)), strict=True))
    return [_Line(curves[name], look[name], f"{score_label(name)} ({areas[name]:.3f})") for name in best]


def _measured(curve: RocCurve, floor: float) -> RocCurve:
    """The part of a curve with at least this background efficiency."""
    shown = curve.background_efficiency >= floor
    return RocCurve(*(efficiency[shown] for efficiency in curve))


def _new_axes(pairs: Pairs) -> tuple["Figure", "Axes"]:
    """Wider if the legend has to stand beside the curves."""
    return new_axes(6.0 if len(pairs) <= _INSIDE else 8.4)


def _finish(axes: "Axes", x: NDArray[Any], y: NDArray[Any], signal: str, background: str) -> None:
    """The line of a random choice, and what both figures share."""
    axes.plot(x, y, label="random choice (0.500)", **_RANDOM)
    axes.set_xlim(0, 1)
    axes.set_xlabel("Signal efficiency $\\epsilon_S$")
    inside = len(axes.lines) - 1 <= _INSIDE
    where: dict[str, Any] = (
        {"loc": "upper right"}
        if inside
        else {"loc": "upper left", "bbox_to_anchor": (1.0, 1.02), "alignment": "left"}
    )
    axes.legend(title=f"{jet_label(signal)} against {jet_label(background)}\nscore (AUROC)", **where)


def _jets(pairs: Pairs) -> int:
    return min(np.size(background) for background, _ in pairs.values())


def roc_figure(pairs: Pairs, *, signal: str, background: str = "qcd") -> "Figure":
    """Background rejection 1/ε_B against signal efficiency ε_S, AUROC in the legend.

    Curves begin where ten background jets are left; the grey line is a random choice. Of more than eight
    scores, the eight with the largest AUROC are drawn.
    """
    with style():
        figure, axes = _new_axes(pairs)
        highest = 10.0
        for curve, look, label in _lines(pairs):
            efficiency, selected = _measured(curve, 10 / _jets(pairs))
            highest = max(highest, float(1 / selected[0]))
            axes.plot(efficiency, 1 / selected, label=label, **look.line)
        axes.set_yscale("log")
        axes.set_ylim(1, highest ** (1.5 if len(pairs) <= _INSIDE else 1.05))
        axes.set_ylabel("Background rejection $1/\\epsilon_B$")
        random = np.geomspace(1e-4, 1, 500)
        _finish(axes, random, 1 / random, signal, background)
    return figure


def sic_figure(pairs: Pairs, *, signal: str, background: str = "qcd") -> "Figure":
    """Significance improvement ε_S/√ε_B against signal efficiency ε_S, AUROC in the legend.

    Curves begin where 25 background jets are left and never below ε_B = 10⁻³
    (:func:`~edgeood.evaluation.detection.background_floor`), the range of the maximum in the tables. Of more
    than eight scores, the eight with the largest AUROC are drawn.
    """
    with style():
        figure, axes = _new_axes(pairs)
        highest = 1.0
        for curve, look, label in _lines(pairs):
            efficiency, selected = _measured(curve, background_floor(_jets(pairs)))
            improvement = efficiency / np.sqrt(selected)
            highest = max(highest, float(improvement.max()))
            axes.plot(efficiency, improvement, label=label, **look.line)
        axes.set_ylim(0, (1.6 if len(pairs) <= _INSIDE else 1.1) * highest)
        axes.set_ylabel("Significance improvement $\\epsilon_S/\\sqrt{\\epsilon_B}$")
        random = np.linspace(0, 1, 500)
        _finish(axes, random, np.sqrt(random), signal, background)
    return figure
