"""How a score moves with jet mass, for each class of jets."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.evaluation.figures.score_profile import FEWEST, percentile_in, score_profile
from edgeood.evaluation.figures.style import looks, new_axes, style
from edgeood.evaluation.labels import jet_label, score_label

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def score_mass_profile_figure(
    groups: Mapping[str, tuple[ArrayLike, ArrayLike]], *, score: str, background: str
) -> "Figure":
    """Median and quartiles of the score named ``score`` in bins of mass, for each class of ``groups``.

    ``groups`` maps a class to its scores (N,) and masses (N,) in GeV; ``background`` is one of them. A score is
    drawn as the percentage of background jets below it: a mass-blind score has its quartiles at 25, 50 and 75
    for the background, and flat lines for every class. Points are medians with their statistical error, lines
    the quartiles, filled between for the background. Bins of fewer than 25 jets are left out.
    """
    values = {name: tuple(map(np.asarray, pair)) for name, pair in groups.items() if np.size(pair[0])}
    reference = values[background][0]
    edges = _edges([mass for _, mass in values.values()])
    middles, width = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
    with style():
        figure, axes = new_axes()
        for number, (look, name) in enumerate(zip(looks(len(values)), values, strict=True)):
            own, mass = values[name]
            profile = score_profile(percentile_in(reference, own), mass, edges)
            lower, median, upper = profile.quartiles
            if name == background:
                axes.stairs(upper, edges, baseline=lower, fill=True, color=look.colour, alpha=0.2)
            for quartile in (lower, upper):
                axes.stairs(
                    quartile, edges, baseline=None, linewidth=1, color=look.colour, linestyle=look.dashes
                )
            some = np.isfinite(median)
            shift = (number - (len(values) - 1) / 2) * width / 6  # neighbours' bars would cover each other
            axes.errorbar(
                middles[some] + shift,
                median[some],
                np.abs(profile.median_interval - median)[:, some],
                label=jet_label(name),
                **look.points,
            )
        for level in (25, 50, 75):
            axes.axhline(level, color="0.4", linewidth=0.7, linestyle=(0, (4, 3)), zorder=0)
        axes.set_xlim(edges[0], edges[-1])
        axes.set_ylim(0, 130)
        axes.set_yticks(range(0, 101, 25))
        axes.set_xlabel("Jet mass [GeV]")
        axes.set_ylabel(f"{jet_label(background)} jets with a lower score [%]")
        title = f"{score_label(score)}: median, quartiles"
        axes.legend(loc="upper right", title=title, ncols=4, columnspacing=1.2, handletextpad=0.3)
    return figure


def _edges(masses: list[NDArray[Any]]) -> NDArray[np.float64]:
    """At most twenty bins of a multiple of 5 GeV, up to the mass that 99 % of every class stay below."""
    high = max(float(np.quantile(mass, 0.99)) for mass in masses)
    bins = np.clip(max(map(len, masses)) // (2 * FEWEST), 3, 20)
    width = 5 * max(np.ceil(high / 5 / bins), 1)
    result: NDArray[np.float64] = np.arange(0, np.ceil(high / width) + 1) * width
    return result
