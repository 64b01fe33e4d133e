"""Thresholds in mass: closed forms, exact shares, the noise that is promised."""

import numpy as np
import pytest
from scipy.special import ndtri

from edgeood.errors import EdgeoodError
from edgeood.evaluation.mass.sculpting import mass_sculpting, sculpting_noise
from edgeood.fixed_point import FixedPoint
from edgeood.scores.fused.mass_blind import MASS_TYPE, MassBlindDecision, Tables, tables_of
from edgeood.scores.fused.threshold_table import fit_threshold_table

SCORE_TYPE = FixedPoint(20, 12)


def background(jets: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Integer scores whose place and width grow with the mass, and falling masses in GeV."""
    rng = np.random.default_rng(seed)
    mass = np.minimum(20 + rng.exponential(60, jets), 500)
    return np.rint(1000 + 8 * mass + (100 + mass) * rng.normal(size=jets)).astype(np.int64), mass


@pytest.mark.parametrize("efficiency", [0.2, 0.01])
def test_thresholds_are_the_quantile_at_every_mass(efficiency):
    score, mass = background(200_000, 1)
    table = fit_threshold_table(score, MASS_TYPE.to_integers(mass), efficiency, MASS_TYPE, SCORE_TYPE)
    for at in (30, 60, 100, 150, 200):
        exact = 1000 + 8 * at + (100 + at) * ndtri(1 - efficiency)
        assert abs(table.thresholds[at] - exact) < 4 * table.errors[at] + 8, at
        assert table.errors[at] < 0.1 * (100 + at)


def test_at_most_the_share_passes_and_one_step_lower_more_would():
    score, mass = background(20_000, 2)
    words = MASS_TYPE.to_integers(mass)
    table = fit_threshold_table(score, words, 0.01, MASS_TYPE, SCORE_TYPE)
    decision = MassBlindDecision(MASS_TYPE, table.thresholds, 0.01)
    assert decision(score, mass).sum() <= 200
    lower = MassBlindDecision(MASS_TYPE, table.thresholds - 1, 0.01)
    assert lower(score, mass).sum() > 200
    assert table.jets == 20_000


def test_a_decision_that_knew_mass_knows_it_no_longer():
    score, mass = background(150_000, 3)
    table = fit_threshold_table(score, MASS_TYPE.to_integers(mass), 0.01, MASS_TYPE, SCORE_TYPE)
    fresh, fresh_mass = background(100_000, 4)
    selected = MassBlindDecision(MASS_TYPE, table.thresholds, 0.01)(fresh, fresh_mass)
    noise = sculpting_noise(fresh_mass, float(selected.mean()), 50)
    blind = mass_sculpting(selected, fresh_mass, float(selected.mean()))
    assert selected.mean() == pytest.approx(0.01, abs=0.0015)
    assert mass_sculpting(fresh, fresh_mass, 0.01).jsd > 5 * noise["q95"].jsd
    assert blind.jsd <= noise["q95"].jsd
    assert blind.wasserstein_gev <= noise["q95"].wasserstein_gev


def test_a_score_without_mass_gets_one_threshold():
    rng = np.random.default_rng(5)
    score = np.rint(1000 * rng.normal(size=50_000)).astype(np.int64)
    words = rng.integers(0, 512, len(score))
    table = fit_threshold_table(score, words, 0.05, MASS_TYPE, SCORE_TYPE)
    assert np.ptp(table.thresholds) < 6 * table.errors.mean() + 1


def test_scores_of_one_value_and_masses_of_one_word_are_no_trouble():
    table = fit_threshold_table(np.full(1000, 7), np.full(1000, 511), 0.05, MASS_TYPE, SCORE_TYPE)
    assert not MassBlindDecision(MASS_TYPE, table.thresholds, 0.05)(np.full(3, 7), np.full(3, 1e4)).any()


def test_too_few_jets_are_told_with_how_many_are_needed():
    with pytest.raises(EdgeoodError, match=r"999 background jets are too few .* give at least 1000\."):
        fit_threshold_table(np.arange(999), np.zeros(999, int), 0.01, MASS_TYPE, SCORE_TYPE)


def test_masses_are_rounded_half_to_even_and_saturate():
    decision = MassBlindDecision(MASS_TYPE, np.arange(512), 0.01)
    assert decision.words([-3, 0.5, 1.5, 80.4, 511.4, 1e30]).tolist() == [0, 0, 2, 80, 511, 511]
    assert decision(np.array([80, 81]), [80.4, 80.4]).tolist() == [False, True]


def test_tables_are_kept_as_arrays_and_read_back():
    tables = Tables(MASS_TYPE, (0.01, 0.001), np.stack([np.arange(512), np.arange(512) + 9]))
    again = tables_of(tables.parameters(), SCORE_TYPE)
    assert again is not None
    assert (again.mass_type, again.efficiencies) == (MASS_TYPE, (0.01, 0.001))
    chosen = again.decision(0.001)
    assert chosen is not None
    assert chosen.thresholds.tolist() == list(range(9, 521))
    assert again.decision(0.1) is None
    assert tables_of({"threshold": np.array(1.0)}, SCORE_TYPE) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mass_type", np.array([9, 9])),
        ("mass_type", np.array([9, 8, 1])),
        ("mass_type", np.array([70, 8, 0])),
        ("mass_thresholds", np.zeros((1, 512))),
        ("mass_thresholds", np.zeros((2, 512), np.int64)),
        ("mass_thresholds", np.full((1, 512), 2**40)),
    ],
)
def test_no_table_is_believed_that_cannot_be_one(key, value):
    sound = Tables(MASS_TYPE, (0.01,), np.zeros((1, 512), np.int64)).parameters()
    with pytest.raises(EdgeoodError, match="no proper table of thresholds in mass"):
        tables_of({**sound, key: value}, SCORE_TYPE)
