"""The simplex of class probabilities: corners, centroid, and a partition into triangles."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from edgeood.errors import EdgeoodError
from edgeood.evaluation.figures.simplex import CORNERS, simplex_density, simplex_points


def area(triangles):
    one, other = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    return np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]) / 2


def holds(triangle, point):
    """Whether a point lies in a triangle, by its barycentric coordinates."""
    coordinates = np.linalg.solve(np.vstack([triangle.T, np.ones(3)]), [*point, 1])
    return bool((coordinates > -1e-9).all())


def test_certain_classes_are_corners_and_ignorance_is_the_centroid():
    assert_allclose(simplex_points(np.eye(3)), CORNERS)
    assert_allclose(simplex_points([[1 / 3, 1 / 3, 1 / 3]]), [CORNERS.mean(axis=0)])
    assert_allclose(simplex_points([[0.0, 0.5, 0.5]]), [[0.5, 0]], atol=1e-15)
    sides = np.linalg.norm(CORNERS - np.roll(CORNERS, 1, axis=0), axis=1)
    assert_allclose(sides, 1)


def test_height_is_the_probability_of_the_first_class():
    p = np.random.default_rng(0).dirichlet([1, 2, 3], 200)
    assert_allclose(simplex_points(p)[:, 1], p[:, 0] * np.sqrt(0.75))


@pytest.mark.parametrize("divisions", [1, 2, 7, 25])
def test_equal_triangles_cover_the_simplex_once(divisions):
    triangles, counts = simplex_density(np.eye(3), divisions)
    assert len(triangles) == len(counts) == divisions**2
    assert_allclose(area(triangles), np.sqrt(0.75) / 2 / divisions**2)
    assert len(np.unique(triangles.mean(axis=1).round(9), axis=0)) == divisions**2


def test_every_jet_is_counted_in_the_triangle_that_holds_it():
    rng = np.random.default_rng(1)
    for p in rng.dirichlet([0.5, 0.5, 0.5], 60):
        triangles, counts = simplex_density([p], 6)
        assert counts.sum() == 1
        assert holds(triangles[counts.argmax()], simplex_points([p])[0])


def test_jets_on_corners_edges_and_crossings_are_counted_too():
    steps = np.array([(a, b, 4 - a - b) for a in range(5) for b in range(5 - a)]) / 4
    for p in steps:
        triangles, counts = simplex_density([p], 4)
        assert counts.sum() == 1
        assert holds(triangles[counts.argmax()], simplex_points([p])[0])
    assert simplex_density(np.float32(steps), 4).counts.sum() == len(steps)


def test_uniform_jets_fill_the_triangles_evenly():
    counts = simplex_density(np.random.default_rng(2).dirichlet([1, 1, 1], 50_000), 5).counts
    assert np.abs(counts - 2000).max() < 5 * np.sqrt(2000)


@pytest.mark.parametrize("wrong", [[[0.5, 0.5]], [[0.5, 0.7, -0.2]], [[2.0, 1.0, 1.0]], [0.2, 0.3, 0.5]])
def test_what_are_no_three_probabilities_is_refused(wrong):
    with pytest.raises(EdgeoodError, match="probabilities"):
        simplex_points(wrong)
