"""The directions in which a representation varies most."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.errors import EdgeoodError


class PrincipalComponents(NamedTuple):
    """Orthonormal directions of falling variance, through the mean (Pearson, Phil. Mag. 2 (1901) 559)."""

    mean: NDArray[np.float64]
    """(D,)"""
    directions: NDArray[np.float64]
    """(C, D), of length one; the largest entry of each is positive, as the sign is free"""
    explained: NDArray[np.float64]
    """(C,) fraction of the total variance along each"""

    def project(self, representation: ArrayLike) -> NDArray[np.float64]:
        """(N, D) representation → (N, C) coordinates along the directions."""
        return (np.asarray(representation, np.float64) - self.mean) @ self.directions.T


def principal_components(representation: ArrayLike, components: int = 2) -> PrincipalComponents:
    """The first ``components`` principal components of an (N, D) representation, in its own units.

    Raises :class:`EdgeoodError` with too few jets or dimensions, or if all jets are the same.
    """
    values = np.asarray(representation, np.float64)
    if values.ndim != 2 or values.shape[1] < components or len(values) < 2:
        raise EdgeoodError(
            f"a representation of shape {values.shape} has no {components} principal components; give two jets and "
            f"{components} dimensions or more."
        )
    covariance = np.cov(values, rowvar=False).reshape(values.shape[1], -1)
    total = float(np.trace(covariance))
    if not total > 0:
        raise EdgeoodError("the representation is the same for all jets; check the network.")
    variances, vectors = np.linalg.eigh(covariance)
    directions = vectors[:, ::-1].T[:components]
    largest = np.abs(directions).argmax(axis=1)
    directions = directions * np.sign(directions[np.arange(components), largest])[:, None]
    return PrincipalComponents(values.mean(axis=0), directions, variances[::-1][:components] / total)
