"""How much a cut on the score deforms the background's mass spectrum.

"Before" is the mass spectrum of all background jets, "after" that of the fraction f with the largest scores
(GZ24 Table 1: half). Jets tied at the cut are kept with the same fractional weight, so that exactly that
fraction is kept whatever the order of the jets; fixed-point scores have many ties.

As the jets after are among those before, the divergence is at most h((1 + f)/2) − h(f)/2 bits with the binary
entropy h, reached by a cut on the mass itself: 0.311 for f = ½ (its root, the distance, 0.558).
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.errors import EdgeoodError
from edgeood.evaluation.bootstrap import resampled, standard_error

MASS_BIN_GEV = 5.0
"""Bin width of the Jensen–Shannon divergence, as in GZ24 §4.2; bins start at 0 and cover every jet."""


class Sculpting(NamedTuple):
    """Distances between the mass spectra before and after the cut."""

    jsd: float
    """Jensen–Shannon divergence, in bits, 0 to 1, of the spectra in ``MASS_BIN_GEV`` bins."""
    js_distance: float
    """Its square root, a metric; GZ24 seem to quote it (:mod:`edgeood.evaluation.published`)."""
    wasserstein_gev: float
    """Wasserstein distance with p = 2 ("L2"), in GeV."""
    wasserstein1_gev: float
    """Wasserstein distance with p = 1 (earth mover's), in GeV."""


def jensen_shannon_divergence(first: ArrayLike, second: ArrayLike) -> float:
    """JSD in bits of two histograms (bins,) of any normalisation: ½ D(p‖m) + ½ D(q‖m), m = (p + q)/2.

    0 for equal shapes, 1 for disjoint ones (Lin, IEEE Trans. Inf. Theory 37 (1991) 145). SciPy's
    function of a like name returns the square root.
    """
    p, q = (np.asarray(counts, np.float64) / np.sum(counts) for counts in (first, second))
    middle = (p + q) / 2
    terms = [np.sum(x[x > 0] * np.log2(x[x > 0] / middle[x > 0])) for x in (p, q)]
    return float(max(sum(terms) / 2, 0.0))


def wasserstein(
    first: ArrayLike,
    second: ArrayLike,
    orders: tuple[int, ...] = (2,),
    first_weights: ArrayLike | None = None,
    second_weights: ArrayLike | None = None,
) -> tuple[float, ...]:
    """(∫₀¹ |F⁻¹(u) − G⁻¹(u)|^p du)^(1/p) for each p in ``orders``, in the unit of the samples.

    F⁻¹ and G⁻¹ are the quantile functions of the (weighted) empirical distributions of ``first`` (N,) and
    ``second`` (M,): steps, so the integral is a finite sum and exact (Villani, *Topics in Optimal
    Transportation*, thm. 2.18).
    """
    levels, quantiles = [], []
    for sample, weights in ((first, first_weights), (second, second_weights)):
        values = np.asarray(sample, np.float64)
        order = np.argsort(values, kind="stable")
        values = values[order]
        cumulative = np.cumsum(np.ones(len(values)) if weights is None else np.asarray(weights)[order])
        levels.append(cumulative / cumulative[-1])
        quantiles.append(values)
    return _quantile_distances(levels, quantiles, orders)


def _quantile_distances(
    levels: list[NDArray[Any]], quantiles: list[NDArray[Any]], orders: tuple[int, ...]
) -> tuple[float, ...]:
    """Both distributions as rising values with the cumulated probability up to and with each of them."""
    together = np.concatenate(levels)
    order = np.argsort(together, kind="stable")
    edges = together[order]
    widths = np.diff(edges, prepend=0.0)
    # On the interval that ends at an edge, a distribution's quantile is the first value not passed before it.
    of_first = order < len(levels[0])
    gap = np.abs(
        quantiles[0][np.minimum(np.cumsum(of_first) - of_first, len(quantiles[0]) - 1)]
        - quantiles[1][np.minimum(np.cumsum(~of_first) - ~of_first, len(quantiles[1]) - 1)]
    )
    return tuple(float(np.sum(widths * gap**p) ** (1 / p)) for p in orders)


class _Cut:
    """One background sample, sorted once, whose sculpting is measured for many weightings of its jets."""

    def __init__(self, score: NDArray[Any], mass: NDArray[Any]) -> None:
        values, place = np.unique(score, return_inverse=True)
        self.place, self.places = len(values) - 1 - place, len(values)
        self.order = np.argsort(mass, kind="stable")
        self.mass = mass[self.order].astype(np.float64)
        self.bins = np.floor(mass / MASS_BIN_GEV).astype(np.int64)

    def kept(self, background_efficiency: float, weights: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) weights after the cut: the jet's own above it, 0 below, a share of it in a tie."""
        tied = np.bincount(self.place, weights, minlength=self.places)
        above = np.cumsum(tied) - tied
        wanted = background_efficiency * weights.sum() - above
        share = np.clip(np.divide(wanted, tied, out=np.zeros_like(tied), where=tied > 0), 0, 1)
        result: NDArray[np.float64] = weights * share[self.place]
        return result

    def measure(self, background_efficiency: float, weights: NDArray[Any]) -> Sculpting:
        """Distances between the spectra with ``weights`` (N,) before and after the cut."""
        kept = self.kept(background_efficiency, weights)
        jsd = jensen_shannon_divergence(np.bincount(self.bins, weights), np.bincount(self.bins, kept))
        levels = [np.cumsum(spectrum[self.order]) for spectrum in (weights, kept)]
        levels = [level / level[-1] for level in levels]
        return Sculpting(jsd, math.sqrt(jsd), *_quantile_distances(levels, [self.mass, self.mass], (2, 1)))


def _checked(
    score: ArrayLike, mass: ArrayLike, background_efficiency: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    score, mass = np.asarray(score).ravel(), np.asarray(mass).ravel()
    if score.shape != mass.shape or not score.size:
        raise EdgeoodError(f"{score.size} scores do not match {mass.size} masses; give one of each per jet.")
    if not (np.isfinite(score).all() and np.isfinite(mass).all() and (mass >= 0).all()):
        raise EdgeoodError(
            "a background jet's score or mass is not finite or its mass is negative; remove it."
        )
    if not 0 < background_efficiency <= 1:
        raise EdgeoodError(f"the background efficiency {background_efficiency} is not in (0, 1]; correct it.")
    return score, mass


def kept_weights(score: ArrayLike, mass: ArrayLike, background_efficiency: float) -> NDArray[np.float64]:
    """(N,) 1 for a jet above the cut, 0 below, an equal share for all tied at it; the sum is exact."""
    score, mass = _checked(score, mass, background_efficiency)
    return _Cut(score, mass).kept(background_efficiency, np.ones(len(mass)))


def mass_sculpting(score: ArrayLike, mass: ArrayLike, background_efficiency: float = 0.5) -> Sculpting:
    """Distances between the mass spectra (GeV) of all background jets and of the most anomalous fraction.

    ``score`` and ``mass`` (N,) are of background jets only. Raises :class:`EdgeoodError` for values that are
    not finite, a negative mass, or unequal lengths.
    """
    score, mass = _checked(score, mass, background_efficiency)
    return _Cut(score, mass).measure(background_efficiency, np.ones(len(mass)))


def mass_sculpting_errors(
    score: ArrayLike, mass: ArrayLike, background_efficiency: float = 0.5, replicas: int = 100, seed: int = 1
) -> Sculpting:
    """Bootstrap standard errors of :func:`mass_sculpting`; every replica has its own cut."""
    score, mass = _checked(score, mass, background_efficiency)
    cut = _Cut(score, mass)
    drawn = [
        cut.measure(background_efficiency, counts.astype(np.float64))
        for counts in resampled(len(mass), replicas, seed)
    ]
    return Sculpting(*(standard_error(column) for column in zip(*drawn, strict=True)))


def sculpting_noise(
    mass: ArrayLike, background_efficiency: float = 0.5, replicas: int = 100, seed: int = 1
) -> dict[str, Sculpting]:
    """What a score that knows nothing of mass gives at this sample size: the floor under every measurement.

    All distances are positive for any finite sample. The masses (N,) in GeV are cut by ``replicas`` random
    scores; returned are the ``mean`` and the 95 % quantile ``q95``: what lies above it is no chance.
    """
    mass = np.asarray(mass).ravel()
    rng = np.random.default_rng(seed)
    drawn = [mass_sculpting(rng.permutation(len(mass)), mass, background_efficiency) for _ in range(replicas)]
    return {
        "mean": Sculpting(*np.mean(drawn, axis=0).tolist()),
        "q95": Sculpting(*np.quantile(drawn, 0.95, axis=0).tolist()),
    }
