"""ROC measures and their bootstrap errors against closed forms."""

import math
import time

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtr, ndtri

from edgeood.errors import EdgeoodError
from edgeood.evaluation.bootstrap import bootstrap_auroc, bootstrap_roc, resampled, standard_error
from edgeood.evaluation.detection import (
    auroc,
    background_efficiency_at,
    background_floor,
    detection_measures,
    maximum_significance_improvement,
    rejection,
    roc_curve,
    signal_efficiency_at,
    significance_improvement,
    significance_improvement_at,
    working_points,
)


def test_roc_of_a_hand_made_example():
    curve = roc_curve([3, 1], [2, 0])
    assert_array_equal(curve.signal_efficiency, [0, 0.5, 0.5, 1, 1])
    assert_array_equal(curve.background_efficiency, [0, 0, 0.5, 0.5, 1])
    assert auroc(curve) == 0.75


def test_auroc_is_the_mann_whitney_statistic_with_half_of_the_ties():
    rng = np.random.default_rng(0)
    signal, background = rng.integers(2, 12, 300), rng.integers(0, 10, 400)
    above = (signal[:, None] > background).mean() + 0.5 * (signal[:, None] == background).mean()
    assert auroc(roc_curve(signal, background)) == pytest.approx(above, rel=1e-12)


def test_auroc_limits_and_symmetries():
    rng = np.random.default_rng(1)
    signal, background = rng.normal(0.7, 1, 200), rng.normal(0, 1, 300)
    area = auroc(roc_curve(signal, background))
    assert auroc(roc_curve(np.ones(5), np.ones(7))) == 0.5
    assert auroc(roc_curve([2.0, 3.0], [0.0, 1.0])) == 1
    assert auroc(roc_curve(background, signal)) == pytest.approx(1 - area, rel=1e-12)
    assert auroc(roc_curve(np.exp(signal), np.exp(background))) == area
    assert auroc(roc_curve(rng.permutation(signal), rng.permutation(background))) == area


def test_auroc_of_two_gaussians():
    rng = np.random.default_rng(2)
    area = auroc(roc_curve(rng.normal(1.2, 1, 100_000), rng.normal(0, 1, 100_000)))
    assert area == pytest.approx(0.5 * (1 + math.erf(1.2 / 2)), abs=0.003)  # Φ(d/√2)


def test_rejection_and_significance_improvement_of_uniform_scores():
    # Background uniform on [0, 1), signal on [0.9, 1): ε_B = 0.1 ε_S.
    background, signal = np.arange(10_000) / 10_000, 0.9 + np.arange(1000) / 10_000 + 1e-9
    curve = roc_curve(signal, background)
    assert rejection(curve) == pytest.approx(20, rel=0.01)
    assert significance_improvement(curve) == pytest.approx(0.5 * math.sqrt(20), rel=0.01)
    # ε_S/√ε_B = √(10 ε_S) is largest where the signal ends.
    assert maximum_significance_improvement(curve) == pytest.approx(math.sqrt(10), rel=0.01)


def test_signal_efficiency_where_a_trigger_works_of_two_gaussians():
    """ε_S = Φ(d − Φ⁻¹(1 − ε_B))."""
    rng = np.random.default_rng(11)
    curve = roc_curve(rng.normal(2, 1, 200_000), rng.normal(0, 1, 200_000))
    for efficiency in (0.1, 0.01, 0.001):
        exact = ndtr(2 - ndtri(1 - efficiency))
        assert signal_efficiency_at(curve, efficiency) == pytest.approx(exact, abs=0.01)
        improvement = significance_improvement_at(curve, efficiency)
        assert improvement == pytest.approx(signal_efficiency_at(curve, efficiency) / math.sqrt(efficiency))
    assert signal_efficiency_at(curve, 1.0) == 1


def test_tied_jets_are_chosen_at_random_at_a_stated_background_efficiency():
    curve = roc_curve([1, 1, 0, 0], [1, 0])
    assert signal_efficiency_at(curve, 0.25) == 0.25
    assert signal_efficiency_at(curve, 0.5) == 0.5
    assert signal_efficiency_at(curve, 0.75) == 0.75


def test_one_per_mille_is_measured_from_a_hundred_thousand_jets_on():
    assert working_points(99_999) == (0.01,)
    assert working_points(100_000) == (0.01, 0.001)
    assert {"efficiency_at_0.001", "sic_at_0.001"} <= set(detection_measures(1e-3, working_points(10**5)))


def test_background_efficiency_between_vertices_is_linear():
    curve = roc_curve(np.zeros(4), np.zeros(4))
    assert background_efficiency_at(curve, 0.3) == pytest.approx(0.3)
    assert background_efficiency_at(curve, 1.0) == 1.0
    assert background_efficiency_at(roc_curve([3, 1], [2, 0]), 0.5) == 0
    assert background_efficiency_at(roc_curve([3, 1], [2, 0]), 0.75) == 0.5


def test_no_background_left_is_infinite_rejection_but_finite_maximum():
    curve = roc_curve([2.0, 3.0], [0.0, 1.0])
    assert rejection(curve) == np.inf
    assert maximum_significance_improvement(curve, background_floor=0.5) == pytest.approx(1 / math.sqrt(0.5))


def test_floors_of_the_maximum_significance_improvement():
    assert background_floor(1000) == 0.025
    assert background_floor(1_000_000) == 1e-3
    # Two outlying signal jets and one background jet make a fluctuation, cut off by either floor.
    curve = roc_curve(np.r_[9.0, 9.0, np.linspace(0, 1, 98)], np.r_[8.0, np.linspace(0, 1, 9999)])
    assert maximum_significance_improvement(curve, 0.01, 1e-4) == pytest.approx(0.03 / math.sqrt(2e-4))
    assert maximum_significance_improvement(curve, 0.1, 1e-4) == pytest.approx(1, rel=0.02)
    assert maximum_significance_improvement(curve, 0.01, 0.1) == pytest.approx(1, rel=0.03)


def test_bootstrap_error_agrees_with_hanley_and_mcneil():
    # Hanley & McNeil, Radiology 143 (1982) 29, eq. 1; Q1 and Q2 are exact for exponential scores.
    rng = np.random.default_rng(3)
    area, background, signal = 0.8, rng.exponential(1, 4000), rng.exponential(4, 3000)
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + 2999 * (q1 - area**2) + 3999 * (q2 - area**2)) / (3000 * 4000)
    value, error = bootstrap_auroc(signal, background, replicas=400)
    assert value == pytest.approx(area, abs=4 * math.sqrt(variance))
    assert error == pytest.approx(math.sqrt(variance), rel=0.12)


def test_bootstrap_is_seeded_and_ignores_monotone_maps():
    rng = np.random.default_rng(4)
    signal, background = rng.normal(1, 1, 500), rng.normal(0, 1, 500)
    once = bootstrap_auroc(signal, background, 50, seed=7)
    assert bootstrap_auroc(np.arctan(signal), np.arctan(background), 50, seed=7) == once
    assert bootstrap_auroc(signal, background, 50, seed=8)[1] != once[1]


def test_bootstrap_error_of_an_infinite_measure_is_nan():
    result = bootstrap_roc([2.0, 3.0], [0.0, 1.0], {"rejection": rejection, "auroc": auroc}, 10)
    assert result["rejection"][0] == np.inf
    assert math.isnan(result["rejection"][1])
    assert result["auroc"] == (1.0, 0.0)
    assert math.isnan(standard_error([1.0]))


def test_two_hundred_replicas_of_twenty_thousand_jets_take_under_a_second():
    rng = np.random.default_rng(5)
    signal, background = rng.normal(1, 1, 10_000), rng.normal(0, 1, 10_000)
    start = time.process_time()
    bootstrap_auroc(signal, background, 200)
    assert time.process_time() - start < 1


def test_replicas_draw_as_many_jets_as_there_are():
    drawn = np.array(list(resampled(100, 30, seed=1)))
    assert_array_equal(drawn.sum(axis=1), np.full(30, 100))
    assert_allclose(drawn.mean(), 1)


def test_empty_or_broken_samples_are_refused():
    with pytest.raises(EdgeoodError, match="no signal jets"):
        roc_curve([], [1.0])
    with pytest.raises(EdgeoodError, match="background is not finite"):
        roc_curve([1.0], [np.nan])
