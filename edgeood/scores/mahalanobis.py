"""Mahalanobis distances: a jet far from every known class in the representation is an anomaly.

Both scores model each known class k as a Gaussian in the representation r and take the *squared* distance to
the nearest class, as GZ24 §2.3 (arXiv:2401.08777) after Lee et al., arXiv:1807.03888. GZ24 write the square
root and CC22 eq. 2.2a the square; the order of jets, and with it every efficiency, is the same. Unlike Lee et
al., who tie one covariance over all classes, each class has its own (GZ24).

Moments are the plain (1/N) ones of CC22 eq. 2.2b. A rectified representation may have dimensions that are
always zero in one class, whose inverse variance would be infinite: variances are therefore kept above a
thousandth of the class's mean variance (``REGULARISATION``), by shrinkage of the full covariance and by a
floor in the diagonal one, so that both agree about such a dimension.
"""

import math
from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError

REGULARISATION = 1e-3
"""Relative to the mean variance of a class over the dimensions of the representation."""


def _by_class(representation: NDArray, logits: NDArray, labels: NDArray) -> list[NDArray[np.float64]]:
    """Representations of each class (n_k, D) in float64, one per logit, checked."""
    representation, labels = np.asarray(representation, np.float64), np.asarray(labels)
    classes = np.asarray(logits).shape[1]
    if representation.ndim != 2 or len(representation) != len(labels) or len(logits) != len(labels):
        raise EdgeoodError(
            f"a Mahalanobis score cannot be fitted on {representation.shape} representations, "
            f"{np.shape(logits)} logits and {labels.shape} labels; give one row of each per jet."
        )
    if not np.isfinite(representation).all():
        raise EdgeoodError(
            "the representation of a training jet is not finite; train with a lower learning rate."
        )
    unknown = sorted(set(np.unique(labels).tolist()) - set(range(classes)))
    if unknown:
        raise EdgeoodError(
            f"labels {unknown} are none of the {classes} known classes; fit on known jets only."
        )
    groups = [representation[labels == k] for k in range(classes)]
    for k, group in enumerate(groups):
        if len(group) < 2:
            raise EdgeoodError(
                f"class {k} has {len(group)} jets to fit a Mahalanobis score on; give at least 2."
            )
        if not np.var(group, axis=0).mean() > 0:
            raise EdgeoodError(
                f"the representation of class {k} is the same for all jets; train the network longer."
            )
    return groups


class Mahalanobis:
    """s(x) = min_k (r − μ_k)ᵀ Σ_k⁻¹ (r − μ_k), with a full covariance Σ_k for each known class.

    Σ_k = (1 − a) S_k + a (tr S_k / D) I, where S_k is the empirical covariance and a = ``REGULARISATION``:
    the shrinkage of Ledoit & Wolf (J. Multivar. Anal. 88 (2004) 365) with a small fixed weight. It bounds the
    condition number by about D/a and leaves a unit covariance as it is.
    """

    name = "mahalanobis"
    mean: NDArray[np.float64]
    """(K, D) class means."""
    precision: NDArray[np.float64]
    """(K, D, D) inverse covariances, symmetric."""

    def __init__(self) -> None:
        self.threshold = math.nan

    def fit(self, representation: NDArray, logits: NDArray, labels: NDArray) -> Self:
        """Learn means and precisions. Raises :class:`EdgeoodError` for jets that do not allow it."""
        groups = _by_class(representation, logits, labels)
        self.mean = np.stack([group.mean(axis=0) for group in groups])
        self.precision = np.stack(
            [_precision(group - mean) for group, mean in zip(groups, self.mean, strict=True)]
        )
        return self

    def __call__(self, representation: NDArray, logits: NDArray) -> NDArray[np.float64]:
        """(N,) squared distances of the (N, D) representation to the nearest class."""
        representation = np.asarray(representation, np.float64)
        nearest = np.full(len(representation), np.inf)
        for mean, precision in zip(self.mean, self.precision, strict=True):
            difference = representation - mean
            np.minimum(nearest, ((difference @ precision) * difference).sum(axis=1), out=nearest)
        return nearest

    def parameters(self) -> dict[str, NDArray]:
        """``mean`` (K, D), ``precision`` (K, D, D), ``threshold``."""
        return {"mean": self.mean, "precision": self.precision, "threshold": np.array(self.threshold)}

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, NDArray]) -> Self:
        """The fitted score. Raises KeyError for a missing parameter."""
        score = cls()
        score.mean, score.precision = parameters["mean"], parameters["precision"]
        score.threshold = float(parameters["threshold"])
        return score


def _precision(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """(D, D) inverse of the shrunk covariance of (n, D) centred rows, through its Cholesky factor."""
    dimensions = centred.shape[1]
    covariance = centred.T @ centred / len(centred)
    scale = np.trace(covariance) / dimensions
    covariance = (1 - REGULARISATION) * covariance + REGULARISATION * scale * np.eye(dimensions)
    inverse_factor = np.linalg.solve(np.linalg.cholesky(covariance), np.eye(dimensions))
    return inverse_factor.T @ inverse_factor


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

    def fit(self, representation: NDArray, logits: NDArray, labels: NDArray) -> Self:
        """Learn means and variances. Raises :class:`EdgeoodError` for jets that do not allow it."""
        groups = _by_class(representation, logits, labels)
        self.mean = np.stack([group.mean(axis=0) for group in groups])
        variance = np.stack([group.var(axis=0) for group in groups])
        floor = REGULARISATION * variance.mean(axis=1, keepdims=True)
        self.inverse_variance = 1 / np.maximum(variance, floor)
        return self

    def __call__(self, representation: NDArray, logits: NDArray) -> NDArray[np.float64]:
        """(N,) squared distances of the (N, D) representation to the nearest class."""
        representation = np.asarray(representation, np.float64)
        nearest = np.full(len(representation), np.inf)
        for mean, inverse_variance in zip(self.mean, self.inverse_variance, strict=True):
            np.minimum(nearest, (representation - mean) ** 2 @ inverse_variance, out=nearest)
        return nearest

    def parameters(self) -> dict[str, NDArray]:
        """``mean`` (K, D), ``inverse_variance`` (K, D), ``threshold``."""
        return {
            "mean": self.mean,
            "inverse_variance": self.inverse_variance,
            "threshold": np.array(self.threshold),
        }

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, NDArray]) -> Self:
        """The fitted score. Raises KeyError for a missing parameter."""
        score = cls()
        score.mean, score.inverse_variance = parameters["mean"], parameters["inverse_variance"]
        score.threshold = float(parameters["threshold"])
        return score
