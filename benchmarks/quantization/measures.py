"""What float and quantized scores make of the same jets: detection with paired errors, and mass sculpting."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.quantization.jets import HeldOutJets
from edgeood.errors import EdgeoodError
from edgeood.evaluation.bootstrap import REPLICAS, standard_error
from edgeood.evaluation.detection import (
    RocCurve,
    auroc,
    roc_from_counts,
    signal_efficiency_at,
    working_points,
)
from edgeood.evaluation.labels import FLATTENED
from edgeood.evaluation.mass.flattening import flattened
from edgeood.evaluation.mass.sculpting import mass_sculpting, mass_sculpting_errors, sculpting_noise
from edgeood.evaluation.score_metrics import ABOVE_WORKING_POINTS

Measured = tuple[float, float]
"""Value and bootstrap error."""
MEAN = "mean"
"""Stands beside the signals: the mean over all of them."""
SCULPTING = ("jsd", "wasserstein_gev")
"""Distances between the mass spectra of all background jets and of those above a cut."""
EFFICIENCY = "efficiency_at_"
"""Before a background efficiency: the signal's there, as in ``efficiency_at_0.01``."""


@dataclass(frozen=True)
class Compared:
    """One measure of two networks on the same jets."""

    teacher: Measured
    twin: Measured
    difference: Measured
    """twin − teacher: every replica has the same jets for both, so that most of the error cancels"""


class Detection:
    """Detection by several scores of the same jets: AUROC, and signal efficiencies at a trigger's working points.

    Every bootstrap replica draws the same jets for all scores, and the same background jets for all signals, so that
    differences and means over signals have the errors that they should.
    """

    def __init__(
        self,
        scores: Sequence[NDArray[Any]],
        background: NDArray[np.bool_],
        signals: Mapping[str, NDArray[np.bool_]],
        replicas: int = REPLICAS,
        seed: int = 1,
    ) -> None:
        self.signals = (*signals, MEAN)
        points = working_points(int(background.sum()))
        self._measures: dict[str, Callable[[RocCurve], float]] = {
            "auroc": auroc,
            **{
                f"{EFFICIENCY}{point:g}": partial(signal_efficiency_at, background_efficiency=point)
                for point in points
            },
        }
        self.measures = tuple(self._measures)
        chosen = [*signals.values(), background]
        places = [_places(score) for score in scores]
        self._places = [[own[one] for one in chosen] for own in places]
        self._values = self._measured([np.arange(int(one.sum())) for one in chosen])
        rng, sizes = np.random.default_rng(seed), [int(one.sum()) for one in chosen]
        self._sampled = np.array(
            [self._measured([rng.integers(0, size, size) for size in sizes]) for _ in range(replicas)]
        )

    def _measured(self, drawn: Sequence[NDArray[np.int64]]) -> NDArray[np.float64]:
        """(scores, signals and their mean, measures) of the jets ``drawn`` of each signal and the background."""
        found = np.empty((len(self._places), len(drawn), len(self._measures)))
        for number, own in enumerate(self._places):
            most = max(int(places.max()) for places in own) + 1
            *signals, background = (
                np.bincount(places[rows], minlength=most) for places, rows in zip(own, drawn, strict=True)
            )
            for place, counts in enumerate(signals):
                curve = roc_from_counts(counts, background)
                found[number, place] = [measure(curve) for measure in self._measures.values()]
        found[:, -1] = found[:, :-1].mean(axis=1)
        return found

    def measured(self, score: int, signal: str, measure: str) -> Measured:
        """A measure of the score of this number, with its error."""
        at = score, self.signals.index(signal), self.measures.index(measure)
        return float(self._values[at]), standard_error(self._sampled[:, *at])

    def compared(self, signal: str, measure: str, teacher: int = 0, twin: int = 1) -> Compared:
        """A measure of the scores of these two numbers."""
        at = self.signals.index(signal), self.measures.index(measure)
        values, sampled = self._values[:, *at], self._sampled[:, :, *at]
        difference = float(values[twin] - values[teacher])
        return Compared(
            self.measured(teacher, signal, measure),
            self.measured(twin, signal, measure),
            (difference, standard_error(sampled[:, twin] - sampled[:, teacher])),
        )

    def all_compared(self) -> dict[str, dict[str, Compared]]:
        """Signal, or their mean → measure → the first two scores."""
        return {
            signal: {measure: self.compared(signal, measure) for measure in self.measures}
            for signal in self.signals
        }


def _places(score: NDArray[Any]) -> NDArray[np.int64]:
    """(N,) place of each score's value, 0 = most anomalous; ties share one. Raises EdgeoodError unless finite."""
    if not np.isfinite(score).all():
        raise EdgeoodError("a score is not finite; check the network's outputs.")
    values, places = np.unique(score, return_inverse=True)
    return len(values) - 1 - places


def shares_of(background_jets: int) -> tuple[float, ...]:
    """Background efficiencies at which sculpting is measured."""
    return (*ABOVE_WORKING_POINTS, *working_points(background_jets))


class Measuring:
    """Measures of scores of one task's test jets; what chance gives, and what one run does, is computed once."""

    def __init__(self, test: HeldOutJets, replicas: int) -> None:
        self.test = test
        self.replicas = replicas
        self._fewer = max(replicas // 2, 2)
        self._mass = test.mass_gev
        own = self._mass[test.background]
        self.shares = shares_of(len(own))
        self.chance = {
            f"{share:g}": {
                level: {name: float(getattr(noise, name)) for name in SCULPTING}
                for level, noise in sculpting_noise(own, share, self._fewer).items()
            }
            for share in self.shares
        }
        """Background efficiency → ``mean`` and ``q95`` of scores that know nothing of mass → distance."""
        self._sculpting: dict[tuple[str, str], dict[str, dict[str, Measured]]] = {}

    def detection(self, scores: Sequence[NDArray[Any]]) -> Detection:
        """Of scores (N,) of the test jets."""
        return Detection(scores, self.test.background, self.test.signals, self.replicas)

    def within_mass(self, score: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) the score flattened in mass. Raises :class:`EdgeoodError` if there are too few background jets."""
        found = flattened({"": score}, [""], self._mass, self.test.background)
        if not found:
            raise EdgeoodError(
                f"{int(self.test.background.sum())} background jets are too few to compare jets of equal mass; give "
                "hundreds."
            )
        return found[FLATTENED]

    def sculpting(self, run: str, name: str, score: NDArray[Any]) -> dict[str, dict[str, Measured]]:
        """Background efficiency → distance, for one threshold; kept for the run's name and the score's."""
        if (run, name) not in self._sculpting:
            own = score[self.test.background], self._mass[self.test.background]
            found = {}
            for share in self.shares:
                values = mass_sculpting(*own, share)
                errors = mass_sculpting_errors(*own, share, self._fewer)
                found[f"{share:g}"] = {
                    kind: (float(getattr(values, kind)), float(getattr(errors, kind))) for kind in SCULPTING
                }
            self._sculpting[run, name] = found
        return self._sculpting[run, name]
