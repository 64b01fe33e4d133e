"""Distances to Gaussians that are known in closed form."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import chi2, kstest

from edgeood.errors import EdgeoodError
from edgeood.scores import fit_scores
from edgeood.scores.gaussian import REGULARISATION, moments, squared_distance, whitening
from edgeood.scores.mahalanobis import Mahalanobis
from edgeood.scores.mahalanobis_background import MahalanobisBackground
from edgeood.scores.relative_mahalanobis import RelativeMahalanobis


def auroc(signal: np.ndarray, background: np.ndarray) -> float:
    ranks = np.argsort(np.argsort(np.concatenate([signal, background])))
    n, m = len(signal), len(background)
    return (ranks[:n].sum() - n * (n - 1) / 2) / (n * m)


def shrunk(covariance: np.ndarray) -> np.ndarray:
    dimensions = len(covariance)
    floor = REGULARISATION * np.trace(covariance) / dimensions
    return (1 - REGULARISATION) * covariance + floor * np.eye(dimensions)


def test_moments_are_numpys_over_many_pieces():
    # More rows than one piece, far from the origin and in single precision, as networks give them.
    rows = (np.random.default_rng(0).normal(size=(40_000, 3)) * [1, 2, 0.1] + 100).astype(np.float32)
    mean, covariance = moments(rows)
    assert_allclose(mean, rows.mean(axis=0, dtype=np.float64), rtol=1e-12)
    assert_allclose(covariance, np.cov(rows.T.astype(np.float64), bias=True), rtol=1e-9, atol=1e-12)


def test_whitening_inverts_the_shrunk_covariance():
    factor = np.random.default_rng(1).normal(size=(6, 6))
    covariance = factor @ factor.T
    whitener = whitening(covariance)
    assert_allclose(whitener @ shrunk(covariance) @ whitener.T, np.eye(6), atol=1e-10)


def test_distance_in_256_dimensions_is_chi_squared():
    # Rows of a known Gaussian, in more than one piece: mean D, variance 2 D, and the whole distribution.
    rng = np.random.default_rng(2)
    dimensions, jets = 256, 17_000
    factor = np.tril(rng.normal(size=(dimensions, dimensions))) / 16 + np.eye(dimensions)
    rows = (rng.normal(size=(jets, dimensions)) @ factor.T + 5).astype(np.float32)
    exact = squared_distance(rows, np.full(dimensions, 5.0), np.linalg.inv(factor))
    assert exact.mean() == pytest.approx(dimensions, rel=4 * math.sqrt(2 / dimensions / jets))
    assert kstest(exact, chi2(dimensions).cdf).pvalue > 0.01


def test_dead_dimensions_of_a_rectified_representation_are_harmless():
    rng = np.random.default_rng(3)
    rows = np.maximum(rng.normal(size=(3000, 256)), 0)
    rows[:, 100:] = 0
    labels = np.zeros(3000, int)
    score = MahalanobisBackground().fit(rows, np.zeros((3000, 2)), labels)
    assert score(rows, labels).mean() == pytest.approx(100, rel=0.02)
    # A dead dimension that comes alive is as far as its floored variance says.
    probe = np.zeros((1, 256))
    probe[0, 100:110] = 1
    rest = score(np.zeros((1, 256)), None)
    floor = REGULARISATION * rows.var(axis=0).mean()
    assert score(probe, None)[0] - rest[0] == pytest.approx(10 / floor, rel=1e-9)


@pytest.fixture
def known():
    """Three classes with different means and covariances: representation, logits, labels."""
    rng = np.random.default_rng(4)
    labels = np.repeat([0, 1, 2], [600, 300, 900])
    mixing, centre = rng.normal(size=(3, 5, 5)), 2 * rng.normal(size=(3, 5))
    rows = np.einsum("nd,nde->ne", rng.normal(size=(1800, 5)), mixing[labels]) + centre[labels]
    return rows, rng.normal(size=(1800, 3)), labels


@pytest.mark.parametrize("background", [0, 2])
def test_distance_to_the_background_alone(known, background):
    rows, _, labels = known
    own = rows[labels == background]
    inverse = np.linalg.inv(shrunk(np.cov(own.T, bias=True)))
    difference = rows - own.mean(axis=0)
    expected = np.einsum("nd,de,ne->n", difference, inverse, difference)
    score = MahalanobisBackground().fit(*known, background)
    assert_allclose(score(rows, None), expected, rtol=1e-9)
    # Whatever the other classes are, and as the distance to the nearest of one class.
    alone = Mahalanobis().fit(own, np.zeros((len(own), 1)), np.zeros(len(own), int))
    assert_allclose(score(rows, None), alone(rows, None), rtol=1e-9)


def test_background_must_be_a_class_with_jets(known):
    rows, logits, labels = known
    with pytest.raises(EdgeoodError, match="no background class 3 among 3 logits"):
        MahalanobisBackground().fit(*known, 3)
    with pytest.raises(EdgeoodError, match="class 1 has 0 jets"):
        MahalanobisBackground().fit(rows, logits, np.where(labels == 1, 0, labels), 1)


def test_relative_distance_equals_its_definition_with_pooled_covariances(known):
    rows, _, labels = known
    means = np.stack([rows[labels == k].mean(axis=0) for k in range(3)])
    within = np.linalg.inv(shrunk(np.cov((rows - means[labels]).T, bias=True)))
    of_all = np.linalg.inv(shrunk(np.cov(rows.T, bias=True)))

    def distance(mean: np.ndarray, inverse: np.ndarray) -> np.ndarray:
        return np.einsum("nd,de,ne->n", rows - mean, inverse, rows - mean)

    expected = np.min([distance(mean, within) for mean in means], axis=0) - distance(
        rows.mean(axis=0), of_all
    )
    assert_allclose(RelativeMahalanobis().fit(*known)(rows, None), expected, rtol=1e-9, atol=1e-9)


def test_classes_that_do_not_differ_are_relative_to_themselves():
    # Equal means and covariances: every class is the background of all, and nothing is left.
    half = np.random.default_rng(5).normal(size=(500, 4))
    rows, labels = np.concatenate([half, half]), np.repeat([0, 1], 500)
    score = RelativeMahalanobis().fit(rows, np.zeros((1000, 2)), labels)
    probes = 10 * np.random.default_rng(6).normal(size=(100, 4))
    assert_allclose(score(probes, None), 0, atol=1e-9)


def test_a_dimension_without_class_information_cancels():
    # Classes at (±1, 0) with unit covariance: x counts in D_k with variance 1 and in D_0 with 2, y in both with 1.
    rng = np.random.default_rng(7)
    base = rng.normal(size=(2000, 2))
    base -= base.mean(axis=0)
    base = np.linalg.solve(np.linalg.cholesky(base.T @ base / len(base)), base.T).T
    centre = np.array([1, 0])
    rows, labels = np.concatenate([base + centre, base - centre]), np.repeat([0, 1], 2000)
    score = RelativeMahalanobis().fit(rows, np.zeros((4000, 2)), labels)
    x, y = rng.normal(size=(2, 200)) * 3
    # Shrinkage moves the variances 2 and 1 towards their mean.
    a = REGULARISATION / 2
    expected = np.minimum((x - 1) ** 2, (x + 1) ** 2) + y**2 - x**2 / (2 - a) - y**2 / (1 + a)
    assert_allclose(score(np.stack([x, y], axis=1), None), expected, rtol=1e-9, atol=1e-9)


def test_relative_needs_a_second_class():
    with pytest.raises(EdgeoodError, match="nothing is relative"):
        RelativeMahalanobis().fit(np.eye(3), np.zeros((3, 1)), np.zeros(3, int))


def test_a_linear_tagger_of_two_gaussians_has_the_auroc_of_their_separation():
    # Log-odds of N(0, 1) against N(Δ, 1) are Δ x − Δ²/2, and P(x_s > x_b) = Φ(Δ/√2).
    rng = np.random.default_rng(8)
    apart = 1.5
    background, signal = rng.normal(size=30_000), rng.normal(apart, size=30_000)
    x = np.concatenate([background, signal])
    logits = np.stack([np.zeros_like(x), apart * x - apart**2 / 2], axis=1)
    labels = np.repeat([0, 1], 30_000)
    expected = NormalDist().cdf(apart / math.sqrt(2))
    names = ["minus_p_background", "mahalanobis_background", "relative_mahalanobis"]
    scores = fit_scores(x[:, None], logits, labels, names)
    values = scores["minus_p_background"](x[:, None], logits)
    assert auroc(values[labels == 1], values[labels == 0]) == pytest.approx(expected, abs=0.006)
    # The distance from 0 is x², so that P(x_s² > x_b²) = 1 − 2 Φ(Δ/√2) + 2 Φ(Δ/√2)².
    values = scores["mahalanobis_background"](x[:, None], logits)
    expected = 1 - 2 * expected + 2 * expected**2
    assert auroc(values[labels == 1], values[labels == 0]) == pytest.approx(expected, abs=0.006)
