"""The mass from trigger candidates: closed forms, four-vectors, and no overflow."""

import math

import numpy as np
import pytest
from quantized_runs import random_jets

from edgeood.inputs.candidate_mass import angle_tables, candidate_mass_gev, candidate_mass_squared
from edgeood.inputs.trigger_candidates import trigger_candidates_of
from edgeood.recipe import TriggerCandidates

STEP, BITS, PT_STEP = math.pi / 720, 9, 0.25


def candidates(rows):
    """(1, P, 3) candidates of (pT in steps, η in steps, φ in steps)."""
    return (np.array([rows], np.float64) * [2.0**-10, 2.0**-7, 2.0**-7]).astype(np.float32)


def test_two_massless_candidates():
    """m² = 2 pT₁ pT₂ (cosh Δη − cos Δφ)."""
    for eta, phi in ((80, 0), (0, 120), (-60, 90)):
        mass = candidate_mass_gev(candidates([(800, eta, 0), (400, 0, phi), (0, 5, 5)]), STEP, BITS, PT_STEP)
        exact = math.sqrt(2 * 200 * 100 * (math.cosh(eta * STEP) - math.cos(phi * STEP)))
        assert mass[0] == pytest.approx(exact, rel=1e-4)


def test_one_candidate_and_none_have_no_mass():
    assert candidate_mass_squared(candidates([(500, 3, 3), (0, 0, 0)]), STEP, BITS).tolist() == [0]
    assert candidate_mass_squared(candidates([(0, 0, 0), (0, 0, 0)]), STEP, BITS).tolist() == [0]


def test_it_is_the_mass_of_the_summed_four_vectors():
    settings = TriggerCandidates(constituents=16)
    inputs = trigger_candidates_of(random_jets(200), settings.model_dump())
    pt = inputs[..., 0].astype(np.float64) * 2**10 * settings.pt_step_gev
    eta, phi = (inputs[..., i].astype(np.float64) * 2**7 * settings.angle_step for i in (1, 2))
    energy, px, py, pz = (
        (pt * part).sum(1) for part in (np.cosh(eta), np.cos(phi), np.sin(phi), np.sinh(eta))
    )
    exact = np.sqrt(energy**2 - px**2 - py**2 - pz**2)
    mass = candidate_mass_gev(inputs, settings.angle_step, settings.angle_bits, settings.pt_step_gev)
    np.testing.assert_allclose(mass, exact, rtol=2e-3)


def test_the_largest_sum_fits_sixty_three_bits():
    coshes, cosines = angle_tables(STEP, BITS)
    pairs = 128 * 127 // 2
    assert pairs * (2**14 - 1) ** 2 * int(coshes.max() + cosines.max()) < 2**63
    assert (np.diff(coshes) >= 0).all()
