"""The background's mass spectrum before and after cuts on a score."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.evaluation.figures.style import COLOURS, label_of, new_axes, style
from edgeood.evaluation.sculpting import MASS_BIN_GEV, kept_weights, mass_sculpting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARKERS = ("o", "s", "^", "v", "D", "P")


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
    score that is blind to mass gives 1. Bars are statistical. Ratios are drawn where the cut would keep at
    least 4 jets of a bin if it were blind to mass; cuts that keep fewer than 50 jets are left out.
    """
    background_score, mass = np.asarray(background_score), np.asarray(mass, np.float64)
    edges = _edges(mass)
    middles, width = (edges[1:] + edges[:-1]) / 2, edges[1]
    everything = np.histogram(mass, edges)[0]
    before = everything / len(mass)
    with style():
        figure, whole = new_axes(6.0, 5.4)
        figure.delaxes(whole)
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.2))
        top.stairs(before / width, edges, fill=True, color="0.88")
        top.stairs(before / width, edges, color="black", linewidth=1.4, label=f"all {label_of(background)}")
        for number, efficiency in enumerate(efficiencies):
            if efficiency * len(mass) < 50:
                continue
            weights = kept_weights(background_score, mass, efficiency)
            counts = np.histogram(mass, edges, weights=weights)[0]
            after, error = counts / weights.sum(), np.sqrt(counts) / weights.sum()
            jsd = mass_sculpting(background_score, mass, efficiency).jsd
            label = f"{100 * efficiency:g} % most anomalous (JSD {jsd:.3f})"
            look = {"color": COLOURS[number % len(COLOURS)], "label": label}
            points = {
                "fmt": _MARKERS[number % len(_MARKERS)],
                "color": COLOURS[number % len(COLOURS)],
                "markersize": 3,
                "elinewidth": 0.9,
            }
            shift = (number - 1) * width / 5  # neighbours' bars would cover each other
            if weights.sum() > 50 * len(middles):
                top.stairs(after / width, edges, linewidth=1.6, **look)
            else:
                some = counts > 0
                height, bars = after[some] / width, error[some] / width
                top.errorbar(middles[some] + shift, height, bars, **{**points, **look})
            enough = everything * efficiency >= 4
            ratio = after[enough] / before[enough]
            bottom.errorbar(middles[enough] + shift, ratio, error[enough] / before[enough], **points)
        bottom.axhline(1, color="black", linewidth=0.8)
        top.set_ylim(0, 1.45 * np.max(before / width))
        top.set_xlim(0, edges[-1])
        bottom.set_ylim(0, 2.5)
        top.set_ylabel("Fraction of jets / GeV")
        bottom.set_ylabel("Ratio to all", loc="center")
        bottom.set_xlabel("Jet mass [GeV]")
        top.legend(loc="upper right", title=label_of(score))
        figure.align_ylabels()
    return figure


def _edges(mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """At most 40 bins of a multiple of 5 GeV, up to the mass that 99 % of the jets stay below."""
    high = max(float(np.quantile(mass, 0.99)), 10 * MASS_BIN_GEV)
    width = MASS_BIN_GEV * np.ceil(high / MASS_BIN_GEV / 40)
    return np.arange(0, np.ceil(high / width) + 1) * width
