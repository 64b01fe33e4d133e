"""Anomaly scores against closed forms."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from edgeood.errors import EdgeoodError
from edgeood.scores import SCORE_NAMES, fit_scores, load_score, scores_for
from edgeood.scores.gaussian import REGULARISATION
from edgeood.scores.mahalanobis import DiagonalMahalanobis, Mahalanobis
from edgeood.scores.max_logit import MaxLogit
from edgeood.scores.working_point import threshold_for


def whitened(rows: np.ndarray) -> np.ndarray:
    """The same rows with exactly zero mean and unit covariance (1/N)."""
    centred = rows - rows.mean(axis=0)
    factor = np.linalg.cholesky(centred.T @ centred / len(centred))
    return np.linalg.solve(factor, centred.T).T


@pytest.fixture
def known():
    """Two correlated Gaussian classes in four dimensions: representation, logits, labels."""
    rng = np.random.default_rng(3)
    labels = np.repeat([0, 1], 500)
    mixing = rng.normal(size=(2, 4, 4))
    representation = np.concatenate([rng.normal(size=(500, 4)) @ mixing[k] + 3 * k for k in range(2)])
    return representation, rng.normal(size=(1000, 2)), labels


def test_max_logit_is_minus_the_largest_logit():
    logits = np.array([[1.5, -2.0], [-3.0, -1.0]], np.float32)
    score = MaxLogit()(np.zeros((2, 4)), logits)
    assert score.dtype == np.float64
    assert_array_equal(score, [-1.5, 1.0])


def test_unit_covariance_gives_squared_euclidean_distance():
    rng = np.random.default_rng(1)
    representation = whitened(rng.normal(size=(400, 5)))
    logits, labels = np.zeros((400, 1)), np.zeros(400, int)
    probes = rng.normal(size=(50, 5)) * 3
    for score in (Mahalanobis(), DiagonalMahalanobis()):
        score.fit(representation, logits, labels)
        assert_allclose(score(probes, np.zeros((50, 1))), (probes**2).sum(axis=1), rtol=1e-10)


def test_full_covariance_equals_explicit_inverse_and_scipy(known):
    from scipy.spatial.distance import mahalanobis

    representation, logits, labels = known
    score = Mahalanobis().fit(*known)
    probes = representation[::100]
    expected = np.full(len(probes), np.inf)
    for k in range(2):
        own = representation[labels == k]
        empirical = np.cov(own.T, bias=True)
        shrunk = (1 - REGULARISATION) * empirical + REGULARISATION * np.trace(empirical) / 4 * np.eye(4)
        inverse = np.linalg.inv(shrunk)
        assert_allclose(score.precision[k], inverse, rtol=1e-8)
        distances = [mahalanobis(probe, own.mean(axis=0), inverse) ** 2 for probe in probes]
        expected = np.minimum(expected, distances)
    assert_allclose(score(probes, logits[::100]), expected, rtol=1e-9)


def test_mean_squared_distance_is_the_number_of_dimensions():
    # Σ_i d²(x_i)/N = tr(S S⁻¹) = D for the jets that the moments come from, exactly so without shrinkage.
    rng = np.random.default_rng(2)
    representation = rng.normal(size=(300, 6))
    score = Mahalanobis().fit(representation, np.zeros((300, 1)), np.zeros(300, int))
    assert score(representation, np.zeros((300, 1))).mean() == pytest.approx(6, rel=2 * REGULARISATION)


def test_full_equals_diagonal_for_independent_dimensions():
    rng = np.random.default_rng(4)
    representation = whitened(rng.normal(size=(300, 4))) * [1.0, 2.0, 0.5, 1.5]
    logits, labels = np.zeros((300, 1)), np.zeros(300, int)
    full = Mahalanobis().fit(representation, logits, labels)(representation, logits)
    diagonal = DiagonalMahalanobis().fit(representation, logits, labels)(representation, logits)
    assert_allclose(full, diagonal, rtol=0.01)


def test_dead_dimension_gets_the_stated_floor_in_both():
    rng = np.random.default_rng(5)
    representation = np.maximum(rng.normal(size=(500, 4)), 0)
    representation[:, 2] = 0
    logits, labels = np.zeros((500, 1)), np.zeros(500, int)
    floor = REGULARISATION * representation.var(axis=0).mean()
    full = Mahalanobis().fit(representation, logits, labels)
    diagonal = DiagonalMahalanobis().fit(representation, logits, labels)
    assert full.precision[0, 2, 2] == pytest.approx(1 / floor)
    assert diagonal.inverse_variance[0, 2] == pytest.approx(1 / floor)
    assert np.isfinite(full(representation, logits)).all()


def test_nearest_class_decides(known):
    representation, logits, labels = known
    for cls in (Mahalanobis, DiagonalMahalanobis):
        both = cls().fit(*known)(representation, logits)
        alone = [
            cls().fit(representation[labels == k], logits[labels == k, :1], np.zeros(500, int))
            for k in range(2)
        ]
        assert_allclose(both, np.min([one(representation, logits) for one in alone], axis=0), rtol=1e-12)


def test_scores_do_not_depend_on_the_order_of_jets(known):
    representation, logits, labels = known
    order = np.random.default_rng(0).permutation(1000)
    shuffled = fit_scores(representation[order], logits[order], labels[order])
    for name, score in fit_scores(*known).items():
        assert_allclose(shuffled[name](representation, logits), score(representation, logits), rtol=1e-9)


def test_auroc_of_a_distant_signal_has_its_closed_form():
    # One dimension, N(0,1) known, N(0,s²) unseen: P(s²Z² > Z'²) = 2/π · arctan(s).
    rng = np.random.default_rng(6)
    background, signal = rng.normal(size=(20000, 1)), 4 * rng.normal(size=(20000, 1))
    logits = np.zeros((20000, 1))
    for name in ("mahalanobis", "mahalanobis_diagonal"):
        score = fit_scores(background, logits, np.zeros(20000, int), [name])[name]
        ranks = np.argsort(np.argsort(np.concatenate([score(background, logits), score(signal, logits)])))
        area = (ranks[20000:].sum() - 20000 * 19999 / 2) / 20000**2
        assert area == pytest.approx(2 / math.pi * math.atan(4), abs=0.01)


def test_parameters_round_trip_to_the_same_bits(known, tmp_path):
    representation, logits, _ = known
    names = {
        "max_logit": {"threshold"},
        "mahalanobis": {"mean", "precision", "threshold"},
        "mahalanobis_diagonal": {"mean", "inverse_variance", "threshold"},
        "minus_p_background": {"background", "threshold"},
        "mahalanobis_background": {"mean", "whitening", "background", "threshold"},
        "energy": {"threshold"},
        "relative_mahalanobis": {"mean", "whitening", "mean_of_all", "whitening_of_all", "threshold"},
        "nearest_neighbours": {"bank", "spread", "threshold"},
        "odds_and_distance": {
            *("mean", "whitening", "background", "threshold"),
            *("mean_odds", "mean_distance", "spread_odds", "spread_distance"),
        },
    }
    for name, score in fit_scores(*known, background=1).items():
        assert math.isnan(score.threshold)
        score.threshold = 1.25
        parameters = score.parameters()
        assert set(parameters) == names[name]
        np.savez(tmp_path / "one.npz", allow_pickle=False, **parameters)
        with np.load(tmp_path / "one.npz", allow_pickle=False) as file:
            loaded = load_score(name, dict(file))
        assert loaded.name == name
        assert loaded.threshold == 1.25
        assert_array_equal(loaded(representation, logits), score(representation, logits))
    assert set(names) == set(SCORE_NAMES)


def test_background_is_handed_to_the_scores_of_it_and_restored(known):
    representation, logits, labels = known
    # Exchanging the classes and the background's index is only another way to write the same.
    renamed = fit_scores(representation, logits[:, ::-1], 1 - labels, background=0)
    default = fit_scores(*known)
    for name, score in fit_scores(*known, background=1).items():
        values = score(representation, logits)
        assert_allclose(values, renamed[name](representation, logits[:, ::-1]), rtol=1e-9, atol=1e-9)
        of_background = name in ("minus_p_background", "mahalanobis_background", "odds_and_distance")
        assert np.allclose(values, default[name](representation, logits)) != of_background
        restored = load_score(name, score.parameters())
        assert getattr(restored, "background", None) == (1 if of_background else None)


def test_one_logit_gets_the_scores_that_make_sense():
    # An autoencoder exposed to outliers: only jets of its background, here the second class, are learnt from.
    rng = np.random.default_rng(7)
    labels = np.arange(600) % 3
    representation = rng.normal(size=(600, 4)) + 10.0 * (labels != 1)[:, None]
    errors = rng.exponential(size=600)
    scores = fit_scores(representation, -errors[:, None], labels, background=1)
    assert (
        tuple(scores)
        == scores_for(1)
        == ("max_logit", "mahalanobis", "mahalanobis_diagonal", "nearest_neighbours")
    )
    assert_array_equal(scores["max_logit"](representation, -errors[:, None]), errors)
    own = representation[labels == 1]
    assert_allclose(scores["mahalanobis"].mean, own.mean(axis=0)[None], rtol=1e-12)
    assert scores["mahalanobis"](own, errors[:200, None]).mean() == pytest.approx(4, rel=2 * REGULARISATION)
    assert_array_equal(scores["nearest_neighbours"].bank, own.astype(np.float32))
    assert scores_for(2) == scores_for(3) == SCORE_NAMES


def test_single_precision_outputs_are_scored_in_double(known):
    representation, logits, _ = known
    for score in fit_scores(*known).values():
        assert score(representation.astype(np.float32), logits.astype(np.float32)).dtype == np.float64


def test_errors_say_what_to_do(known):
    representation, logits, labels = known
    with pytest.raises(EdgeoodError, match="did you mean 'mahalanobis'"):
        load_score("mahalonobis", {})
    with pytest.raises(EdgeoodError, match=r"lack 'precision'.*edgeood train"):
        load_score("mahalanobis", {"mean": np.zeros((1, 2))})
    with pytest.raises(EdgeoodError, match=r"labels \[2\] are none of the 2 known classes"):
        fit_scores(representation, logits, np.where(labels == 1, 2, 0))
    with pytest.raises(EdgeoodError, match="class 1 has 0 jets"):
        fit_scores(representation, logits, np.zeros_like(labels))
    with pytest.raises(EdgeoodError, match="not finite"):
        fit_scores(np.where(representation > 2, np.nan, representation), logits, labels)
    with pytest.raises(EdgeoodError, match="the same for all jets"):
        fit_scores(np.ones_like(representation), logits, labels)
    with pytest.raises(EdgeoodError, match="one row of each per jet"):
        fit_scores(representation[:-1], logits, labels)


def test_threshold_selects_the_fraction_asked_for():
    scores = np.random.default_rng(0).permutation(1000).astype(float)
    for efficiency in (0.5, 0.29, 0.01, 0.001):
        threshold = threshold_for(scores, efficiency)
        assert threshold in scores
        assert np.sum(scores > threshold) == round(1000 * efficiency)


def test_threshold_with_ties_never_selects_more():
    scores = np.repeat([0.0, 1.0, 2.0], [60, 35, 5])
    assert threshold_for(scores, 0.05) == 1.0
    assert threshold_for(scores, 0.04) == 2.0
    assert threshold_for(scores, 0.39) == 1.0
    assert threshold_for(scores, 0.40) == 0.0


def test_threshold_needs_enough_finite_background():
    with pytest.raises(EdgeoodError, match="10 background jets are too few"):
        threshold_for(np.arange(10.0), 0.01)
    with pytest.raises(EdgeoodError, match="not finite"):
        threshold_for(np.array([0.0, np.nan, 1.0]), 0.5)
    with pytest.raises(EdgeoodError, match="not between 0 and 1"):
        threshold_for(np.arange(10.0), 1.0)


def test_the_distance_to_one_class_is_the_nearest_of_one(known):
    representation, logits, labels = known
    score = fit_scores(*known, ["mahalanobis_diagonal"])["mahalanobis_diagonal"]
    each = [score.of_class(k)(representation, logits) for k in range(logits.shape[1])]
    assert np.array_equal(np.min(each, axis=0), score(representation, logits))
    assert each[0][labels == 0].mean() == pytest.approx(representation.shape[1], rel=1e-6)
