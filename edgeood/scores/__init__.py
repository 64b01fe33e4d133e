"""Anomaly scores, one per file: fitted on known jets, larger = more anomalous."""

import difflib
import importlib
from collections.abc import Mapping, Sequence
from typing import Protocol

from numpy.typing import NDArray

from edgeood.errors import EdgeoodError

_WHERE = {
    "max_logit": "edgeood.scores.max_logit:MaxLogit",
    "mahalanobis": "edgeood.scores.mahalanobis:Mahalanobis",
    "mahalanobis_diagonal": "edgeood.scores.mahalanobis:DiagonalMahalanobis",
}
SCORE_NAMES = tuple(_WHERE)


class AnomalyScore(Protocol):
    """What every score offers. All arrays are NumPy; a score never needs a deep-learning framework."""

    name: str
    threshold: float
    """Jets above it are selected; NaN until one is chosen (:func:`edgeood.scores.working_point`)."""

    def fit(self, representation: NDArray, logits: NDArray, labels: NDArray) -> "AnomalyScore":
        """Learn from known jets: (N, D) representation, (N, K) logits, (N,) class indices."""

    def __call__(self, representation: NDArray, logits: NDArray) -> NDArray:
        """(N,) scores in float64."""

    def parameters(self) -> dict[str, NDArray]:
        """Everything that :meth:`fit` learned and the threshold, for the run directory."""

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, NDArray]) -> "AnomalyScore":
        """The score that gave these :meth:`parameters`."""


def _class_of(name: str) -> type[AnomalyScore]:
    if name not in _WHERE:
        close = difflib.get_close_matches(name, SCORE_NAMES, n=1)
        remedy = f"did you mean '{close[0]}'?" if close else f"choose one of {', '.join(SCORE_NAMES)}."
        raise EdgeoodError(f"there is no anomaly score '{name}'; {remedy}")
    module, own_name = _WHERE[name].split(":")
    return getattr(importlib.import_module(module), own_name)


def fit_scores(
    representation: NDArray, logits: NDArray, labels: NDArray, names: Sequence[str] = SCORE_NAMES
) -> dict[str, AnomalyScore]:
    """Fit every score (or those in ``names``) on known jets.

    ``representation`` (N, D), ``logits`` (N, K) and ``labels`` (N,), indices 0 … K − 1, are of training jets.
    Raises :class:`EdgeoodError` for an unknown name or for jets that a score cannot be fitted on.
    """
    return {name: _class_of(name)().fit(representation, logits, labels) for name in names}


def load_score(name: str, parameters: Mapping[str, NDArray]) -> AnomalyScore:
    """The fitted score ``name`` from what its ``parameters()`` returned.

    Raises :class:`EdgeoodError` if the name is unknown or a parameter is missing.
    """
    try:
        return _class_of(name).from_parameters(parameters)
    except KeyError as error:
        raise EdgeoodError(
            f"the parameters of score '{name}' lack {error}; fit the scores again with `edgeood train`."
        ) from error
