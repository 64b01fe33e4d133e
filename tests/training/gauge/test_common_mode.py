"""The common mode of the logits: class probabilities stay, the maximum says what it is asked to say."""

import math

import numpy as np
import pytest
import torch

from edgeood.errors import EdgeoodError
from edgeood.networks.build import outputs_of
from edgeood.networks.cnn import CNNClassifier
from edgeood.recipe import CNN, Block, Images, Score, load_recipe
from edgeood.training.gauge.common_mode import (
    choose_common_mode,
    distance_gauge,
    minus_distance,
    with_class_odds,
    with_overlaid_odds,
)

IMAGES = torch.rand(400, 1, 12, 12, generator=torch.Generator().manual_seed(8)).numpy()
LABELS = np.arange(400) % 2
MASS_GEV = np.linspace(20, 300, 400)


def network_of(seed: int, shift: float = 0.0) -> CNNClassifier:
    torch.manual_seed(seed)
    network = CNNClassifier(Images(pixels=12), CNN(blocks=(Block(filters=3, pool=2),), representation=6), 2)
    with torch.no_grad():
        network.logits.weight += shift
        network.logits.bias -= shift
    return network


def chosen(network: CNNClassifier, score: Score, background: int = 0) -> np.ndarray:
    representation = outputs_of(network, IMAGES).representation
    choose_common_mode(network, representation, LABELS, MASS_GEV, background, score)
    return outputs_of(network, IMAGES).logits.astype(np.float64)


def test_the_gauge_is_the_nearest_linear_function_to_minus_the_distance():
    rng = np.random.default_rng(5)
    # One class, one dimension, mean and width 1: D = |x − 1|, whose mean is 2/e and whose covariance with x is 4/e − 1.
    points = rng.exponential(1.0, (400_000, 1))
    wanted = minus_distance(points, np.zeros(len(points), int))
    slope, offset = distance_gauge(points, np.zeros(len(points)), wanted)
    assert slope[0] == pytest.approx(1 - 4 / math.e, abs=0.01)
    assert slope[0] * points.mean() + offset == pytest.approx(-2 / math.e, abs=0.005)


def test_the_distance_is_to_the_nearest_class_or_to_the_background():
    rng = np.random.default_rng(9)
    labels = np.arange(20_000) % 2
    points = rng.normal(size=(20_000, 3)) + 6 * labels[:, None]
    known, background = minus_distance(points, labels), minus_distance(points, labels, 0)
    assert known[labels == 0] == pytest.approx(background[labels == 0])
    assert np.square(known).mean() == pytest.approx(3, abs=0.1)
    # Class 1 lies at a squared distance of 3·6² from class 0, and has the width of 3 dimensions besides.
    assert np.square(background[labels == 1]).mean() == pytest.approx(3 * 36 + 3, rel=0.02)


@pytest.mark.parametrize("normal", ["known", "background", "background_density"])
def test_no_class_probability_changes(normal):
    network = network_of(3)
    before = outputs_of(network, IMAGES).logits
    assert np.allclose(np.diff(chosen(network, Score(normal=normal))), np.diff(before), atol=1e-4)


@pytest.mark.parametrize("normal", ["known", "background", "background_density"])
def test_the_maximum_does_not_depend_on_where_training_left_it(normal):
    maxima = [chosen(network_of(6, shift), Score(normal=normal)).max(1) for shift in (0.0, 100.0)]
    assert np.allclose(*maxima, atol=1e-2)


@pytest.mark.parametrize("background", [0, 1])
def test_with_the_background_as_normal_the_maximum_logit_orders_jets_as_p_background(background):
    network = network_of(7)
    before = outputs_of(network, IMAGES).logits
    after = chosen(network, Score(normal="background"), background)
    odds = before[:, background] - before[:, 1 - background]
    # Logits 2u and u: the larger is 2u above zero and u below.
    assert np.allclose(after.max(1), np.where(odds > 0, 2 * odds, odds), atol=1e-4)
    assert np.allclose(after[:, 1 - background], odds, atol=1e-4)


def test_the_maximum_follows_the_distance_to_the_background():
    network = network_of(10)
    after = chosen(network, Score(normal="background_density")).max(1)
    wanted = minus_distance(outputs_of(network, IMAGES).representation, LABELS, 0)
    free = np.column_stack([outputs_of(network, IMAGES).representation, np.ones(400)])
    # No linear function is left that would bring it closer.
    assert np.abs(free.T @ (after - wanted)).max() < 1e-2 * np.abs(free.T @ wanted).max()


def test_neutrality_is_paid_for_with_a_worse_fit():
    rng = np.random.default_rng(11)
    mass = rng.exponential(60.0, 50_000)
    # One direction carries the mass; the other, as skewed, knows nothing of it.
    points = np.stack([mass / 60 + rng.normal(0, 0.3, 50_000), rng.exponential(1.0, 50_000)], 1)
    labels, nothing = np.zeros(50_000, int), np.zeros(50_000)
    wanted = minus_distance(points, labels)
    rows = np.arange(50_000)

    def fitted(neutrality: float) -> tuple[float, float]:
        slope, offset = distance_gauge(points, nothing, wanted, (rows, mass), neutrality)
        score = points @ slope + offset
        return np.square(score - wanted).mean(), abs(np.corrcoef(score, mass)[0, 1])

    (loose, correlated), (middle, less), (strict, neutral) = (fitted(x) for x in (0.0, 1.0, 1e6))
    assert correlated > 0.6 > less > 0.1 > neutral
    assert neutral < 0.02
    assert loose < middle < strict


def test_overlaid_jets_point_to_the_direction_that_counts():
    rng = np.random.default_rng(12)
    # The distance sees two directions alike; overlaid jets lie along the first.
    points = rng.normal(size=(60_000, 2))
    overlaid = rng.normal([1.5, 0], 1, (60_000, 2))
    rows = np.arange(60_000)
    wanted = minus_distance(points, np.zeros(60_000, int))
    alone = with_overlaid_odds(wanted, points, rows, overlaid, 1.0)
    # As wide as the distance, and linear: the odds fall by 1.5 per width along the first direction only.
    assert alone.std() == pytest.approx(wanted.std())
    assert np.corrcoef(alone, points.T)[0, 1:] == pytest.approx([-1, 0], abs=0.01)
    half = with_overlaid_odds(wanted, points, rows, overlaid, 0.5)
    assert half == pytest.approx(0.5 * wanted + 0.5 * alone)
    assert with_overlaid_odds(wanted, points, rows, overlaid, 0.0) == pytest.approx(wanted)


def test_the_maximum_logit_of_a_network_falls_towards_overlaid_jets():
    score = Score(normal="background_density", overlaid=1.0)
    network = network_of(13)
    representation = outputs_of(network, IMAGES).representation
    overlaid = representation[LABELS == 0] + 5 * np.eye(6, dtype=np.float32)[2]
    choose_common_mode(network, representation, LABELS, MASS_GEV, 0, score, overlaid)
    with torch.no_grad():
        known, moved = (network.logits(torch.from_numpy(each)) for each in (representation, overlaid))
    assert known[LABELS == 0].max(1).values.mean() > moved.max(1).values.mean() + 1


def test_what_cannot_be_chosen_is_refused():
    with pytest.raises(
        EdgeoodError, match=r"mass_neutrality needs score\.normal: known or background_density"
    ):
        load_recipe("cnn-nurd", ["score.normal=background", "score.mass_neutrality=1"])
    with pytest.raises(EdgeoodError, match="'background_density' needs a network whose last layer is linear"):
        load_recipe("vae", ["score.normal=background_density"])
    with pytest.raises(EdgeoodError, match=r"score\.class_odds needs score\.normal: background_density"):
        load_recipe("cnn-nurd", ["score.normal=known", "score.overlaid=0", "score.class_odds=1"])
    with pytest.raises(EdgeoodError, match=r"score\.overlaid needs score\.normal: background_density"):
        load_recipe("cnn-nurd", ["score.normal=known"])
    with pytest.raises(EdgeoodError, match=r"score\.overlaid: there are no overlaid jets to follow"):
        load_recipe("cnn-nurd", ["data.overlaid=null"])


def test_class_odds_come_in_units_of_what_is_wanted():
    rng = np.random.default_rng(3)
    wanted, odds = rng.normal(2, 3, 1000), rng.normal(-1, 0.1, 1000)
    background = np.arange(600)
    found = with_class_odds(wanted, odds, background, 0.5)
    added = found - wanted
    assert added[background].std() == pytest.approx(0.5 * wanted[background].std())
    assert np.corrcoef(added, odds)[0, 1] == pytest.approx(1)
    assert (with_class_odds(wanted, np.ones(1000), background, 0.5) == wanted).all()


def test_with_class_odds_the_maximum_logit_tells_the_classes_apart():
    """A jet that is no less dense in the background, but likelier of another class, is the more anomalous one."""
    network = network_of(3)
    representation = outputs_of(network, IMAGES).representation

    def rise(weight: float) -> float:
        """Of the maximum logit, along the log-odds of the background."""
        score = Score(normal="background_density", class_odds=weight)
        choose_common_mode(network, representation, LABELS, MASS_GEV, 0, score)
        with torch.no_grad():
            logits = network.logits(torch.from_numpy(representation)).numpy().astype(np.float64)
        return float(np.polyfit(logits[:, 0] - logits[:, 1], logits.max(1), 1)[0])

    assert rise(0.0) < rise(1.0) < rise(4.0)
