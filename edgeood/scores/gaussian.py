"""Gaussian models of jets in the representation, and squared Mahalanobis distances to them.

Moments are the plain (1/N) ones of CC22 eq. 2.2b. A rectified representation may have dimensions that are
always zero in one class, whose inverse variance would be infinite: a covariance S in D dimensions is therefore
shrunk, Σ = (1 − a) S + a (tr S / D) I with a = ``REGULARISATION``: the shrinkage of Ledoit & Wolf (J. Multivar.
Anal. 88 (2004) 365) with a small fixed weight. It bounds the condition number by about D/a and leaves a unit
covariance as it is.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.scores.fitting import in_chunks

REGULARISATION = 1e-3
"""Relative to the mean variance over the dimensions of the representation."""


def moments(rows: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(D,) mean and (D, D) empirical covariance of the (n, D) ``rows``."""
    dimensions = rows.shape[1]
    mean = np.zeros(dimensions)
    for _, piece in in_chunks(rows):
        mean += piece.sum(axis=0) / len(rows)
    covariance = np.zeros((dimensions, dimensions))
    for _, piece in in_chunks(rows):
        centred = piece - mean
        covariance += centred.T @ centred / len(rows)
    return mean, covariance


def whitening(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """(D, D) inverse W of the Cholesky factor of the shrunk ``covariance`` (D, D): Σ⁻¹ = Wᵀ W."""
    dimensions = len(covariance)
    scale = np.trace(covariance) / dimensions
    shrunk = (1 - REGULARISATION) * covariance + REGULARISATION * scale * np.eye(dimensions)
    return np.asarray(np.linalg.solve(np.linalg.cholesky(shrunk), np.eye(dimensions)), np.float64)


def squared_distance(
    representation: ArrayLike, mean: NDArray[np.float64], whitener: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(N,) squared distances |W (r − μ)|² of the (N, D) ``representation``, never negative."""
    rows = np.asarray(representation)
    distance = np.empty(len(rows))
    for chosen, piece in in_chunks(rows):
        distance[chosen] = np.square((piece - mean) @ whitener.T).sum(axis=1)
    return distance
