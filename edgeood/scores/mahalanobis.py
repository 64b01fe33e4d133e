"""Mahalanobis distances: a jet far from every known class in the representation is an anomaly.

Both scores model each known class k as a Gaussian in the representation r and take the *squared* distance to
the nearest class, as GZ24 §2.3 (arXiv:2401.08777) after Lee et al., arXiv:1807.03888. GZ24 write the square
root and CC22 eq. 2.2a the square; the order of jets, and with it every efficiency, is the same. Unlike Lee et
al., who tie one covariance over all classes, each class has its own (GZ24).

Variances are kept above a thousandth of the class's mean variance (``REGULARISATION``), by shrinkage of the
full covariance (:mod:`edgeood.scores.gaussian`) and by a floor in the diagonal one, so that both agree about a
dimension that is always zero.
"""

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from edgeood.scores.fitting import checked, class_rows, in_chunks
from edgeood.scores.gaussian import REGULARISATION, moments, whitening


class Mahalanobis:
    """s(x) = min_k (r − μ_k)ᵀ Σ_k⁻¹ (r − μ_k), with a full, shrunk covariance Σ_k for each known class."""

    name = "mahalanobis"
    mean: NDArray[np.float64]
    """(K, D) class means."""
    precision: NDArray[np.float64]
    """(K, D, D) inverse covariances, symmetric."""

    def __init__(self) -> None:
        self.threshold = math.nan

    def fit(
        self, representation: NDArray[Any], logits: NDArray[Any], labels: NDArray[Any], background: int = 0
    ) -> Self:
        """Learn means and precisions. Raises :class:`EdgeoodError` for jets that do not allow it."""
        representation, logits, labels = checked(representation, logits, labels)
        means, precisions = [], []
        for k in range(logits.shape[1]):
            mean, covariance = moments(class_rows(representation, labels, k))
            whitener = whitening(covariance)
            means.append(mean)
            precisions.append(whitener.T @ whitener)
        self.mean, self.precision = np.stack(means), np.stack(precisions)
        return self

    def __call__(self, representation: NDArray[Any], logits: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) squared distances of the (N, D) representation to the nearest class."""
        representation = np.asarray(representation)
        nearest = np.full(len(representation), np.inf)
        for chosen, rows in in_chunks(representation):
            for mean, precision in zip(self.mean, self.precision, strict=True):
                difference = rows - mean
                distance = ((difference @ precision) * difference).sum(axis=1)
                nearest[chosen] = np.minimum(nearest[chosen], distance)
        return nearest

    def parameters(self) -> dict[str, NDArray[Any]]:
        """``mean`` (K, D), ``precision`` (K, D, D), ``threshold``."""
        return {"mean": self.mean, "precision": self.precision, "threshold": np.array(self.threshold)}

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, NDArray[Any]]) -> Self:
        """The fitted score. Raises KeyError for a missing parameter."""
        score = cls()
        score.mean, score.precision = parameters["mean"], parameters["precision"]
        score.threshold = float(parameters["threshold"])
        return score


class DiagonalMahalanobis:
    """s(x) = min_k Σ_d (r_d − μ_kd)² v_kd, the distance as firmware computes it: no correlations.

    v_kd = 1 / max(σ²_kd, a · mean_d σ²_kd) with the variances σ² of class k and a = ``REGULARISATION``.
    """

    name = "mahalanobis_diagonal"
    mean: NDArray[np.float64]
    """(K, D) class means."""
    inverse_variance: NDArray[np.float64]
    """(K, D) inverse variances."""

    def __init__(self) -> None:
        self.threshold = math.nan

    def fit(
        self, representation: NDArray[Any], logits: NDArray[Any], labels: NDArray[Any], background: int = 0
    ) -> Self:
        """Learn means and variances. Raises :class:`EdgeoodError` for jets that do not allow it."""
        representation, logits, labels = checked(representation, logits, labels)
        fitted = [moments(class_rows(representation, labels, k)) for k in range(logits.shape[1])]
        self.mean = np.stack([mean for mean, _ in fitted])
        variance = np.stack([np.diag(covariance) for _, covariance in fitted])
        floor = REGULARISATION * variance.mean(axis=1, keepdims=True)
        self.inverse_variance = 1 / np.maximum(variance, floor)
        return self

    def of_class(self, k: int) -> Self:
        """The distance to class ``k`` alone, [CC22 eq. 2.2a] without correlations."""
        score = type(self)()
        score.mean, score.inverse_variance = self.mean[k : k + 1], self.inverse_variance[k : k + 1]
        return score

    def __call__(self, representation: NDArray[Any], logits: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) squared distances of the (N, D) representation to the nearest class."""
        representation = np.asarray(representation)
        nearest = np.full(len(representation), np.inf)
        for chosen, rows in in_chunks(representation):
            for mean, inverse_variance in zip(self.mean, self.inverse_variance, strict=True):
                nearest[chosen] = np.minimum(nearest[chosen], (rows - mean) ** 2 @ inverse_variance)
        return nearest

    def parameters(self) -> dict[str, NDArray[Any]]:
        """``mean`` (K, D), ``inverse_variance`` (K, D), ``threshold``."""
        return {
            "mean": self.mean,
            "inverse_variance": self.inverse_variance,
            "threshold": np.array(self.threshold),
        }

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, NDArray[Any]]) -> Self:
        """The fitted score. Raises KeyError for a missing parameter."""
        score = cls()
        score.mean, score.inverse_variance = parameters["mean"], parameters["inverse_variance"]
        score.threshold = float(parameters["threshold"])
        return score
