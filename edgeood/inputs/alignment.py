"""Constituents relative to the jet axis, turned so that equal jets look equal."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def relative_phi(phi: NDArray[Any], axis: NDArray[Any]) -> NDArray[Any]:
    """Azimuthal distance from an axis in radians, wrapped into [−π, π). Shapes broadcast."""
    result: NDArray[Any] = (phi - axis + np.pi) % (2 * np.pi) - np.pi
    return result


def upright(eta: NDArray[Any], phi: NDArray[Any], weight: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Turn each jet so that the principal axis of its energy lies along φ, heavier halves up and right.

    The principal axis is the eigenvector of the energy-weighted second moments with the larger eigenvalue,
    at the angle ½·atan2(2·c_ηφ, c_ηη − c_φφ) from the η axis.
    """
    covariance = (weight * eta * phi).sum(1)
    difference = (weight * (eta * eta - phi * phi)).sum(1)
    angle = 0.5 * np.arctan2(2 * covariance, difference)
    sine, cosine = np.sin(angle)[:, None], np.cos(angle)[:, None]
    along, across = cosine * eta + sine * phi, cosine * phi - sine * eta
    along *= np.where((weight * along * np.abs(along)).sum(1, keepdims=True) < 0, -1, 1)
    across *= np.where((weight * across * np.abs(across)).sum(1, keepdims=True) < 0, -1, 1)
    return across, along
