"""The sum of log-odds and distance against what each of them is alone."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from edgeood.scores import fit_scores
from edgeood.scores.mahalanobis_background import MahalanobisBackground
from edgeood.scores.minus_p_background import background_log_odds
from edgeood.scores.odds_and_distance import DISTANCE_WEIGHT, OddsAndDistance


@pytest.fixture
def known() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two Gaussians apart in one direction of five, with the logits of their exact densities."""
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 2, 20_000)
    representation = rng.normal(size=(20_000, 5))
    representation[:, 0] += 2.0 * labels
    return representation, np.stack([-representation[:, 0], representation[:, 0] - 2], 1), labels


def test_both_views_are_standardised_on_the_background_and_added(known):
    representation, logits, labels = known
    score = OddsAndDistance().fit(*known)
    own = labels == 0
    odds = background_log_odds(logits)
    distance = np.log(MahalanobisBackground().fit(*known)(representation, logits))
    expected = (odds - odds[own].mean()) / odds[own].std()
    expected += DISTANCE_WEIGHT * (distance - distance[own].mean()) / distance[own].std()
    assert_allclose(score(representation, logits), expected, rtol=1e-9, atol=1e-9)
    assert abs(score(representation[own], logits[own]).mean()) < 1e-9


def test_it_sees_what_only_one_of_the_two_sees(known):
    representation, logits, labels = known
    score = fit_scores(*known, names=["odds_and_distance"])["odds_and_distance"]
    usual = np.quantile(score(representation[labels == 0], logits[labels == 0]), 0.95)
    like_the_other_class = np.array([[4.0, 0, 0, 0, 0]])
    like_no_class = np.array([[0.0, 6, 6, 0, 0]])
    for jet in (like_the_other_class, like_no_class):
        assert score(jet, np.array([[-jet[0, 0], jet[0, 0] - 2]]))[0] > usual
    at_the_mean = score.mean[None]
    assert np.isfinite(score(at_the_mean, np.array([[0.0, -2.0]]))).all()


def test_it_comes_back_as_it_was(known):
    representation, logits, _ = known
    score = OddsAndDistance().fit(*known)
    score.threshold = 1.5
    again = OddsAndDistance.from_parameters(score.parameters())
    assert (again(representation, logits) == score(representation, logits)).all()
    assert again.threshold == 1.5


def test_log_odds_that_say_nothing_leave_the_distance_alone(known):
    representation, logits, labels = known
    score = OddsAndDistance().fit(representation, np.zeros_like(logits), labels)
    distance = MahalanobisBackground().fit(*known)(representation, logits)
    ours = score(representation, np.zeros_like(logits))
    assert np.isfinite(ours).all()
    assert (np.diff(ours[np.argsort(distance)]) >= 0).all()
