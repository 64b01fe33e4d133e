"""Distances to the k-th nearest neighbour where the neighbours are known."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from edgeood.errors import EdgeoodError
from edgeood.scores import load_score
from edgeood.scores.gaussian import REGULARISATION
from edgeood.scores.nearest_neighbours import BANK, NEIGHBOURS, NearestNeighbours


def fitted(rows: np.ndarray) -> NearestNeighbours:
    return NearestNeighbours().fit(rows, np.zeros((len(rows), 2)), np.arange(len(rows)) % 2)


def test_neighbours_on_a_lattice():
    # 9³ integer points. Around an inner one lie 1, 6, 12, 8, 6 and 24 of them at squared distances 0, 1, 2, 3, 4
    # and 5: the 50th is at √5. The variance of −4 … 4 is 60/9.
    lattice = np.array(list(itertools.product(range(-4, 5), repeat=3)), np.float32)
    score = fitted(lattice)
    spread = np.sqrt(60 / 9)
    assert_allclose(score.spread, spread, rtol=1e-12)
    assert score(np.zeros((1, 3)), None)[0] == pytest.approx(np.sqrt(5) / spread)
    for point in ([-4, -4, -4], [0.3, 1.2, -2.9], [40, 0, 0]):
        expected = np.sort(np.linalg.norm(lattice - point, axis=1))[NEIGHBOURS - 1] / spread
        assert score(np.array([point]), None)[0] == pytest.approx(expected)


def test_distances_equal_those_of_scikit_learn_in_many_pieces():
    from sklearn.neighbors import NearestNeighbors

    rng = np.random.default_rng(0)
    rows = (rng.normal(size=(1500, 20)) * rng.uniform(0.1, 10, 20) + 30).astype(np.float32)
    probes = rows[:700] + rng.normal(size=(700, 20))
    score = fitted(rows)
    spread = rows.std(axis=0, dtype=np.float64)
    neighbours = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(rows / spread)
    assert_allclose(score(probes, None), neighbours.kneighbors(probes / spread)[0][:, -1], rtol=1e-9)


def test_neither_the_unit_nor_the_origin_of_a_dimension_matters():
    rng = np.random.default_rng(1)
    rows, probes = rng.normal(size=(300, 4)), 2 * rng.normal(size=(50, 4))
    unit, origin = np.array([1, 8, 0.5, 2.0]), np.array([0, 3, -100, 7.0])
    moved = fitted(rows * unit + origin)(probes * unit + origin, None)
    assert_allclose(moved, fitted(rows)(probes, None), rtol=1e-4)


def test_far_from_all_jets_it_is_the_distance_from_them():
    rows = np.random.default_rng(2).normal(size=(400, 2))
    score = fitted(rows)
    far = np.array([[3000.0, 4000.0]])
    assert score(far, None)[0] == pytest.approx(np.linalg.norm(far / score.spread), rel=2e-3)


def test_a_dead_dimension_gets_the_floor():
    rows = np.random.default_rng(3).normal(size=(400, 3))
    rows[:, 1] = 0
    score = fitted(rows)
    assert score.spread[1] ** 2 == pytest.approx(REGULARISATION * (score.spread**2).sum() / 3, rel=2e-3)
    assert np.isfinite(score(rows, None)).all()


def test_the_bank_is_a_small_representative_draw_and_always_the_same():
    rows = np.arange(3 * BANK, dtype=np.float32)[:, None]
    score = fitted(rows)
    assert score.bank.shape == (BANK, 1)
    assert score.bank.dtype == np.float32
    assert len(np.unique(score.bank)) == BANK
    # The mean of a draw without replacement is within 4 standard errors of the middle.
    error = np.sqrt(2 / 3) * rows.std() / np.sqrt(BANK)
    assert abs(score.bank.mean(dtype=np.float64) - rows.mean(dtype=np.float64)) < 4 * error
    assert_array_equal(fitted(rows).bank, score.bank)
    # With every third jet kept, the 50th neighbour of an inner jet is about 75 jets away on either side.
    assert score(np.array([[1.5 * BANK]]), None)[0] * score.spread[0] == pytest.approx(75, rel=0.5)


def test_read_back_it_gives_the_same_bits(tmp_path):
    rows = np.random.default_rng(4).normal(size=(2000, 6))
    score = fitted(rows)
    score.threshold = 0.75
    np.savez(tmp_path / "bank.npz", allow_pickle=False, **score.parameters())
    with np.load(tmp_path / "bank.npz", allow_pickle=False) as file:
        loaded = load_score("nearest_neighbours", dict(file))
    assert loaded.threshold == 0.75
    assert_array_equal(loaded(rows, None), score(rows, None))


def test_too_few_or_equal_jets_are_refused():
    with pytest.raises(EdgeoodError, match="49 jets are too few for a distance to the 50th neighbour"):
        fitted(np.random.default_rng(5).normal(size=(NEIGHBOURS - 1, 2)))
    with pytest.raises(EdgeoodError, match="the same for all jets"):
        fitted(np.ones((100, 2)))
