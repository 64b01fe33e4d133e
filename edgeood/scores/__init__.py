"""Anomaly scores, one per file: fitted on known jets, larger = more anomalous."""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.scores.fitting import same_jets
from edgeood.scores.mahalanobis import DiagonalMahalanobis
from edgeood.suggestions import suggestion

_WHERE = {
    "max_logit": "edgeood.scores.max_logit:MaxLogit",
    "mahalanobis": "edgeood.scores.mahalanobis:Mahalanobis",
    "mahalanobis_diagonal": "edgeood.scores.mahalanobis:DiagonalMahalanobis",
    "minus_p_background": "edgeood.scores.minus_p_background:MinusPBackground",
    "mahalanobis_background": "edgeood.scores.mahalanobis_background:MahalanobisBackground",
    "odds_and_distance": "edgeood.scores.odds_and_distance:OddsAndDistance",
    "energy": "edgeood.scores.energy:Energy",
    "relative_mahalanobis": "edgeood.scores.relative_mahalanobis:RelativeMahalanobis",
    "nearest_neighbours": "edgeood.scores.nearest_neighbours:NearestNeighbours",
}
SCORE_NAMES = tuple(_WHERE)
"""All scores, in the order of reports."""
_OF_ONE_CLASS = ("max_logit", "mahalanobis", "mahalanobis_diagonal", "nearest_neighbours")


class AnomalyScore(Protocol):
    """What every score offers. All arrays are NumPy; a score never needs a deep-learning framework."""

    name: str
    threshold: float
    """Jets above it are selected; NaN until one is chosen (:func:`edgeood.scores.working_point`)."""

    def fit(
        self, representation: NDArray[Any], logits: NDArray[Any], labels: NDArray[Any], background: int = 0
    ) -> "AnomalyScore":
        """Learn from known jets: (N, D) representation, (N, K) logits, (N,) class indices, the background's index."""

    def __call__(self, representation: NDArray[Any], logits: NDArray[Any]) -> NDArray[Any]:
        """(N,) scores in float64."""

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Everything that :meth:`fit` learned and the threshold, for the run directory."""

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, NDArray[Any]]) -> "AnomalyScore":
        """The score that gave these :meth:`parameters`."""


def _class_of(name: str) -> type[AnomalyScore]:
    if name not in _WHERE:
        remedy = suggestion(name, SCORE_NAMES, f"choose one of {', '.join(SCORE_NAMES)}.")
        raise EdgeoodError(f"there is no anomaly score '{name}'; {remedy}")
    module, own_name = _WHERE[name].split(":")
    result: type[AnomalyScore] = getattr(importlib.import_module(module), own_name)
    return result


def scores_for(classes: int) -> tuple[str, ...]:
    """Names of the scores that make sense for a network with this many logits.

    A single one, an autoencoder's, has no probabilities, nothing to be relative to, and no class but the
    background: what would be undefined, zero for every jet, or the same as another score is left out.
    """
    return _OF_ONE_CLASS if classes == 1 else SCORE_NAMES


def fit_scores(
    representation: NDArray[Any],
    logits: NDArray[Any],
    labels: NDArray[Any],
    names: Sequence[str] | None = None,
    background: int = 0,
    normal: str = "known",
) -> dict[str, AnomalyScore]:
    """Fit every score that makes sense (:func:`scores_for`), or those in ``names``, on known jets.

    ``representation`` (N, D), ``logits`` (N, K) and ``labels`` (N,), indices 0 … K − 1, are of training jets;
    ``background`` is the index of the background class; ``normal`` is the recipe's ``score.normal``: unless it is
    "known", the diagonal Mahalanobis distance is to the background alone. A network with a single logit models the
    background alone: its scores are fitted on the jets with that label, and jets of other labels are left out.
    Raises :class:`EdgeoodError` for an unknown name or for jets that a score cannot be fitted on.
    """
    representation, logits, labels = same_jets(representation, logits, labels)
    classes = logits.shape[1]
    if classes == 1:
        own = labels == background
        representation, logits = representation[own], logits[own]
        labels, background = np.zeros(len(logits), np.int64), 0
    chosen = scores_for(classes) if names is None else names
    fitted = {name: _class_of(name)().fit(representation, logits, labels, background) for name in chosen}
    for name, score in fitted.items():
        # Of the scores that firmware computes, the one that has classes to choose from.
        if normal != "known" and isinstance(score, DiagonalMahalanobis):
            fitted[name] = score.of_class(background)
    return fitted


def load_score(name: str, parameters: Mapping[str, NDArray[Any]]) -> AnomalyScore:
    """The fitted score ``name`` from what its ``parameters()`` returned.

    Raises :class:`EdgeoodError` if the name is unknown or a parameter is missing.
    """
    try:
        return _class_of(name).from_parameters(parameters)
    except KeyError as error:
        raise EdgeoodError(
            f"the parameters of score '{name}' lack {error}; fit the scores again with `edgeood train`."
        ) from error
