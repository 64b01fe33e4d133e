"""Principal components of Gaussians whose axes are known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from edgeood.errors import EdgeoodError
from edgeood.evaluation.figures.principal_components import principal_components


@pytest.fixture(scope="module")
def gaussian():
    """200,000 points with standard deviations 4, 2, 1 along known orthonormal rows, and a mean."""
    rng = np.random.default_rng(0)
    rows = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return (rng.normal(size=(200_000, 3)) * [4, 2, 1]) @ rows + [5, -3, 1], rows


def test_axes_and_variances_of_a_gaussian_are_found(gaussian):
    points, rows = gaussian
    found = principal_components(points)
    assert_allclose(np.abs(np.sum(found.directions * rows[:2], axis=1)), 1, atol=1e-3)
    assert_allclose(found.explained, np.array([16, 4]) / 21, rtol=0.01)
    assert_allclose(found.mean, [5, -3, 1], atol=0.05)
    assert (found.directions[np.arange(2), np.abs(found.directions).argmax(axis=1)] > 0).all()


def test_projections_are_uncorrelated_with_the_explained_variances(gaussian):
    points, _ = gaussian
    found = principal_components(points, 3)
    covariance = np.cov(found.project(points), rowvar=False)
    assert_allclose(covariance, np.diag(found.explained) * np.trace(np.cov(points, rowvar=False)), atol=1e-9)
    assert found.explained.sum() == pytest.approx(1)


def test_all_components_turn_without_stretching(gaussian):
    points = gaussian[0][:50]
    projected = principal_components(gaussian[0], 3).project(points)
    assert_allclose(
        np.linalg.norm(projected[0] - projected[1:], axis=1), np.linalg.norm(points[0] - points[1:], axis=1)
    )


@pytest.mark.parametrize("wrong", [np.zeros((10, 1)), np.zeros((1, 4)), np.zeros(10), np.ones((10, 4))])
def test_what_has_no_two_components_is_refused(wrong):
    with pytest.raises(EdgeoodError, match="representation"):
        principal_components(wrong)
