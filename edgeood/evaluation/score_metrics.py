"""Every number about some scores of some jets, as one JSON-ready dictionary."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.errors import EdgeoodError
from edgeood.evaluation.bootstrap import REPLICAS, bootstrap_roc
from edgeood.evaluation.detection import (
    SIGNAL_FLOOR,
    background_floor,
    detection_measures,
    working_points,
)
from edgeood.evaluation.mass.dependence import (
    LARGEST_SAMPLE,
    Noise,
    measured_distance_correlation,
    spearman_noise,
    spearman_with_error,
)
from edgeood.evaluation.mass.sculpting import (
    MASS_BIN_GEV,
    mass_sculpting,
    mass_sculpting_errors,
    sculpting_noise,
)
from edgeood.evaluation.sample_size import check_sample

ABOVE_WORKING_POINTS = (0.5, 0.1)
"""Background efficiencies at which sculpting is measured besides: that of the papers, and one between."""


def evaluate_scores(
    scores: Mapping[str, ArrayLike],
    mass: ArrayLike,
    process_names: ArrayLike,
    *,
    background: Sequence[str],
    signals: Mapping[str, Sequence[str]],
    classes: Mapping[str, Sequence[str]] | None = None,
    thresholds: Mapping[str, float] | None = None,
    background_efficiency: float = 0.01,
    seed: int = 1,
    replicas: int = REPLICAS,
) -> dict[str, Any]:
    """Measure ``scores``, name → (N,), of jets with a mass (N,) in GeV and a process name (N,).

    Parameters
    ----------
    background : processes that make up the background
    signals : name → processes it is made of, each told from the background
    classes : known class → processes, whose mass dependence is measured (default: the background alone)
    thresholds : score → working point; a score without one gets it from these background jets
    background_efficiency : of such a working point
    seed, replicas : of the bootstrap; sculpting and rank correlations take half the replicas

    Returns a dictionary whose measured numbers are pairs [value, standard error of the test sample], ``None``
    where infinite or undefined (JSON has neither):

    - ``jets``: process → number; ``background``, ``signal_processes``: the processes that make them up;
    - ``settings``: everything that the definitions leave open;
    - ``signals`` → signal → score → ``efficiency_at_0.01`` and ``sic_at_0.01`` (the signal's, at ε_B = 0.01; with
      100,000 background jets also at 0.001), ``auroc``, ``rejection50``, ``sic50`` (both at ε_S = 0.5) and ``max_sic``
      (over ε_S and ε_B above ``settings.max_sic_floor``);
    - ``sculpting`` → score → ε_B ("0.5", "0.1" and those working points) → ``jsd``, ``js_distance``,
      ``wasserstein_gev`` (p = 2), ``wasserstein1_gev``;
    - ``sculpting_noise`` → ε_B → ``mean`` and ``q95`` → the same, of scores that know nothing of mass;
    - ``mass_dependence`` → score → class → ``spearman``, ``distance_correlation``;
    - ``mass_dependence_noise`` → score → class → ``mean`` and ``q95`` → what |ρ| and the distance correlation
      are if score and mass are independent;
    - ``working_point`` → score → ``threshold`` and ``efficiency`` → process.

    Raises :class:`EdgeoodError` if there are too few jets (:func:`~edgeood.evaluation.sample_size.check_sample`), or a
    score is not finite or of the wrong length.
    """
    mass, names = np.asarray(mass, np.float64), np.asarray(process_names)
    values = {name: _checked(name, score, mass, names) for name, score in scores.items()}
    of_classes = classes or {"background": background}
    check_sample(names, background, signals, of_classes)
    is_background = np.isin(names, list(background))
    groups = {name: np.isin(names, list(members)) for name, members in signals.items()}
    known = {name: np.isin(names, list(members)) for name, members in of_classes.items()}
    floor = background_floor(int(is_background.sum()))
    points = working_points(int(is_background.sum()))
    measures = detection_measures(floor, points)
    shares = (*ABOVE_WORKING_POINTS, *points)
    fewer = max(replicas // 2, 2)
    background_mass = mass[is_background]
    dependence = {
        name: {
            group: _dependence(score[chosen], mass[chosen], fewer, seed) for group, chosen in known.items()
        }
        for name, score in values.items()
    }
    return {
        "jets": {str(name): int(np.sum(names == name)) for name in np.unique(names)},
        "background": list(background),
        "signal_processes": {signal: list(members) for signal, members in signals.items()},
        "settings": {
            "seed": seed,
            "replicas": replicas,
            "mass_bin_gev": MASS_BIN_GEV,
            "max_sic_floor": {"signal_efficiency": SIGNAL_FLOOR, "background_efficiency": floor},
            "distance_correlation_jets": LARGEST_SAMPLE,
        },
        "signals": {
            signal: {
                name: _pairs(bootstrap_roc(score[chosen], score[is_background], measures, replicas, seed))
                for name, score in values.items()
            }
            for signal, chosen in groups.items()
        },
        "sculpting": {
            name: _sculpting(score[is_background], background_mass, shares, fewer, seed)
            for name, score in values.items()
        },
        "sculpting_noise": {
            f"{efficiency:g}": {
                key: floor._asdict()
                for key, floor in sculpting_noise(background_mass, efficiency, fewer, seed).items()
            }
            for efficiency in shares
        },
        "mass_dependence": {
            name: {group: measured for group, (measured, _) in own.items()}
            for name, own in dependence.items()
        },
        "mass_dependence_noise": {
            name: {group: noise for group, (_, noise) in own.items()} for name, own in dependence.items()
        },
        "working_point": {
            name: _working_point(
                score, names, is_background, (thresholds or {}).get(name), background_efficiency
            )
            for name, score in values.items()
        },
    }


def _checked(name: str, score: ArrayLike, mass: NDArray[Any], names: NDArray[Any]) -> NDArray[np.float64]:
    score = np.asarray(score, np.float64)
    if not score.shape == mass.shape == names.shape or score.ndim != 1:
        raise EdgeoodError(
            f"score '{name}' has shape {score.shape} for {mass.shape} masses, {names.shape} process names; "
            "give one per jet."
        )
    if not np.isfinite(score).all():
        jet = int(np.flatnonzero(~np.isfinite(score))[0])
        raise EdgeoodError(f"score '{name}' of jet {jet} is not finite; check the network's outputs.")
    return score


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _pairs(measured: Mapping[str, tuple[float, float]]) -> dict[str, list[float | None]]:
    return {name: [_finite(value), _finite(error)] for name, (value, error) in measured.items()}


def _sculpting(
    score: NDArray[Any], mass: NDArray[Any], shares: Sequence[float], replicas: int, seed: int
) -> dict[str, Any]:
    measured = {}
    for efficiency in shares:
        value = mass_sculpting(score, mass, efficiency)
        error = mass_sculpting_errors(score, mass, efficiency, replicas, seed)
        pairs = zip(value, error, strict=True)
        measured[f"{efficiency:g}"] = _pairs(dict(zip(value._fields, pairs, strict=True)))
    return measured


def _dependence(
    score: NDArray[Any], mass: NDArray[Any], replicas: int, seed: int
) -> tuple[dict[str, list[float | None]], dict[str, dict[str, float]]]:
    """Measures of dependence, and their noise."""
    distance = measured_distance_correlation(score, mass, seed=seed)
    noise = {"spearman": spearman_noise(len(score)), "distance_correlation": distance.noise}
    measured = _pairs(
        {
            "spearman": spearman_with_error(score, mass, replicas, seed),
            "distance_correlation": (distance.value, distance.error),
        }
    )
    return measured, {
        level: {key: getattr(own, level) for key, own in noise.items()} for level in Noise._fields
    }


def _working_point(
    score: NDArray[Any],
    names: NDArray[Any],
    is_background: NDArray[Any],
    threshold: float | None,
    efficiency: float,
) -> dict[str, Any]:
    from edgeood.scores.working_point import threshold_for

    if threshold is None or math.isnan(threshold):
        threshold = threshold_for(score[is_background], efficiency)
    selected = {
        "background": score[is_background] > threshold,
        **{str(name): score[names == name] > threshold for name in np.unique(names)},
    }
    return {
        "threshold": float(threshold),
        "efficiency": {name: _efficiency(int(np.sum(own)), len(own)) for name, own in selected.items()},
    }


def _efficiency(selected: int, jets: int) -> list[float]:
    """Selected fraction and its error: the standard deviation of Beta(k + 1, n − k + 1), never zero.

    Ullrich & Xu, arXiv:physics/0701199, eq. 19.
    """
    variance = (selected + 1) * (selected + 2) / ((jets + 2) * (jets + 3)) - (
        (selected + 1) / (jets + 2)
    ) ** 2
    return [selected / jets, math.sqrt(variance)]
