"""How well a score tells an unseen signal from background, all read off one ROC curve.

A jet is more anomalous the larger its score. ε_S and ε_B are the fractions of signal and background selected.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.errors import EdgeoodError

FEWEST_BACKGROUND = 25
"""Background jets without which nothing is measured: so many selected ones bound a relative error by 10 %."""
SIGNAL_FLOOR = 0.1
"""Smallest ε_S at which a maximum significance improvement is looked for."""
WORKING_POINTS = {0.01: 0, 0.001: 100_000}
"""Background efficiencies of a trigger, and the background jets from which on each is measured."""


class RocCurve(NamedTuple):
    """Vertices from (0, 0), nothing selected, to (1, 1), one for each distinct score."""

    signal_efficiency: NDArray[np.float64]
    background_efficiency: NDArray[np.float64]


class Ranking(NamedTuple):
    """Scores of both samples replaced by the place of their value, 0 = most anomalous; ties share a place."""

    signal: NDArray[np.int64]
    background: NDArray[np.int64]
    places: int


def rank(signal: ArrayLike, background: ArrayLike) -> Ranking:
    """Rank the scores of signal (S,) and background (B,) jets together.

    Raises :class:`EdgeoodError` if a sample is empty or a score is not finite.
    """
    signal, background = np.asarray(signal).ravel(), np.asarray(background).ravel()
    for name, scores in (("signal", signal), ("background", background)):
        if not scores.size:
            raise EdgeoodError(f"there are no {name} jets to evaluate; give jets of that process.")
        if not np.isfinite(scores).all():
            raise EdgeoodError(f"a score of the {name} is not finite; check the network's outputs.")
    values, places = np.unique(np.concatenate([signal, background]), return_inverse=True)
    places = len(values) - 1 - places
    return Ranking(places[: len(signal)], places[len(signal) :], len(values))


def roc_from_counts(signal: NDArray[Any], background: NDArray[Any]) -> RocCurve:
    """The curve from the number of signal and background jets at each place (both (places,))."""

    def efficiency(counts: NDArray[Any]) -> NDArray[np.float64]:
        selected = np.concatenate([[0], np.cumsum(counts)])
        result: NDArray[np.float64] = selected / selected[-1]
        return result

    return RocCurve(efficiency(signal), efficiency(background))


def roc_curve(signal: ArrayLike, background: ArrayLike) -> RocCurve:
    """ROC curve of the scores of signal (S,) and background (B,) jets. Raises as :func:`rank`."""
    ranking = rank(signal, background)
    return roc_from_counts(
        np.bincount(ranking.signal, minlength=ranking.places),
        np.bincount(ranking.background, minlength=ranking.places),
    )


def auroc(curve: RocCurve) -> float:
    """Area under ε_S(ε_B): P(signal score > background score) + ½ P(equal), the Mann–Whitney statistic."""
    return float(np.trapezoid(curve.signal_efficiency, curve.background_efficiency))


def background_efficiency_at(curve: RocCurve, signal_efficiency: float) -> float:
    """Smallest ε_B at which ε_S is reached; linear between vertices (a random choice among tied jets)."""
    above = max(int(np.searchsorted(curve.signal_efficiency, signal_efficiency)), 1)
    low, high = curve.signal_efficiency[above - 1 : above + 1]
    share = (signal_efficiency - low) / (high - low)
    start, stop = curve.background_efficiency[above - 1 : above + 1]
    return float(start + share * (stop - start))


def signal_efficiency_at(curve: RocCurve, background_efficiency: float) -> float:
    """Largest ε_S at which no more than ε_B is reached; linear between vertices (a random choice among tied jets)."""
    above = int(np.searchsorted(curve.background_efficiency, background_efficiency, side="right"))
    if above == len(curve.background_efficiency):
        return 1.0
    low, high = curve.background_efficiency[above - 1 : above + 1]
    share = (background_efficiency - low) / (high - low)
    start, stop = curve.signal_efficiency[above - 1 : above + 1]
    return float(start + share * (stop - start))


def significance_improvement_at(curve: RocCurve, background_efficiency: float) -> float:
    """SIC = ε_S / √ε_B at the stated ε_B, where a trigger works."""
    return signal_efficiency_at(curve, background_efficiency) / math.sqrt(background_efficiency)


def rejection(curve: RocCurve, signal_efficiency: float = 0.5) -> float:
    """Background rejection 1/ε_B at the stated ε_S; infinite if no background is left."""
    efficiency = background_efficiency_at(curve, signal_efficiency)
    return 1 / efficiency if efficiency > 0 else np.inf


def significance_improvement(curve: RocCurve, signal_efficiency: float = 0.5) -> float:
    """SIC = ε_S / √ε_B at the stated ε_S, the gain in S/√B; infinite if no background is left."""
    return float(signal_efficiency * np.sqrt(rejection(curve, signal_efficiency)))


def background_floor(background_jets: int) -> float:
    """Smallest ε_B at which this many background jets measure a significance improvement.

    :data:`FEWEST_BACKGROUND` selected jets bound its relative error, half that of ε_B; below, the maximum is taken
    over noise. Never below 10⁻³, so that large samples agree about what is compared.
    """
    return max(1e-3, FEWEST_BACKGROUND / background_jets)


def maximum_significance_improvement(
    curve: RocCurve, signal_floor: float = 0.1, background_floor: float = 1e-3
) -> float:
    """Largest ε_S / √ε_B over the vertices with ε_S ≥ ``signal_floor`` and ε_B ≥ ``background_floor``.

    Raises :class:`EdgeoodError` if there is none, as with a handful of jets.
    """
    allowed = curve.signal_efficiency >= signal_floor
    allowed &= curve.background_efficiency >= max(background_floor, np.finfo(float).tiny)
    if not allowed.any():
        raise EdgeoodError("there are too few test jets of the background to measure anything; give more.")
    return float(np.max(curve.signal_efficiency[allowed] / np.sqrt(curve.background_efficiency[allowed])))


def working_points(background_jets: int) -> tuple[float, ...]:
    """Those of :data:`WORKING_POINTS` that so many background jets measure."""
    return tuple(point for point, fewest in WORKING_POINTS.items() if background_jets >= fewest)


def detection_measures(
    background_floor: float, points: Sequence[float] = ()
) -> dict[str, Callable[[RocCurve], float]]:
    """What is measured of every ROC curve; the largest improvement is looked for above this ε_B.

    Of each working point in ``points`` there are ``efficiency_at_<ε_B>``, the signal's, and ``sic_at_<ε_B>``.
    """
    at_points: dict[str, Callable[[RocCurve], float]] = {}
    for point in points:
        at_points[f"efficiency_at_{point:g}"] = partial(signal_efficiency_at, background_efficiency=point)
        at_points[f"sic_at_{point:g}"] = partial(significance_improvement_at, background_efficiency=point)
    return {
        **at_points,
        "auroc": auroc,
        "rejection50": partial(rejection, signal_efficiency=0.5),
        "sic50": partial(significance_improvement, signal_efficiency=0.5),
        "max_sic": partial(
            maximum_significance_improvement, signal_floor=SIGNAL_FLOOR, background_floor=background_floor
        ),
    }
