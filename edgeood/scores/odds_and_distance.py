"""Two views of "not background" in one score: what the classifier decides, and how far the representation lies.

The log-odds see what the known classes have in common with a signal; the distance sees what none of them has. Where one
knows nothing the other may, and their sum ranks better than either (docs/physics.md has the numbers).
"""

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from edgeood.scores.fitting import check_background, checked, class_rows
from edgeood.scores.gaussian import moments, squared_distance, whitening
from edgeood.scores.minus_p_background import background_log_odds

DISTANCE_WEIGHT = 0.5
"""Of the distance beside the log-odds. Chosen among ¼, ½, 1 and 2 on jets that no table reports."""
_SMALLEST = 1e-12
"""A jet at the background's very mean has a distance whose logarithm is finite all the same."""
_STANDARDISATION = ("mean_odds", "mean_distance", "spread_odds", "spread_distance")


class OddsAndDistance:
    """s(x) = u(x) + w·v(x), both standardised on the background that is trained on.

    u = (log((1 − p_b)/p_b) − ⟨·⟩_b)/σ_b of CC22's −p_b (:mod:`edgeood.scores.minus_p_background`), and
    v = (ln d² − ⟨·⟩_b)/σ_b of their squared Mahalanobis distance d² to the background (eq. 2.2, arXiv:2201.07199);
    w = ``DISTANCE_WEIGHT``. The logarithm makes of the distance, whose tail is long, something that can be added; the
    sum is ours.
    """

    name = "odds_and_distance"
    mean: NDArray[np.float64]
    """(D,) mean of the background's representation."""
    whitening: NDArray[np.float64]
    """(D, D) W with Σ_b⁻¹ = Wᵀ W."""
    centre: NDArray[np.float64]
    """(2,) background means of the log-odds and of ln d²."""
    spread: NDArray[np.float64]
    """(2,) their standard deviations; 1 where all background jets have the same."""

    def __init__(self) -> None:
        self.background = 0
        self.threshold = math.nan

    def fit(
        self, representation: NDArray[Any], logits: NDArray[Any], labels: NDArray[Any], background: int = 0
    ) -> Self:
        """Learn Gaussian and standardisation. Raises :class:`EdgeoodError` for jets that do not allow it."""
        representation, logits, labels = checked(representation, logits, labels)
        check_background(background, logits.shape[1])
        self.background = background
        rows = class_rows(representation, labels, background)
        self.mean, covariance = moments(rows)
        self.whitening = whitening(covariance)
        views = self._views(rows, logits[labels == background])
        self.centre, spread = views.mean(axis=1), views.std(axis=1)
        # Where all background jets look alike, as to a network that was hardly trained, a view keeps its own scale.
        self.spread = np.where(spread > 0, spread, 1.0)
        return self

    def _views(self, representation: NDArray[Any], logits: NDArray[Any]) -> NDArray[np.float64]:
        """(2, N) log-odds and ln d²."""
        distance = squared_distance(representation, self.mean, self.whitening)
        return np.stack(
            [background_log_odds(logits, self.background), np.log(np.maximum(distance, _SMALLEST))]
        )

    def __call__(self, representation: NDArray[Any], logits: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) scores of the (N, D) representation and (N, K) logits."""
        views = (self._views(representation, logits) - self.centre[:, None]) / self.spread[:, None]
        result: NDArray[np.float64] = views[0] + DISTANCE_WEIGHT * views[1]
        return result

    def parameters(self) -> dict[str, NDArray[Any]]:
        """``mean`` (D,), ``whitening`` (D, D), four numbers of the standardisation, ``background``, ``threshold``."""
        standardisation = zip(_STANDARDISATION, [*self.centre, *self.spread], strict=True)
        return {
            "mean": self.mean,
            "whitening": self.whitening,
            **{name: np.array(value) for name, value in standardisation},
            "background": np.array(self.background),
            "threshold": np.array(self.threshold),
        }

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, NDArray[Any]]) -> Self:
        """The fitted score. Raises KeyError for a missing parameter."""
        score = cls()
        score.mean, score.whitening = parameters["mean"], parameters["whitening"]
        numbers = np.array([float(parameters[name]) for name in _STANDARDISATION])
        score.centre, score.spread = numbers[:2], numbers[2:]
        score.background = int(parameters["background"])
        score.threshold = float(parameters["threshold"])
        return score
