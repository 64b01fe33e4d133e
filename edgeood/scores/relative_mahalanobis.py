"""Relative Mahalanobis distance: how much better the best known class explains a jet than all of them together."""

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.scores.fitting import checked, class_rows
from edgeood.scores.gaussian import moments, squared_distance, whitening


class RelativeMahalanobis:
    """s(x) = min_k D_k(r) − D_0(r), with squared Mahalanobis distances D of the representation r.

    Ren et al., arXiv:2106.09022. The D_k are to the class means μ_k with *one* covariance for all classes, the
    mean of the class covariances weighted by the classes' jets; D_0 is to mean and covariance of all known jets
    whatever their class. Directions in which the classes do not differ count in both and cancel: of many
    dimensions only the few that tell the classes apart are left. For one class the score is 0 for every jet.
    """

    name = "relative_mahalanobis"
    mean: NDArray[np.float64]
    """(K, D) class means."""
    whitening: NDArray[np.float64]
    """(D, D) W with Σ⁻¹ = Wᵀ W of the covariance within classes."""
    mean_of_all: NDArray[np.float64]
    """(D,)"""
    whitening_of_all: NDArray[np.float64]
    """(D, D) W₀ with Σ₀⁻¹ = W₀ᵀ W₀ of the covariance of all known jets."""

    def __init__(self) -> None:
        self.threshold = math.nan

    def fit(
        self, representation: NDArray[Any], logits: NDArray[Any], labels: NDArray[Any], background: int = 0
    ) -> Self:
        """Learn means and covariances. Raises :class:`EdgeoodError` for jets that do not allow it."""
        representation, logits, labels = checked(representation, logits, labels)
        classes = logits.shape[1]
        if classes < 2:
            raise EdgeoodError(
                "a network with a single logit knows one class, to which nothing is relative; leave out "
                "relative_mahalanobis."
            )
        fitted = [moments(class_rows(representation, labels, k)) for k in range(classes)]
        share = np.bincount(labels, minlength=classes) / len(labels)
        self.mean = np.stack([mean for mean, _ in fitted])
        within = np.tensordot(share, np.stack([covariance for _, covariance in fitted]), axes=1)
        # The law of total covariance: that of all jets is within classes plus between their means.
        self.mean_of_all = share @ self.mean
        apart = self.mean - self.mean_of_all
        self.whitening = whitening(within)
        self.whitening_of_all = whitening(within + (share * apart.T) @ apart)
        return self

    def __call__(self, representation: NDArray[Any], logits: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) scores of the (N, D) representation; negative where a class explains a jet better than all do."""
        of_classes = [squared_distance(representation, mean, self.whitening) for mean in self.mean]
        of_all = squared_distance(representation, self.mean_of_all, self.whitening_of_all)
        result: NDArray[np.float64] = np.min(of_classes, axis=0) - of_all
        return result

    def parameters(self) -> dict[str, NDArray[Any]]:
        """``mean`` (K, D), ``whitening`` (D, D), ``mean_of_all`` (D,), ``whitening_of_all`` (D, D), ``threshold``."""
        return {
            "mean": self.mean,
            "whitening": self.whitening,
            "mean_of_all": self.mean_of_all,
            "whitening_of_all": self.whitening_of_all,
            "threshold": np.array(self.threshold),
        }

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, NDArray[Any]]) -> Self:
        """The fitted score. Raises KeyError for a missing parameter."""
        score = cls()
        score.mean, score.whitening = parameters["mean"], parameters["whitening"]
        score.mean_of_all, score.whitening_of_all = parameters["mean_of_all"], parameters["whitening_of_all"]
        score.threshold = float(parameters["threshold"])
        return score
