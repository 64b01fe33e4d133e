"""The background's mass spectrum before and after a decision: one threshold for all masses, and one for each."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.evaluation.figures.style import looks, new_figure, style
from edgeood.evaluation.labels import jet_label
from edgeood.evaluation.mass.sculpting import mass_sculpting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_IN_A_BIN = 25
"""Jets that pass in each bin, if the decision is blind to mass."""
_MOST_BINS = 25


def decision_figure(
    mass: ArrayLike, selections: Mapping[str, NDArray[np.bool_]], *, title: str, background: str = "qcd"
) -> "Figure":
    """Normalised mass spectra (GeV) of all background jets (N,) and of those that each of ``selections`` (N,) passes.

    Bins hold equal numbers of all jets. Below, the share of the jets that passes in each, in units of the share of all:
    1 at every mass for a decision that is blind to it; the band is one standard deviation of such a one. Bars are
    statistical.
    """
    mass = np.asarray(mass, np.float64)
    fewest = min(int(chosen.sum()) for chosen in selections.values())
    bins = int(np.clip(fewest // _IN_A_BIN, 2, _MOST_BINS))
    edges = np.unique(np.quantile(mass, np.linspace(0, 1, bins + 1)))
    # The last bin ends where hardly a jet is left; its jets all count.
    shown = edges.copy()
    shown[-1] = max(np.quantile(mass, 0.995), shown[-2] * 1.05)
    before, widths = np.histogram(mass, edges)[0], np.diff(shown)
    middles = (shown[1:] + shown[:-1]) / 2
    with style():
        figure = new_figure(6.0, 5.6)
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1.4))
        everything = before / len(mass) / widths
        top.stairs(everything, shown, fill=True, color="0.88")
        top.stairs(everything, shown, color="black", linewidth=1.4, label=f"all {jet_label(background)}")
        expected = before / len(mass) * fewest
        spread = 1 / np.sqrt(np.maximum(expected, 1))
        bottom.stairs(1 + spread, shown, baseline=1 - spread, fill=True, color="0.88")
        highest, steepest = float(everything.max()), 2.0
        for look, (name, chosen) in zip(looks(len(selections)), selections.items(), strict=True):
            counts, passed = np.histogram(mass[chosen], edges)[0], int(chosen.sum())
            density, error = (n / passed / widths for n in (counts, np.sqrt(counts)))
            sculpting = mass_sculpting(chosen, mass, passed / len(mass))
            label = f"{name} (JSD {sculpting.jsd:.3f}, $W_2$ {sculpting.wasserstein_gev:.1f} GeV)"
            top.errorbar(middles, density, error, label=label, **look.points)
            ratio, bars = (n / before * len(mass) / passed for n in (counts, np.sqrt(counts)))
            bottom.errorbar(middles, ratio, bars, **look.points)
            highest, steepest = (
                max(highest, float((density + error).max())),
                max(steepest, float(ratio.max())),
            )
        bottom.axhline(1, color="black", linewidth=0.8)
        top.set_ylim(0, 1.55 * highest)
        top.set_xlim(0, shown[-1])
        bottom.set_ylim(0, 1.15 * steepest)
        top.set_ylabel("Fraction of jets / GeV")
        bottom.set_ylabel("Passing, to all", loc="center")
        bottom.set_xlabel("Jet mass [GeV]")
        top.legend(loc="upper right", title=title)
        figure.align_ylabels()
    return figure
