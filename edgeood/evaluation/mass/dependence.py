"""How much a score depends on jet mass within one class of jets."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.evaluation.bootstrap import resampled, standard_error

LARGEST_SAMPLE = 3000
"""Jets that a distance correlation is computed on; its cost grows with their square."""


class Noise(NamedTuple):
    """What independent samples of the same sizes and shapes give: no measure is 0 for finitely many jets."""

    mean: float
    q95: float
    """95 % lie below: what lies above is no chance"""


class DistanceCorrelation(NamedTuple):
    """A distance correlation, its standard error, and what chance alone gives."""

    value: float
    error: float
    noise: Noise


def spearman(first: ArrayLike, second: ArrayLike) -> float:
    """Spearman's ρ, the linear correlation of the ranks of two (N,) samples, ties at their mean rank."""
    places = [np.unique(np.asarray(sample), return_inverse=True)[1] for sample in (first, second)]
    return _spearman(places, np.ones(len(places[0])))


def spearman_with_error(
    first: ArrayLike, second: ArrayLike, replicas: int = 100, seed: int = 1
) -> tuple[float, float]:
    """Spearman's ρ of two (N,) samples and its bootstrap standard error."""
    places = [np.unique(np.asarray(sample), return_inverse=True)[1] for sample in (first, second)]
    jets = len(places[0])
    drawn = [_spearman(places, counts.astype(np.float64)) for counts in resampled(jets, replicas, seed)]
    return _spearman(places, np.ones(jets)), standard_error(drawn)


def _spearman(places: list[NDArray[np.int64]], weights: NDArray[np.float64]) -> float:
    """ρ of jets counted ``weights`` (N,) times; ``places`` order each sample's distinct values."""
    ranks = []
    for place in places:
        tied = np.bincount(place, weights)
        rank = (np.cumsum(tied) - tied / 2)[place]
        ranks.append(rank - np.average(rank, weights=weights))
    x, y = ranks
    norm = np.sqrt(np.sum(weights * x * x) * np.sum(weights * y * y))
    return float(np.sum(weights * x * y) / norm) if norm > 0 else 0.0


def distance_correlation(first: ArrayLike, second: ArrayLike) -> float:
    """Distance correlation of two (N,) samples, 0 to 1; in the limit of many jets 0 only for independence.

    dCor = √(dCov²(x, y) / √(dCov²(x, x) dCov²(y, y))), Székely, Rizzo & Bakirov, Ann. Statist. 35
    (2007) 2769, the V-statistic, exact in O(N²); 0 if a sample is constant. CC22's dCor is its square.
    Of independent jets it is not 0 but about 1.8/√N, 0.03 for 3,000: compare samples of like size only.
    """
    x, y = np.asarray(first, np.float64), np.asarray(second, np.float64)
    return float(_correlations(_distance_moments(x, y, np.ones((len(x), 1))))[0])


def measured_distance_correlation(
    first: ArrayLike, second: ArrayLike, largest: int = LARGEST_SAMPLE, groups: int = 20, seed: int = 1
) -> DistanceCorrelation:
    """Distance correlation of at most ``largest`` jets, drawn with ``seed``, its error and its noise.

    The error is the jackknife's, one of ``groups`` groups of jets left out at a time; a bootstrap draws jets
    twice, and their zero distances bias it.
    """
    x, y = np.asarray(first, np.float64), np.asarray(second, np.float64)
    chosen = np.random.default_rng(seed).permutation(len(x))[:largest]
    group = np.arange(len(chosen)) % groups
    weights = np.concatenate([np.ones((len(chosen), 1)), group[:, None] != np.arange(groups)], axis=1)
    moments = _distance_moments(x[chosen], y[chosen], weights)
    value, *left_out = _correlations(moments)
    error = float(np.sqrt((groups - 1) * np.var(left_out)))
    return DistanceCorrelation(float(value), error, _distance_noise(moments, len(chosen)))


def spearman_noise(jets: int) -> Noise:
    """|ρ| of ``jets`` jets whose ranks are independent: normal with variance 1/(N − 1), with ties or without.

    Kendall & Gibbons, *Rank Correlation Methods*, §4.14.
    """
    deviation = 1 / math.sqrt(max(jets - 1, 1))
    return Noise(deviation * math.sqrt(2 / math.pi), 1.96 * deviation)


def _distance_noise(moments: "_DistanceMoments", jets: int) -> Noise:
    """Noise of the distance correlation of all jets, the first column of ``moments``.

    Of independent samples, N·dCov² tends to Σᵢⱼ λᵢμⱼZᵢⱼ² with the eigenvalues λ, μ of the centred distances and
    normal Z (Székely, Rizzo & Bakirov 2007, thm. 5). Σλ is the mean distance and Σλ² = dCov²(x, x): N·dCor² has
    the mean m = E|x − x′| E|y − y′| / √(dCov²(x, x) dCov²(y, y)) and the variance 2, and is close to the gamma
    distribution with these two (the approximation of Gretton et al., NIPS 20 (2008) 585, for a like statistic).
    """
    from scipy.special import gammaincinv

    _, *own = moments.covariances[:, 0]
    norm = math.sqrt(own[0] * own[1])
    if not norm > _NOTHING:
        return Noise(0.0, 0.0)
    mean = float(np.prod(moments.means[:, 0])) / norm
    shape, scale = mean**2 / 2, 2 / mean
    root = math.exp(math.lgamma(shape + 0.5) - math.lgamma(shape))
    return Noise(root * math.sqrt(scale / jets), math.sqrt(float(gammaincinv(shape, 0.95)) * scale / jets))


class _DistanceMoments(NamedTuple):
    means: NDArray[np.float64]
    """(2, R) mean distance of x and of y"""
    covariances: NDArray[np.float64]
    """(3, R) dCov² of x and y, x and x, y and y"""


_NOTHING = 1e-14
"""Squared distance covariances below this are rounding, of samples scaled to unit variance."""


def _distance_moments(
    x: NDArray[Any], y: NDArray[Any], weights: NDArray[Any], chunk: int = 512
) -> _DistanceMoments:
    """Moments of the distances for each column of ``weights`` (N, R), in chunks of rows."""
    weights = weights / weights.sum(axis=0)
    x, y = ((sample - sample.mean()) / (sample.std() or 1.0) for sample in (x, y))
    pairs = ((0, 1), (0, 0), (1, 1))
    # With distances a, b: dCov² = Σᵢⱼ wᵢwⱼaᵢⱼbᵢⱼ + (Σᵢ wᵢAᵢ)(Σᵢ wᵢBᵢ) − 2 Σᵢ wᵢAᵢBᵢ, where Aᵢ = Σⱼ wⱼaᵢⱼ.
    products = np.zeros((3, weights.shape[1]))
    sums = np.zeros((2, *weights.shape))
    for start in range(0, len(x), chunk):
        rows = slice(start, start + chunk)
        distances = [np.abs(sample[rows, None] - sample) for sample in (x, y)]
        for own, distance in zip(sums, distances, strict=True):
            own[rows] = distance @ weights
        for k, (i, j) in enumerate(pairs):
            products[k] += np.sum(weights[rows] * ((distances[i] * distances[j]) @ weights), axis=0)
    means = np.sum(weights * sums, axis=1)
    covariances = [
        products[k] + means[i] * means[j] - 2 * np.sum(weights * sums[i] * sums[j], axis=0)
        for k, (i, j) in enumerate(pairs)
    ]
    return _DistanceMoments(means, np.maximum(covariances, 0))


def _correlations(moments: _DistanceMoments) -> NDArray[np.float64]:
    """(R,) distance correlations."""
    joint, *own = moments.covariances
    norm = np.sqrt(own[0] * own[1])
    result: NDArray[np.float64] = np.sqrt(
        np.divide(joint, norm, out=np.zeros_like(norm), where=norm > _NOTHING)
    )
    return result
