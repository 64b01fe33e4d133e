"""Every measure of one score: detection of each signal, mass sculpting and mass dependence, with errors."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.evaluation.bootstrap import bootstrap_auroc, bootstrap_roc
from edgeood.evaluation.detection import background_floor, detection_measures, working_points
from edgeood.evaluation.mass.dependence import spearman_with_error
from edgeood.evaluation.mass.sculpting import (
    Sculpting,
    mass_sculpting,
    mass_sculpting_errors,
    sculpting_noise,
)
from edgeood.evaluation.score_metrics import ABOVE_WORKING_POINTS
from edgeood.jets.layout import Jets

Measured = dict[str, tuple[float, float]]
"""Measure → value and error."""
DETECTION = ("auroc", "rejection50", "sic50", "max_sic")
SCULPTING = ("jsd", "js_distance", "wasserstein_gev")
MEASURES = (*DETECTION, *SCULPTING, "spearman_mass")
BACKGROUND_KEPT = 0.5
"""Share of the background, the most anomalous, whose mass spectrum is compared with that of all [GZ24]."""
SCULPTING_AT_SHARES = ("jsd", "wasserstein_gev")
"""What is compared besides where a smaller share is kept: see :func:`smaller_shares`."""
AT = "_at_"
"""Stands between a measure and the background efficiency that it is taken at, as in ``jsd_at_0.01``."""
_NO_ERRORS = Sculpting(*[math.nan] * len(Sculpting._fields))


@dataclass(frozen=True)
class Truth:
    """What the measures need to know of the test jets besides their scores."""

    names: NDArray[np.str_]
    """(N,) process of each jet."""
    mass_gev: NDArray[np.float64]
    """(N,) mass of each jet."""
    background: tuple[str, ...]
    """Processes that the signals are told from."""
    constituents: int
    """Places for constituents that the jets have."""
    chance: Mapping[str, float]
    """``jsd_at_0.01`` and the like → its mean for scores that know nothing of mass, with so much background."""

    @property
    def is_background(self) -> NDArray[np.bool_]:
        """(N,) whether a jet is of the background."""
        return np.isin(self.names, self.background)


def truth_of(jets: Jets, background: tuple[str, ...], replicas: int, seed: int = 1) -> Truth:
    """The truth of test jets; ``replicas`` random scores say what chance gives, the same for every score."""
    names, mass = jets.process_names, jets.jets["mass"].astype(np.float64)
    own = mass[np.isin(names, background)]
    chance: dict[str, float] = {}
    for share in smaller_shares(len(own)):
        mean = sculpting_noise(own, share, replicas, seed)["mean"]
        chance |= {f"{name}{AT}{share:g}": float(getattr(mean, name)) for name in SCULPTING_AT_SHARES}
    return Truth(names, mass, background, jets.constituents.shape[1], chance)


def smaller_shares(background_jets: int) -> tuple[float, ...]:
    """Background efficiencies below one half that so many jets measure: down to where a trigger works."""
    above = tuple(share for share in ABOVE_WORKING_POINTS if share != BACKGROUND_KEPT)
    return (*above, *working_points(background_jets))


def measure(
    score: NDArray[Any], truth: Truth, signals: Sequence[str], replicas: int, seed: int = 1
) -> dict[str, Measured]:
    """Signal process → measures of a score (N,) of the jets of ``truth``.

    - :data:`DETECTION`: rejection and significance improvement are at a signal efficiency of one half, the largest
      improvement is looked for above the floors of :mod:`edgeood.evaluation.score_metrics`;
    - ``efficiency_at_0.01``, ``sic_at_0.01``: the signal's at this background efficiency, a trigger's; with 100,000
      background jets also at 0.001;
    - :data:`SCULPTING` with half of the background kept, ``jsd_at_0.1``, ``wasserstein_gev_at_0.1`` and the same
      at the working points with less;
    - ``spearman_mass``: rank correlation of the background's score and mass.

    Errors are the bootstrap's, NaN without ``replicas``. Raises EdgeoodError for a score that is not finite.
    """
    own = truth.is_background
    against, masses = score[own], truth.mass_gev[own]
    fewer = max(replicas // 2, 2) if replicas else 0
    of_background: Measured = {"spearman_mass": spearman_with_error(against, masses, fewer, seed)}
    of_background |= _sculpting(against, masses, BACKGROUND_KEPT, SCULPTING, "", fewer, seed)
    for share in smaller_shares(len(against)):
        ending = f"{AT}{share:g}"
        of_background |= _sculpting(against, masses, share, SCULPTING_AT_SHARES, ending, fewer, seed)
    of_roc = detection_measures(background_floor(len(against)), working_points(len(against)))
    return {
        signal: bootstrap_roc(score[truth.names == signal], against, of_roc, replicas, seed) | of_background
        for signal in signals
    }


def measure_auroc(
    score: NDArray[Any], truth: Truth, signals: Sequence[str], replicas: int, seed: int = 1
) -> dict[str, Measured]:
    """Signal process → the AUROC alone; see :func:`measure`."""
    against = score[truth.is_background]
    return {
        signal: {"auroc": bootstrap_auroc(score[truth.names == signal], against, replicas, seed)}
        for signal in signals
    }


def _sculpting(
    score: NDArray[Any],
    mass: NDArray[Any],
    share: float,
    wanted: Sequence[str],
    ending: str,
    replicas: int,
    seed: int,
) -> Measured:
    values = mass_sculpting(score, mass, share)
    errors = mass_sculpting_errors(score, mass, share, replicas, seed) if replicas else _NO_ERRORS
    return {name + ending: (getattr(values, name), getattr(errors, name)) for name in wanted}


def over_seeds(repetitions: Sequence[Mapping[str, tuple[float, float]]]) -> Measured:
    """Mean and standard deviation (1/(n − 1)) of each measure over trainings with different seeds."""
    values = {name: np.array([own[name][0] for own in repetitions]) for name in repetitions[0]}
    return {name: (float(own.mean()), float(own.std(ddof=1))) for name, own in values.items()}
