"""Sculpting and dependence measures against closed forms."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from edgeood.errors import EdgeoodError
from edgeood.evaluation.mass.dependence import (
    distance_correlation,
    measured_distance_correlation,
    spearman,
    spearman_with_error,
)
from edgeood.evaluation.mass.sculpting import (
    jensen_shannon_divergence,
    mass_sculpting,
    mass_sculpting_errors,
    sculpting_noise,
    wasserstein,
)


def test_jsd_limits_and_symmetry():
    p, q = np.array([1.0, 2, 3, 0]), np.array([0.0, 4, 1, 2])
    assert jensen_shannon_divergence(p, 5 * p) == 0
    assert jensen_shannon_divergence([1, 0], [0, 7]) == 1
    assert jensen_shannon_divergence(p, q) == pytest.approx(jensen_shannon_divergence(q, p), rel=1e-12)


def test_jsd_is_the_square_of_scipys_distance():
    from scipy.spatial.distance import jensenshannon

    p, q = np.random.default_rng(0).random((2, 30))
    assert jensen_shannon_divergence(p, q) == pytest.approx(jensenshannon(p, q, base=2) ** 2, rel=1e-10)


def test_wasserstein_of_a_shift_is_the_shift():
    sample = np.random.default_rng(1).gamma(3, 30, 777)
    assert_allclose(wasserstein(sample, sample + 12.5, (1, 2, 3)), 12.5, rtol=1e-12)
    assert wasserstein(sample, np.random.default_rng(2).permutation(sample)) == (0.0,)


def test_wasserstein_of_a_scaling_and_of_unequal_sizes():
    x = np.random.default_rng(3).normal(size=500)
    assert wasserstein(x, 3 * x) == pytest.approx((2 * math.sqrt(np.mean(x**2)),), rel=1e-12)
    assert wasserstein([0.0], [1.0, 3.0], (1, 2)) == pytest.approx((2.0, math.sqrt(5)))
    assert wasserstein([0, 1], [0, 1], (1, 2), [3, 1], [1, 1]) == pytest.approx((0.25, 0.5))


def test_wasserstein_of_order_one_equals_scipy():
    from scipy.stats import wasserstein_distance

    rng = np.random.default_rng(4)
    x, y, wx, wy = rng.normal(size=301), rng.gamma(2, size=200), rng.random(301), rng.random(200)
    assert wasserstein(x, y, (1,), wx, wy)[0] == pytest.approx(wasserstein_distance(x, y, wx, wy), rel=1e-10)


def test_wasserstein_of_order_two_between_gaussians():
    rng = np.random.default_rng(5)
    distance = wasserstein(rng.normal(0, 1, 200_000), rng.normal(3, 2, 200_000))[0]
    assert distance == pytest.approx(math.sqrt(3**2 + (2 - 1) ** 2), rel=0.01)


def test_cutting_on_mass_reaches_the_stated_bound():
    mass = np.repeat(np.arange(2.5, 200, 5), 10)  # 40 full bins: the median lies on a bin edge
    for efficiency in (0.5, 0.1):

        def entropy(f: float) -> float:
            return -f * math.log2(f) - (1 - f) * math.log2(1 - f)

        bound = entropy((1 + efficiency) / 2) - entropy(efficiency) / 2
        result = mass_sculpting(mass, mass, efficiency)
        assert result.jsd == pytest.approx(bound, rel=1e-10)
        assert result.js_distance == math.sqrt(result.jsd)
    half = mass_sculpting(mass, mass, 0.5)
    # Quantiles m(u) = 200 u GeV before, 100 + 100 u after: ∫ (100 − 100 u)^p du up to the 5 GeV steps.
    assert half.wasserstein1_gev == pytest.approx(50, rel=0.01)
    assert half.wasserstein_gev == pytest.approx(100 / math.sqrt(3), rel=0.01)


def test_a_score_with_one_value_sculpts_nothing_and_order_never_matters():
    rng = np.random.default_rng(6)
    mass, score = rng.gamma(3, 30, 1001), rng.integers(0, 5, 1001)
    assert_allclose(mass_sculpting(np.zeros(1001), mass), 0, atol=1e-6)
    order = rng.permutation(1001)
    assert_allclose(mass_sculpting(score[order], mass[order]), mass_sculpting(score, mass), rtol=1e-9)


def test_exactly_the_fraction_is_kept_with_ties():
    # 3 jets above, 4 tied, 3 below; 5 of 10 are kept: the tied ones count half each.
    score = np.array([2.0] * 3 + [1.0] * 4 + [0.0] * 3)
    mass = np.array([2.5] * 3 + [7.5] * 4 + [12.5] * 3)
    expected = jensen_shannon_divergence([3, 4, 3], [3, 2, 0])
    assert mass_sculpting(score, mass).jsd == pytest.approx(expected, rel=1e-12)


def test_noise_floor_is_what_a_blind_score_gives_and_falls_with_the_sample():
    rng = np.random.default_rng(7)
    mass = rng.gamma(3, 30, 4000)
    noise = sculpting_noise(mass, 0.5, 50)
    blind = [mass_sculpting(rng.random(4000), mass).jsd for _ in range(50)]
    assert noise["mean"].jsd == pytest.approx(np.mean(blind), rel=0.15)
    assert noise["mean"].jsd < noise["q95"].jsd
    assert sculpting_noise(mass[:1000], 0.5, 50)["mean"].jsd > 2 * noise["mean"].jsd


def test_sculpting_errors_agree_with_repeated_samples():
    rng = np.random.default_rng(8)

    def sample() -> tuple[np.ndarray, np.ndarray]:
        mass = rng.gamma(3, 30, 1500)
        return mass + 60 * rng.normal(size=1500), mass

    repeated = np.std([mass_sculpting(*sample()) for _ in range(150)], axis=0)
    errors = np.mean([mass_sculpting_errors(*sample(), replicas=50) for _ in range(5)], axis=0)
    assert_allclose(errors, repeated, rtol=0.3)


def test_spearman_equals_scipy_with_ties():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(9)
    x = rng.integers(0, 20, 500)
    y = x + rng.integers(0, 20, 500)
    assert spearman(x, y) == pytest.approx(spearmanr(x, y).statistic, rel=1e-12)
    assert spearman(x, np.exp(x)) == pytest.approx(1)
    assert spearman(x, -x) == pytest.approx(-1)
    assert spearman(x, np.ones(500)) == 0


def test_spearman_error_of_independent_samples():
    x, y = np.random.default_rng(10).normal(size=(2, 2000))
    assert spearman_with_error(x, y, 200)[1] == pytest.approx(1 / math.sqrt(1999), rel=0.15)


def test_distance_correlation_by_double_centring():
    rng = np.random.default_rng(11)
    x, y = rng.normal(size=(2, 600))
    y = x**2 + y

    def centred(sample: np.ndarray) -> np.ndarray:
        d = np.abs(sample[:, None] - sample)
        return d - d.mean(axis=0) - d.mean(axis=1)[:, None] + d.mean()

    a, b = centred(x), centred(y)
    expected = math.sqrt((a * b).mean() / math.sqrt((a * a).mean() * (b * b).mean()))
    assert distance_correlation(x, y) == pytest.approx(expected, rel=1e-10)


def test_distance_correlation_limits():
    rng = np.random.default_rng(12)
    x = rng.normal(size=1000)
    assert distance_correlation(x, 5 - 3 * x) == pytest.approx(1, rel=1e-10)
    assert distance_correlation(x, np.ones(1000)) == 0
    assert distance_correlation(x, rng.normal(size=1000)) < 0.1
    # Seen where the linear correlation is blind: a parabola.
    assert distance_correlation(x, x**2) > 0.4
    assert abs(spearman(x, x**2)) < 0.1


def test_distance_correlation_error_agrees_with_repeated_samples():
    rng = np.random.default_rng(13)

    def sample() -> tuple[np.ndarray, np.ndarray]:
        x = rng.normal(size=400)
        return x, x + rng.normal(size=400)

    repeated = np.std([distance_correlation(*sample()) for _ in range(100)])
    results = [measured_distance_correlation(*sample()) for _ in range(10)]
    assert np.mean([result.error for result in results]) == pytest.approx(repeated, rel=0.3)
    x, y = sample()
    assert measured_distance_correlation(x, y).value == pytest.approx(distance_correlation(x, y), rel=1e-10)


def test_bad_input_is_refused():
    with pytest.raises(EdgeoodError, match="3 scores do not match 2 masses"):
        mass_sculpting(np.ones(3), np.ones(2))
    with pytest.raises(EdgeoodError, match="its mass is negative"):
        mass_sculpting(np.ones(2), np.array([1.0, -1.0]))
    with pytest.raises(EdgeoodError, match="not in"):
        mass_sculpting(np.ones(2), np.ones(2), 1.5)
