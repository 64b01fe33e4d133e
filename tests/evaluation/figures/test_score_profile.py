"""Profiles of a score over mass."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from edgeood.evaluation.figures.score_profile import FEWEST, percentile_in, score_profile

EDGES = np.arange(0, 201, 20.0)


def test_a_score_that_is_the_mass_rises_with_it():
    mass = np.random.default_rng(0).uniform(0, 200, 200_000)
    profile = score_profile(percentile_in(mass, mass), mass, EDGES)
    assert (np.diff(profile.quartiles[1]) > 0).all()
    # In a uniform spectrum the percentile is half the mass: 2.5, 5 and 7.5 above the bin's lower edge.
    assert_allclose(profile.quartiles, np.array([[2.5], [5], [7.5]]) + EDGES[:-1] / 2, atol=0.5)


def test_a_blind_score_has_its_quartiles_at_a_quarter_a_half_and_three_quarters():
    rng = np.random.default_rng(1)
    score, mass = rng.exponential(size=100_000), rng.uniform(0, 200, 100_000)
    assert_allclose(
        score_profile(percentile_in(score, score), mass, EDGES).quartiles,
        np.tile([[25.0], [50], [75]], len(EDGES) - 1),
        atol=2,
    )


def test_the_medians_interval_covers_it_two_times_in_three():
    rng = np.random.default_rng(2)
    low, high = score_profile(
        rng.exponential(size=100_000), np.repeat(np.arange(1000), 100), np.arange(1001)
    ).median_interval
    assert np.mean((low < np.log(2)) & (np.log(2) < high)) == pytest.approx(0.68, abs=0.05)


def test_bins_of_few_jets_are_left_out_and_none_counts_twice():
    mass = np.r_[np.full(FEWEST, 20.0), np.full(FEWEST - 1, 40.0)]
    quartiles = score_profile(mass, mass, EDGES).quartiles
    assert np.isfinite(quartiles).any(axis=0).tolist() == [False, True] + [False] * 8
    assert_allclose(quartiles[:, 1], 20)


def test_ties_count_half():
    assert percentile_in([1, 1, 2, 3], [0, 1, 2.5, 9]).tolist() == [0, 25, 75, 100]
