"""Flattened scores against closed forms."""

import numpy as np
import pytest
from scipy.stats import norm, spearmanr

from edgeood.errors import EdgeoodError
from edgeood.scores.mass_flattening import MassFlattening

rng = np.random.default_rng(4)
MASS = rng.uniform(50, 250, 60_000)
# A score whose centre and width both follow the mass.
CENTRE, WIDTH = 0.02 * MASS, 1 + MASS / 100
SCORE = rng.normal(CENTRE, WIDTH)


def test_a_gaussian_score_becomes_its_number_of_standard_deviations():
    flat = MassFlattening(bins=25).fit(SCORE, MASS)(SCORE, MASS)
    middle = (MASS > 70) & (MASS < 230)
    error = (flat - (SCORE - CENTRE) / WIDTH)[middle]
    assert np.abs(error.mean()) < 0.02
    assert error.std() < 0.08


def test_the_flattened_background_is_normal_at_every_mass():
    half = np.arange(len(MASS)) % 2 == 0
    flat = MassFlattening().fit(SCORE[half], MASS[half])(SCORE[~half], MASS[~half])
    assert abs(spearmanr(SCORE, MASS)[0]) > 0.4
    assert abs(spearmanr(flat, MASS[~half])[0]) < 0.02
    for low in range(50, 250, 40):
        own = (MASS[~half] > low) & (MASS[~half] < low + 40)
        for level in (-1.0, 0.0, 1.0, 2.0):
            assert np.mean(flat[own] > level) == pytest.approx(norm.sf(level), abs=0.03)


def test_the_order_at_one_mass_is_kept_far_into_both_tails():
    flattening = MassFlattening().fit(SCORE, MASS)
    rising = np.linspace(-100, 100, 401)
    assert (np.diff(flattening(rising, np.full(401, 123.0))) > 0).all()


def test_too_few_jets_are_refused():
    with pytest.raises(EdgeoodError, match="too few to flatten"):
        MassFlattening(bins=25).fit(SCORE[:1000], MASS[:1000])
