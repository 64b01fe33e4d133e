"""The background's mass spectrum before and after cuts on a score."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.evaluation.figures.style import looks, new_figure, style
from edgeood.evaluation.labels import jet_label, score_label
from edgeood.evaluation.mass.sculpting import MASS_BIN_GEV, kept_weights, mass_sculpting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FEWEST = 50
_IN_A_BIN = 5
"""Jets that a bin should hold on average after a cut."""


def sculpting_figure(
    background_score: ArrayLike,
    mass: ArrayLike,
    *,
    score: str,
    background: str = "qcd",
    efficiencies: tuple[float, ...] = (0.5, 0.1, 0.01),
) -> "Figure":
    """Normalised mass spectra (GeV) of all background jets and of the most anomalous fractions of them.

    ``background_score`` and ``mass`` (N,) are of background jets. Below, each spectrum's ratio to all jets; a
    score that is blind to mass gives 1. Bars are statistical. Few jets get wider bins; ratios are drawn where the
    cut would keep at least 4 jets of a bin if it were blind to mass; cuts that keep fewer than 50 are left out.
    """
    background_score, mass = np.asarray(background_score), np.asarray(mass, np.float64)
    edges = _edges(mass)
    everything = np.histogram(mass, edges)[0] / len(mass) / np.diff(edges)
    with style():
        figure = new_figure(6.0, 5.6)
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.2))
        top.stairs(everything, edges, fill=True, color="0.88")
        top.stairs(everything, edges, color="black", linewidth=1.4, label=f"all {jet_label(background)}")
        highest, steepest = float(everything.max()), 1.0
        for number, (look, efficiency) in enumerate(zip(looks(len(efficiencies)), efficiencies, strict=True)):
            if efficiency * len(mass) < _FEWEST:
                continue
            weights = kept_weights(background_score, mass, efficiency)
            # Few jets in many bins would be a cloud of points: their bins are merged.
            merged = math.ceil(_IN_A_BIN * (len(edges) - 1) / weights.sum())
            own = np.unique([*edges[::merged], edges[-1]])
            before, counts = np.histogram(mass, own)[0], np.histogram(mass, own, weights=weights)[0]
            density, error = (n / weights.sum() / np.diff(own) for n in (counts, np.sqrt(counts)))
            jsd = mass_sculpting(background_score, mass, efficiency).jsd
            label = f"{100 * efficiency:g} % most anomalous (JSD {jsd:.3f})"
            middles = (own[1:] + own[:-1]) / 2
            if weights.sum() > 50 * len(edges):
                top.stairs(density, own, label=label, **look.line)
                highest = max(highest, float(density.max()))
            else:
                some = counts > 0
                top.errorbar(middles[some], density[some], error[some], label=label, **look.points)
                highest = max(highest, float((density + error).max()))
            enough = before * efficiency >= 4
            ratio, bars = (
                n[enough] / before[enough] * len(mass) / weights.sum() for n in (counts, np.sqrt(counts))
            )
            steepest = max([steepest, *ratio])
            # Neighbours' bars would cover each other.
            shift = (number - 1) * (edges[1] - edges[0]) / 5
            bottom.errorbar(middles[enough] + shift, ratio, bars, **look.points)
        bottom.axhline(1, color="black", linewidth=0.8)
        top.set_ylim(0, 1.5 * highest)
        top.set_xlim(0, edges[-1])
        bottom.set_ylim(0, min(max(2.0, 1.15 * steepest), 6.0))
        top.set_ylabel("Fraction of jets / GeV")
        bottom.set_ylabel("Ratio to all", loc="center")
        bottom.set_xlabel("Jet mass [GeV]")
        top.legend(loc="upper right", title=score_label(score))
        figure.align_ylabels()
    return figure


def _edges(mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """At most 40 bins of a multiple of 5 GeV, up to the mass that 99 % of the jets stay below."""
    high = max(float(np.quantile(mass, 0.99)), 10 * MASS_BIN_GEV)
    width = MASS_BIN_GEV * np.ceil(high / MASS_BIN_GEV / 40)
    result: NDArray[np.float64] = np.arange(0, np.ceil(high / width) + 1) * width
    return result
