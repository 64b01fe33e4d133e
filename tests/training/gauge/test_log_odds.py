"""Logistic regression between two samples, against closed forms."""

import numpy as np
import pytest

from edgeood.training.gauge.log_odds import linear_log_odds


def gaussians(count: int, other_count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Samples of two Gaussians of one covariance, and the slope of their log-odds, Σ⁻¹(μ₂ − μ₁)."""
    rng = np.random.default_rng(3)
    mixing = np.array([[2.0, 0.0, 0.0], [0.5, 1.0, 0.0], [0.2, -0.4, 0.1]])
    centre, shift = np.array([5.0, -3.0, 1.0]), np.array([1.0, 0.5, 0.05])
    sample = rng.normal(size=(count, 3)) @ mixing.T + centre
    other = rng.normal(size=(other_count, 3)) @ mixing.T + centre + shift
    return sample, other, np.linalg.solve(mixing @ mixing.T, shift)


def test_two_gaussians_of_one_covariance_have_the_log_odds_of_fisher():
    sample, other, slope = gaussians(400_000, 400_000)
    weight, bias = linear_log_odds(sample, other)
    # The ridge takes 3% off the steepest, which the sample hardly varies along.
    assert weight == pytest.approx(slope, rel=0.05)
    assert np.corrcoef(sample @ weight, sample @ slope)[0, 1] > 0.999
    # Zero half-way between the centres.
    middle = np.array([5.5, -2.75, 1.025])
    assert weight @ middle + bias == pytest.approx(0, abs=0.01)


def test_neither_size_nor_units_of_the_samples_matter():
    sample, other, _ = gaussians(30_000, 3_000)
    weight, bias = linear_log_odds(sample, other)
    repeated = linear_log_odds(sample, np.concatenate([other] * 4))
    assert repeated[0] == pytest.approx(weight, rel=1e-5)
    assert repeated[1] == pytest.approx(bias, rel=1e-5)
    units = np.array([1e3, 1e-3, 1.0])
    scaled, shifted = linear_log_odds(sample * units + 7, other * units + 7)
    assert scaled * units == pytest.approx(weight, rel=1e-4)
    assert shifted + scaled.sum() * 7 == pytest.approx(bias, rel=1e-3)


def test_separable_samples_and_a_constant_direction_have_an_answer():
    sample, other, _ = gaussians(500, 500)
    sample[:, 2], other[:, 2] = 4.0, 4.0
    other[:, 0] += 1000
    weight, bias = linear_log_odds(sample, other)
    assert np.isfinite([*weight, bias]).all()
    assert weight[2] == 0
    assert (sample @ weight + bias).max() < 0 < (other @ weight + bias).min()
