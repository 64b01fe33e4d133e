"""ROC and significance improvement curves of several scores for one signal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from edgeood.evaluation.detection import auroc, background_floor, roc_curve
from edgeood.evaluation.figures.style import label_of, line_look, new_axes, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Pairs = Mapping[str, tuple[ArrayLike, ArrayLike]]
"""Score name → its values for background (B,) and for signal (S,) jets."""


def roc_figure(pairs: Pairs, *, signal: str, background: str = "qcd") -> "Figure":
    """Background rejection 1/ε_B against signal efficiency ε_S.

    Curves begin where ten background jets are left; the grey line is a random choice.
    """
    with style():
        figure, axes = new_axes()
        highest = 10.0
        for number, (name, (own_background, own_signal)) in enumerate(pairs.items()):
            curve = roc_curve(own_signal, own_background)
            shown = curve.background_efficiency >= 10 / np.size(own_background)
            rejection = 1 / curve.background_efficiency[shown]
            highest = max(highest, float(rejection[0]))
            label = f"{label_of(name)} (AUC {auroc(curve):.3f})"
            axes.plot(curve.signal_efficiency[shown], rejection, label=label, **line_look(number))
        random = np.linspace(0.001, 1, 500)
        axes.plot(random, 1 / random, color="0.7", linewidth=1, label="random")
        axes.set_yscale("log")
        axes.set_xlim(0, 1)
        axes.set_ylim(1, 3 * highest)
        axes.set_xlabel("Signal efficiency $\\epsilon_S$")
        axes.set_ylabel("Background rejection $1/\\epsilon_B$")
        axes.legend(loc="upper right", title=f"{label_of(signal)} against {label_of(background)}")
    return figure


def sic_figure(pairs: Pairs, *, signal: str, background: str = "qcd") -> "Figure":
    """Significance improvement ε_S/√ε_B against signal efficiency ε_S.

    Curves begin where 25 background jets are left and never below ε_B = 10⁻³
    (:func:`~edgeood.evaluation.detection.background_floor`), the range of the maximum in the tables.
    """
    with style():
        figure, axes = new_axes()
        highest = 1.0
        for number, (name, (own_background, own_signal)) in enumerate(pairs.items()):
            curve = roc_curve(own_signal, own_background)
            shown = curve.background_efficiency >= background_floor(np.size(own_background))
            efficiency = curve.signal_efficiency[shown]
            improvement = efficiency / np.sqrt(curve.background_efficiency[shown])
            highest = max(highest, float(improvement.max()))
            axes.plot(efficiency, improvement, label=label_of(name), **line_look(number))
        random = np.linspace(0, 1, 500)
        axes.plot(random, np.sqrt(random), color="0.7", linewidth=1, label="random")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.45 * highest)
        axes.set_xlabel("Signal efficiency $\\epsilon_S$")
        axes.set_ylabel("Significance improvement $\\epsilon_S/\\sqrt{\\epsilon_B}$")
        axes.legend(loc="upper right", title=f"{label_of(signal)} against {label_of(background)}")
    return figure
