"""Scores that mean the same at every jet mass: each is compared with the background's of the same mass."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError

FEWEST_JETS = 50
"""Background jets in each mass bin: below it a quantile is mostly noise."""
_LARGEST_NORMAL = 3.0
_KNOTS = 41


class MassFlattening:
    """t(s, m) = Φ⁻¹(F(s | m)), with F the distribution of the background's scores at mass m.

    Whatever the score knew of mass, t is normally distributed at every mass of the background, so that a cut on
    it keeps the shape of the background's mass spectrum: the "designed decorrelated tagger" of Dolen et al.
    (arXiv:1603.00027), for all working points at once. Larger stays more anomalous. The price is a second input,
    the mass, and the detection that mass itself had brought.

    F is taken from quantiles in mass bins of equal population, linear between the bins' median masses and
    extrapolated linearly in normal units beyond the outermost quantile, so that the tail keeps its order.
    """

    def __init__(self, bins: int = 25) -> None:
        self.bins = bins
        self._mass = np.zeros(0)
        self._quantiles = np.zeros((0, _KNOTS))
        self._normal = np.linspace(-_LARGEST_NORMAL, _LARGEST_NORMAL, _KNOTS)

    def fit(self, score: NDArray[Any], mass_gev: NDArray[Any]) -> Self:
        """Learn F from background jets: scores (N,) and masses (N,) in GeV.

        Raises :class:`EdgeoodError` for fewer than 50 jets a bin.
        """
        from scipy.special import ndtr

        score, mass = np.asarray(score, np.float64), np.asarray(mass_gev, np.float64)
        if len(score) < FEWEST_JETS * self.bins:
            raise EdgeoodError(
                f"{len(score)} background jets are too few to flatten a score in {self.bins} bins of mass; give "
                f"{FEWEST_JETS * self.bins} or take fewer bins."
            )
        members = np.array_split(np.argsort(mass, kind="stable"), self.bins)
        self._mass = np.array([np.median(mass[own]) for own in members])
        # A quantile beyond the last jet of a bin is no quantile: knots end where the bin's jets do.
        reach = min(_LARGEST_NORMAL, _normal_quantile(1 - 0.5 / min(map(len, members))))
        self._normal = np.linspace(-reach, reach, _KNOTS)
        self._quantiles = np.stack([np.quantile(score[own], ndtr(self._normal)) for own in members])
        return self

    def __call__(self, score: NDArray[Any], mass_gev: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) flattened scores of jets with scores (N,) and masses (N,) in GeV, in standard deviations."""
        score, mass = np.asarray(score, np.float64), np.asarray(mass_gev, np.float64)
        place = np.interp(mass, self._mass, np.arange(self.bins))
        lower = (
            np.minimum(place.astype(np.int64), self.bins - 2) if self.bins > 1 else np.zeros(len(mass), int)
        )
        share = place - lower
        flat = np.empty(len(score))
        for start in range(0, len(score), 65536):
            some = slice(start, start + 65536)
            upper = np.minimum(lower[some] + 1, self.bins - 1)
            knots = (1 - share[some, None]) * self._quantiles[lower[some]]
            knots += share[some, None] * self._quantiles[upper]
            flat[some] = _piecewise(score[some], knots, self._normal)
        return flat


def _normal_quantile(probability: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(probability))


def _piecewise(values: NDArray[Any], knots: NDArray[Any], heights: NDArray[Any]) -> NDArray[Any]:
    """Linear interpolation of each value (N,) in its own rising row of knots (N, K), and beyond its ends."""
    segment = np.clip((values[:, None] >= knots).sum(1) - 1, 0, knots.shape[1] - 2)
    rows = np.arange(len(values))
    left, right = knots[rows, segment], knots[rows, segment + 1]
    # Equal quantiles (a score with few values) leave no slope: the smallest width stands in.
    width = np.maximum(right - left, 1e-12 * np.maximum(np.abs(right), 1))
    result: NDArray[Any] = heights[segment] + (values - left) / width * (
        heights[segment + 1] - heights[segment]
    )
    return result
