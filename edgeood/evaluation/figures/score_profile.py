"""How a score moves with jet mass within one class of jets."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

FEWEST = 25
"""Jets that a bin must hold for its quartiles to be quoted."""


class ScoreProfile(NamedTuple):
    """Quartiles of the score in bins of mass, NaN where a bin holds fewer than :data:`FEWEST` jets."""

    edges: NDArray[np.float64]
    """(bins + 1,) in GeV"""
    quartiles: NDArray[np.float64]
    """(3, bins): a quarter, half and three quarters of the bin's jets lie below"""
    median_interval: NDArray[np.float64]
    """(2, bins): about 68 % confidence interval of the median"""


def score_profile(score: ArrayLike, mass: ArrayLike, edges: ArrayLike) -> ScoreProfile:
    """Quartiles of the scores (N,) in bins of mass (N,), and how well the median is known.

    The interval lies between the order statistics of ranks n/2 ± √n/2, one standard deviation of the binomial
    number of jets below the true median: it needs no assumption about the score's distribution (David &
    Nagaraja, *Order Statistics*, §7.1). Jets outside of ``edges`` (bins + 1,) are left out.
    """
    score, mass, edges = (np.asarray(values, np.float64) for values in (score, mass, edges))
    bins = np.digitize(mass, edges) - 1
    quartiles, interval = np.full((3, len(edges) - 1), np.nan), np.full((2, len(edges) - 1), np.nan)
    for place in range(len(edges) - 1):
        own = score[bins == place]
        if len(own) >= FEWEST:
            half = 0.5 / np.sqrt(len(own))
            quartiles[:, place] = np.quantile(own, (0.25, 0.5, 0.75))
            interval[:, place] = np.quantile(own, (0.5 - half, 0.5 + half))
    return ScoreProfile(edges, quartiles, interval)


def percentile_in(background: ArrayLike, score: ArrayLike) -> NDArray[np.float64]:
    """(N,) percentage of the ``background`` scores (B,) below each of ``score`` (N,), half of the equal ones."""
    ordered = np.sort(np.asarray(background, np.float64))
    below = np.searchsorted(ordered, score, "left") + np.searchsorted(ordered, score, "right")
    return 50.0 * below / len(ordered)
