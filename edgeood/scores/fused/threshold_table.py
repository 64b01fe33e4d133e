"""A threshold for each mass, fitted on background: the same quantile of the score at every mass.

Few jets lie in the tail where a trigger works, so that its shape is learned from all masses together, its place and
width from where the background is dense:

1. curves in mass of the score's median b(m) and of its 90 % quantile c(m);
2. in units of their distance, the residual z = (s − c(m)) / (c(m) − b(m)) has nearly one tail for all masses; its
   (1 − ε) quantile is again a curve in mass, z(m), of as few knots as the jets bear;
3. t(m) = c(m) + z(m) (c(m) − b(m)). Working points of 10 % and more need no tail: t(m) is their own quantile.

A curve is that of groups of equal size, of the jets ordered by mass, the first and the last halved towards the ends of
the spectrum as long as halves have jets enough: each group's quantile at its median mass, linear between these knots
and constant beyond them, so that the tails are pooled. Cross-validation chooses the number of groups by the loss whose
minimum a quantile is (the "check" function of Koenker & Bassett, Econometrica 46 (1978) 33): few groups leave a
dependence on mass, many follow the noise. At the end all thresholds move by one integer, so that at most the share ε of
the jets lies above.
"""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.scores.working_point import threshold_for

GROUPS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)
"""Numbers of groups that are tried."""
FEWEST_ABOVE = 10
"""Jets above the quantile in each group: a quantile of fewer is mostly noise."""
FOLDS = 5
REPLICAS = 100
_CENTRE, _SHOULDER = 0.5, 0.1
"""Shares of the background above the median and above the curve from which the tail is measured."""


class ThresholdTable(NamedTuple):
    """A threshold for each mass word, and how well it is known."""

    thresholds: NDArray[np.int64]
    """(words,) in units of the score's step"""
    errors: NDArray[np.float64]
    """(words,) standard errors by bootstrap, in units of the step"""
    groups: tuple[int, ...]
    """of every curve, chosen by cross-validation"""
    jets: int
    """of the background that it was fitted on"""


class _Curve(NamedTuple):
    """Linear between knots, constant beyond them."""

    masses: NDArray[np.float64]
    quantiles: NDArray[np.float64]

    def __call__(self, words: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.interp(words, self.masses, self.quantiles)


def fit_threshold_table(
    integers: ArrayLike,
    words: ArrayLike,
    background_efficiency: float,
    mass_type: FixedPoint,
    score_type: FixedPoint,
    seed: int = 1,
) -> ThresholdTable:
    """The table for one working point (module docstring).

    Parameters
    ----------
    integers, words : (N,) integer scores and (N,) mass words of background jets
    mass_type : of the words; the table has a threshold for each
    score_type : of the scores; thresholds stay within it
    seed : of folds and bootstrap

    Raises :class:`EdgeoodError` if fewer than :data:`FEWEST_ABOVE` jets would be selected.
    """
    mass = np.asarray(words, np.int64)
    order = np.argsort(mass, kind="stable")
    score, mass = np.asarray(integers, np.int64)[order], mass[order]
    jets = len(score)
    if jets * background_efficiency < FEWEST_ABOVE:
        raise EdgeoodError(
            f"{jets} background jets are too few for thresholds in mass that {background_efficiency:g} of them pass; "
            f"give at least {int(np.ceil(FEWEST_ABOVE / background_efficiency))}."
        )
    rng = np.random.default_rng(seed)
    every = np.arange(2**mass_type.bits)
    curve, groups = _thresholds(score, mass, background_efficiency, every, rng)
    table = np.floor(curve).astype(np.int64)
    shift = int(threshold_for(score - table[mass], background_efficiency))
    replicas = []
    for _ in range(REPLICAS):
        drawn = np.sort(rng.integers(0, jets, jets))
        replicas.append(_thresholds(score[drawn], mass[drawn], background_efficiency, every, rng, groups)[0])
    return ThresholdTable(
        np.clip(table + shift, score_type.lowest_integer, score_type.highest_integer),
        np.std(replicas, axis=0, ddof=1),
        groups,
        jets,
    )


def _thresholds(
    score: NDArray[np.int64],
    mass: NDArray[np.int64],
    efficiency: float,
    every: NDArray[np.int64],
    rng: np.random.Generator,
    groups: tuple[int, ...] = (),
) -> tuple[NDArray[np.float64], tuple[int, ...]]:
    """t(m) of ``every`` mass word, and the number of groups of its curves: those given, or the best."""
    if efficiency >= _SHOULDER:
        groups = groups or (_best(score, mass, efficiency, rng),)
        return _curve(score, mass, efficiency, groups[0])(every), groups
    if not groups:
        groups = (_best(score, mass, _CENTRE, rng), _best(score, mass, _SHOULDER, rng))
    centre, shoulder = (
        _curve(score, mass, share, count)(every)
        for share, count in zip((_CENTRE, _SHOULDER), groups, strict=False)
    )
    # A score of few values may have none between its median and its shoulder.
    width = np.maximum(shoulder - centre, 1.0)
    residual = (score - shoulder[mass]) / width[mass]
    if len(groups) == 2:
        groups = (*groups, _best(residual, mass, efficiency, rng))
    return shoulder + _curve(residual, mass, efficiency, groups[2])(every) * width, groups


def _curve(score: NDArray[Any], mass: NDArray[np.int64], efficiency: float, count: int) -> _Curve:
    """The quantiles of ``count`` groups of jets, which come ordered by mass, and of the halves of the outer ones."""
    groups = _groups(len(score), count, FEWEST_ABOVE / efficiency)
    masses = np.array([np.median(mass[one]) for one in groups])
    quantiles = np.array([np.quantile(score[one], 1 - efficiency) for one in groups])
    # Groups of one mass, where many jets have the same word, share their knot.
    places, inverse = np.unique(masses, return_inverse=True)
    return _Curve(places, np.bincount(inverse, quantiles) / np.bincount(inverse))


def _groups(jets: int, count: int, fewest: float) -> list[slice]:
    """Where groups lie; only if there are several is there an end to be halved."""
    edges = np.linspace(0, jets, count + 1).astype(int).tolist()
    if count > 1:
        while edges[1] / 2 >= fewest:
            edges.insert(1, edges[1] // 2)
        while (jets - edges[-2]) / 2 >= fewest:
            edges.insert(-1, (jets + edges[-2]) // 2)
    return [slice(start, end) for start, end in pairwise(edges)]


def _best(score: NDArray[Any], mass: NDArray[np.int64], efficiency: float, rng: np.random.Generator) -> int:
    """The number of groups whose curve has the smallest check loss on jets that it was not fitted on."""
    possible = [count for count in GROUPS if count <= max(len(score) * efficiency / FEWEST_ABOVE, 1)]
    fold = rng.permutation(len(score)) % FOLDS
    losses = np.zeros(len(possible))
    for own in range(FOLDS):
        held_out = fold == own
        for place, count in enumerate(possible):
            curve = _curve(score[~held_out], mass[~held_out], efficiency, count)
            residual = score[held_out] - curve(mass[held_out])
            losses[place] += np.maximum((1 - efficiency) * residual, -efficiency * residual).sum()
    return possible[int(np.argmin(losses))]
