"""Scores in fixed point: the error budget holds, nothing overflows, max-logit is exact."""

import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.recipe import CNN, Block, Data, Quantization, Recipe
from edgeood.scores.fused import fused_score
from edgeood.scores.fused.mahalanobis import fixed_point_mahalanobis
from edgeood.scores.fused.max_logit import FixedPointMaxLogit
from edgeood.scores.mahalanobis import DiagonalMahalanobis

REPRESENTATION = FixedPoint(10, 3, signed=False)


def exact(mean: np.ndarray, inverse_variance: np.ndarray, representation: np.ndarray) -> np.ndarray:
    return (((representation[:, None] - mean) ** 2) * inverse_variance).sum(-1).min(-1)


def fitted(random: np.random.Generator, dimensions: int, fixed_type: FixedPoint = REPRESENTATION):
    """A score on representations with very different spreads, some dimensions mostly zero."""
    spread, centre = random.uniform(0.01, 2, dimensions), random.uniform(-1, 3, dimensions)
    shifts = random.normal(0, 0.5, (2, dimensions))
    labels = random.integers(0, 2, 4000)
    raw = random.normal(0, 1, (4000, dimensions)) * spread + centre + shifts[labels]
    representation = fixed_type.quantize(raw if fixed_type.signed else np.maximum(raw, 0))
    score = DiagonalMahalanobis().fit(representation, np.zeros((4000, 2)), labels)
    return score, representation


@pytest.mark.parametrize("budget", [0.2, 0.01, 0.001])
@pytest.mark.parametrize("dimensions", [2, 7, 20])
def test_error_stays_within_the_budget(budget: float, dimensions: int) -> None:
    random = np.random.default_rng(dimensions)
    for fixed_type in (REPRESENTATION, FixedPoint(9, 3, signed=True)):
        for quantile in (0.2, 0.9, 0.99):
            score, representation = fitted(random, dimensions, fixed_type)
            values = score(representation, None)
            threshold = np.quantile(values, quantile)
            fixed = fixed_point_mahalanobis(score.mean, score.inverse_variance, threshold, fixed_type, budget)
            error = np.abs(fixed(representation) - values)
            assert error[values <= threshold].max() <= budget * threshold
            # A jet beyond the working point stays beyond it, but for the budget.
            assert fixed(representation)[values > threshold].min() >= threshold * (1 - budget)


def test_budget_holds_where_another_class_is_barely_farther() -> None:
    random = np.random.default_rng(0)
    for _ in range(30):
        mean = random.uniform(0, 7, (3, 4))
        inverse_variance = random.uniform(0.1, 50, (3, 4))
        points = REPRESENTATION.quantize(np.clip(mean[:1] + random.normal(0, 1.5, (5000, 4)), 0, None))
        values = exact(mean, inverse_variance, points)
        threshold = np.median(values)
        fixed = fixed_point_mahalanobis(mean, inverse_variance, threshold, REPRESENTATION, 0.05)
        assert np.abs(fixed(points) - values)[values <= threshold].max() <= 0.05 * threshold


def test_no_representation_overflows() -> None:
    random = np.random.default_rng(1)
    score, representation = fitted(random, 20)
    threshold = np.median(score(representation, None))
    fixed = fixed_point_mahalanobis(score.mean, score.inverse_variance, threshold, REPRESENTATION, 0.01)
    extremes = np.where(random.random((2000, 20)) < 0.5, REPRESENTATION.low, REPRESENTATION.high)
    integers = fixed.integers(extremes)
    assert integers.min() >= 0
    assert integers.max() <= fixed.score_type.highest_integer
    relative = np.abs(fixed(extremes) / exact(score.mean, score.inverse_variance, extremes) - 1)
    assert relative.max() < 0.02
    for name, fixed_type in fixed.types().items():
        assert fixed_type.bits <= 53, name


def test_numbers_already_on_the_grid_are_exact() -> None:
    mean, inverse_variance = np.array([[0.5, 1.0]]), np.array([[1.0, 2.0]])
    fixed = fixed_point_mahalanobis(mean, inverse_variance, 1.0, FixedPoint(4, 2, False), 1e-6)
    points = np.array([[0.5, 1.0], [0.0, 0.0], [3.75, 3.75], [1.25, 0.75]])
    np.testing.assert_array_equal(fixed(points), exact(mean, inverse_variance, points))


def test_a_looser_budget_is_cheaper() -> None:
    score, representation = fitted(np.random.default_rng(2), 20)
    threshold = np.quantile(score(representation, None), 0.99)

    def bits(budget: float) -> int:
        fixed = fixed_point_mahalanobis(score.mean, score.inverse_variance, threshold, REPRESENTATION, budget)
        return sum(fixed_type.bits for fixed_type in fixed.types().values())

    assert bits(0.1) < bits(0.01) < bits(0.001)


def test_impossible_budgets_are_refused() -> None:
    mean, inverse_variance = np.full((1, 20), 1.1), np.full((1, 20), 3.3)
    with pytest.raises(EdgeoodError, match=r"more than the 53.*error_budget"):
        fixed_point_mahalanobis(mean, inverse_variance, 1e-3, REPRESENTATION, 1e-6)
    with pytest.raises(EdgeoodError, match="no usable working point"):
        fixed_point_mahalanobis(mean, inverse_variance, float("nan"), REPRESENTATION, 0.01)


def test_max_logit_is_the_negative_largest_logit() -> None:
    logits_type = FixedPoint(21, 8)
    logits = logits_type.quantize(np.random.default_rng(0).normal(0, 90, (1000, 3)))
    score = FixedPointMaxLogit(logits_type, 0.0)
    np.testing.assert_array_equal(score(None, logits), -logits.max(1))
    lowest = np.full((1, 3), logits_type.low)
    assert score.integers(None, lowest)[0] <= score.score_type.highest_integer


def test_what_firmware_cannot_compute_is_refused() -> None:
    network = CNN(blocks=(Block(filters=2),), representation=3)
    recipe = Recipe(name="x", data=Data(classes={"qcd": ("quark",), "wz": ("w_1tev",)}), network=network)
    threshold = {"threshold": np.array(1.0)}
    with pytest.raises(EdgeoodError, match="train its quantized twin"):
        fused_score(recipe, "max_logit", threshold)
    twin = recipe.model_copy(update={"quantization": Quantization()})
    with pytest.raises(EdgeoodError, match="use max_logit or mahalanobis_diagonal"):
        fused_score(twin, "mahalanobis", threshold)
    assert fused_score(twin, "max_logit", threshold).threshold == 1.0
