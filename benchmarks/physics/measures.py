"""Every measure of one score: detection of each signal, mass sculpting and mass dependence, with errors."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.evaluation.bootstrap import bootstrap_roc
from edgeood.evaluation.detection import background_floor, detection_measures
from edgeood.evaluation.mass.dependence import spearman_with_error
from edgeood.evaluation.mass.sculpting import mass_sculpting, mass_sculpting_errors

Measured = dict[str, tuple[float, float]]
"""Measure → value and error."""
DETECTION = ("auroc", "rejection50", "sic50", "max_sic")
SCULPTING = ("jsd", "js_distance", "wasserstein_gev")
MEASURES = (*DETECTION, *SCULPTING, "spearman_mass")
BACKGROUND_KEPT = 0.5
"""Share of the background, the most anomalous, whose mass spectrum is compared with that of all [GZ24]."""


def measure(
    score: NDArray[Any],
    mass: NDArray[Any],
    names: NDArray[Any],
    background: Sequence[str],
    signals: Sequence[str],
    replicas: int,
    seed: int = 1,
) -> dict[str, Measured]:
    """Signal process → measures of a score (N,) of jets with these masses (N,) in GeV and processes (N,).

    Rejection and significance improvement are at a signal efficiency of one half, the largest improvement is
    looked for above the floors of :mod:`edgeood.evaluation.score_metrics`, sculpting is measured with half of the
    background kept. Errors are the bootstrap's. Raises EdgeoodError for a score that is not finite.
    """
    own = np.isin(names, background)
    against, masses = score[own], mass[own]
    fewer = max(replicas // 2, 2)
    of_background: Measured = {"spearman_mass": spearman_with_error(against, masses, fewer, seed)}
    values = mass_sculpting(against, masses, BACKGROUND_KEPT)
    errors = mass_sculpting_errors(against, masses, BACKGROUND_KEPT, fewer, seed)
    of_background |= {name: (getattr(values, name), getattr(errors, name)) for name in SCULPTING}
    of_roc = detection_measures(background_floor(len(against)))
    return {
        signal: bootstrap_roc(score[names == signal], against, of_roc, replicas, seed) | of_background
        for signal in signals
    }


def over_seeds(repetitions: Sequence[Mapping[str, tuple[float, float]]]) -> Measured:
    """Mean and standard deviation (1/(n − 1)) of each measure over trainings with different seeds."""
    values = {name: np.array([own[name][0] for own in repetitions]) for name in repetitions[0]}
    return {name: (float(own.mean()), float(own.std(ddof=1))) for name, own in values.items()}
