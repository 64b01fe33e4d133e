"""Class probabilities of three classes as points of an equilateral triangle."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.errors import EdgeoodError

CORNERS = np.array([[0.5, np.sqrt(0.75)], [0.0, 0.0], [1.0, 0.0]])
"""(3, 2): the first class at the top, so that a cut on its probability is a level line; sides of length 1."""


class SimplexDensity(NamedTuple):
    """How many points lie in each of the equal triangles that a simplex is cut into."""

    triangles: NDArray[np.float64]
    """(T, 3, 2) corners in the plane"""
    counts: NDArray[np.int64]
    """(T,)"""


def _checked(probabilities: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(probabilities, np.float64)
    if values.ndim != 2 or values.shape[1] != 3:
        raise EdgeoodError(f"a simplex shows (N, 3) probabilities, not {values.shape}; give three classes.")
    total = values.sum(axis=1, keepdims=True)
    if not (np.all(values >= 0) and np.allclose(total, 1, atol=1e-3)):
        raise EdgeoodError(
            "probabilities of a jet are negative or do not sum to one; apply the softmax first."
        )
    result: NDArray[np.float64] = values / total
    return result


def simplex_points(probabilities: ArrayLike) -> NDArray[np.float64]:
    """(N, 3) probabilities → (N, 2) points, the centre of mass of the corners weighted by them.

    Raises :class:`EdgeoodError` if they are not three, negative, or do not sum to one.
    """
    result: NDArray[np.float64] = _checked(probabilities) @ CORNERS
    return result


def simplex_density(probabilities: ArrayLike, divisions: int = 25) -> SimplexDensity:
    """Count the (N, 3) probabilities in ``divisions`` squared equal triangles, empty ones included.

    Lines of constant probability in steps of 1/``divisions`` cut the simplex into them. Raises as
    :func:`simplex_points`.
    """
    n = divisions
    scaled = _checked(probabilities) * n
    i, j, k = np.minimum(np.floor(scaled), n - 1).astype(np.int64).T
    # Rounded down, three numbers that sum to n sum to n − 1 in a triangle that stands, n − 2 in one that hangs;
    # to n only where lines cross: such a point goes to the triangle that stands below it.
    crossing = i + j + k == n
    i, j = i - (crossing & (i > 0)), j - (crossing & (i == 0))
    stands = i + j + k >= n - 1
    counts = np.zeros((n, n, 2), np.int64)
    np.add.at(counts, (i, j, np.where(stands, 0, 1)), 1)
    place = np.array([(a, b, h) for a in range(n) for b in range(n - a) for h in (0, 1) if a + b + h < n])
    a, b, h = place.T
    lowest = np.stack([a, b, n - 1 - h - a - b], axis=1)
    # A standing triangle's corners each have one more of one class, a hanging one's of two classes.
    more = np.where(h[:, None, None] == 0, np.eye(3), 1 - np.eye(3))
    return SimplexDensity((lowest[:, None] + more) / n @ CORNERS, counts[a, b, h])
