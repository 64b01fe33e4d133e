"""Anti-QCD tagging in the representation: a jet far from the background is an anomaly."""

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from edgeood.scores.fitting import check_background, checked, class_rows
from edgeood.scores.gaussian import moments, squared_distance, whitening


class MahalanobisBackground:
    """s(x) = (r − μ_b)ᵀ Σ_b⁻¹ (r − μ_b), with mean and full covariance of the background class b alone.

    CC22 eq. 2.2 (arXiv:2201.07199). They learn both from 100,000 background jets (§4.1), we from all that are
    trained on, and we shrink the covariance a little (:mod:`edgeood.scores.gaussian`), of which they say
    nothing. Other known classes are as anomalous as they are far from the background.
    """

    name = "mahalanobis_background"
    mean: NDArray[np.float64]
    """(D,) mean of the background."""
    whitening: NDArray[np.float64]
    """(D, D) W with Σ_b⁻¹ = Wᵀ W."""

    def __init__(self) -> None:
        self.background = 0
        self.threshold = math.nan

    def fit(
        self, representation: NDArray[Any], logits: NDArray[Any], labels: NDArray[Any], background: int = 0
    ) -> Self:
        """Learn mean and covariance. Raises :class:`EdgeoodError` for jets that do not allow it."""
        representation, logits, labels = checked(representation, logits, labels)
        check_background(background, logits.shape[1])
        self.background = background
        self.mean, covariance = moments(class_rows(representation, labels, background))
        self.whitening = whitening(covariance)
        return self

    def __call__(self, representation: NDArray[Any], logits: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) squared distances of the (N, D) representation to the background."""
        return squared_distance(representation, self.mean, self.whitening)

    def parameters(self) -> dict[str, NDArray[Any]]:
        """``mean`` (D,), ``whitening`` (D, D), ``background``, the index of its class, ``threshold``."""
        return {
            "mean": self.mean,
            "whitening": self.whitening,
            "background": np.array(self.background),
            "threshold": np.array(self.threshold),
        }

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, NDArray[Any]]) -> Self:
        """The fitted score. Raises KeyError for a missing parameter."""
        score = cls()
        score.mean, score.whitening = parameters["mean"], parameters["whitening"]
        score.background = int(parameters["background"])
        score.threshold = float(parameters["threshold"])
        return score
