"""Scores that live on the logits alone, against closed forms."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from edgeood.errors import EdgeoodError
from edgeood.scores.energy import Energy
from edgeood.scores.max_logit import MaxLogit
from edgeood.scores.minus_p_background import (
    MinusPBackground,
    background_log_odds,
    background_probability,
    log_probabilities,
)

NO_REPRESENTATION = np.zeros((0, 1))


def tagger(background: int, classes: int) -> MinusPBackground:
    return MinusPBackground().fit(NO_REPRESENTATION, np.zeros((0, classes)), np.zeros(0, int), background)


def test_two_classes_give_the_difference_of_the_logits():
    logits = np.array([[1.5, -2.0], [-3.0, 4.0]], np.float32)
    assert_array_equal(tagger(0, 2)(NO_REPRESENTATION, logits), [-3.5, 7.0])
    assert_array_equal(tagger(1, 2)(NO_REPRESENTATION, logits), [3.5, -7.0])


def test_equal_logits_are_odds_of_k_minus_one():
    for classes in (2, 3, 10):
        logits = np.full((1, classes), 7.5)
        assert tagger(0, classes)(NO_REPRESENTATION, logits)[0] == pytest.approx(math.log(classes - 1))
        assert background_probability(logits)[0] == pytest.approx(1 / classes)


@pytest.mark.parametrize("background", [0, 1, 2])
def test_order_and_values_are_those_of_minus_the_softmax_probability(background):
    logits = np.random.default_rng(0).normal(0, 3, (1000, 3))
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    p = softmax[:, background]
    score = tagger(background, 3)(NO_REPRESENTATION, logits)
    assert_allclose(score, np.log((1 - p) / p), rtol=1e-9, atol=1e-12)
    assert_array_equal(np.argsort(score), np.argsort(-p))
    assert_allclose(background_probability(logits, background), p, rtol=1e-12)
    assert_allclose(sum(background_probability(logits, k) for k in range(3)), 1, rtol=1e-12)


def test_jets_that_the_network_is_certain_of_do_not_tie():
    logits = np.zeros((50, 3))
    logits[:, 0] = np.linspace(50, 2000, 50)
    assert np.all(background_probability(logits) == 1)
    score = background_log_odds(logits)
    assert np.isfinite(score).all()
    assert_allclose(score, math.log(2) - logits[:, 0], rtol=1e-14)
    assert np.all(np.diff(score) < 0)


def test_log_probabilities_are_precise_where_they_vanish():
    log_p, log_not_p = log_probabilities(np.array([-800.0, -50.0, 0.0, 50.0, 800.0]))
    assert_allclose(log_p, [-0.0, -math.exp(-50), -math.log(2), -50, -800], rtol=1e-12, atol=1e-300)
    assert_array_equal(log_not_p, log_p[::-1])


def test_probabilities_need_a_second_class_and_an_existing_background():
    with pytest.raises(EdgeoodError, match="single logit gives no class probabilities"):
        tagger(0, 1)
    for wrong in (-1, 3):
        with pytest.raises(EdgeoodError, match=f"no background class {wrong} among 3 logits"):
            tagger(wrong, 3)


def test_energy_of_equal_logits_is_minus_log_k_below_them():
    for classes in (1, 2, 5):
        score = Energy()(NO_REPRESENTATION, np.full((4, classes), [[0.0], [3.0], [-1e4], [1e4]]))
        assert_allclose(score, -np.array([0, 3, -1e4, 1e4]) - math.log(classes), rtol=1e-14)


def test_energy_lies_below_max_logit_by_at_most_log_k():
    logits = np.random.default_rng(1).normal(0, 5, (1000, 4))
    gap = MaxLogit()(NO_REPRESENTATION, logits) - Energy()(NO_REPRESENTATION, logits)
    assert gap.min() > 0
    assert gap.max() <= math.log(4)
    assert_allclose(-Energy()(NO_REPRESENTATION, logits), np.log(np.exp(logits).sum(axis=1)), rtol=1e-12)
