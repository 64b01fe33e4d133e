"""The distance-correlation penalty against closed forms and against the metric."""

import math

import numpy as np
import pytest
import torch

from edgeood.evaluation.mass.dependence import distance_correlation
from edgeood.networks import Outputs
from edgeood.recipe import DisCo
from edgeood.training.batch import Batch
from edgeood.training.objectives.disco import DisCoObjective, squared_distance_correlation


def batch(labels: torch.Tensor, mass: torch.Tensor, weights: torch.Tensor | None = None) -> Batch:
    nothing = torch.zeros(len(labels), 0)
    weights = torch.ones(len(labels)) if weights is None else weights
    return Batch(nothing, labels, mass, weights, nothing, nothing)


def test_it_is_the_square_of_the_metric():
    rng = np.random.default_rng(1)
    x = rng.normal(size=400)
    y = x**2 + rng.normal(size=400)
    found = squared_distance_correlation(torch.tensor(x), torch.tensor(y), torch.ones(400))
    assert found.item() == pytest.approx(distance_correlation(x, y) ** 2, rel=1e-10)
    single = squared_distance_correlation(torch.tensor(x).float(), torch.tensor(y).float(), torch.ones(400))
    assert single.item() == pytest.approx(found.item(), rel=1e-4)


@pytest.mark.parametrize("slope", [-3.0, 0.01, 1e3])
def test_a_linear_relation_has_one(slope):
    x = torch.randn(200, generator=torch.Generator().manual_seed(1))
    assert squared_distance_correlation(x, slope * x + 7, torch.ones(200)).item() == pytest.approx(
        1, rel=1e-4
    )


def test_independent_samples_have_almost_none():
    x, y = torch.randn(2, 2000, generator=torch.Generator().manual_seed(1))
    # About 3/N in the mean: the V-statistic is biased.
    assert 0 <= squared_distance_correlation(x, y, torch.ones(2000)).item() < 6 / 2000


def test_a_weight_of_two_is_a_jet_twice():
    x, y = torch.randn(2, 60, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    weights = torch.ones(60, dtype=torch.float64)
    weights[:20], weights[-5:] = 2, 0
    twice = torch.cat([torch.arange(55), torch.arange(20)])
    repeated = squared_distance_correlation(x[twice], y[twice], torch.ones(75, dtype=torch.float64))
    assert squared_distance_correlation(x, y, weights).item() == pytest.approx(repeated.item(), rel=1e-12)


def test_gradients_are_those_of_finite_differences():
    x, y = torch.randn(2, 12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    weights = torch.linspace(0.5, 1.5, 12, dtype=torch.float64)
    y.requires_grad_()
    assert torch.autograd.gradcheck(lambda y: squared_distance_correlation(x, y, weights), (y,))


@pytest.mark.parametrize("spread", [0.0, 1e-9])
def test_without_spread_value_and_gradient_stay_finite(spread):
    y = (0.7 + spread * torch.arange(10.0)).requires_grad_()
    value = squared_distance_correlation(torch.arange(10.0), y, torch.ones(10))
    value.backward()
    assert value.item() == pytest.approx(0, abs=1e-3)
    assert torch.isfinite(y.grad).all()


def test_the_loss_adds_the_true_class_probability_and_mass():
    torch.manual_seed(1)
    labels, mass, logits = torch.arange(90) % 3, torch.rand(90), torch.randn(90, 3)
    outputs = Outputs(torch.zeros(90, 2), logits)
    terms = DisCoObjective(DisCo(strength=100)).terms(outputs, batch(labels, mass))
    assert set(terms) == {"cross_entropy", "distance_correlation"}
    true = logits.softmax(1)[torch.arange(90), labels]
    assert terms["cross_entropy"].item() == pytest.approx(-true.log().mean().item(), rel=1e-5)
    correlation = distance_correlation(mass.numpy(), true.numpy())
    assert terms["distance_correlation"].item() == pytest.approx(100 * correlation**2, rel=1e-3)


def test_equal_logits_give_a_finite_loss_and_no_penalty():
    logits = torch.zeros(30, 3, requires_grad=True)
    terms = DisCoObjective(DisCo()).terms(
        Outputs(torch.zeros(30, 2), logits), batch(torch.arange(30) % 3, torch.rand(30))
    )
    sum(terms.values()).backward()
    assert terms["cross_entropy"].item() == pytest.approx(math.log(3), rel=1e-6)
    assert terms["distance_correlation"].item() == pytest.approx(0, abs=1e-4)
    assert torch.isfinite(logits.grad).all()


def test_without_strength_it_is_the_cross_entropy():
    outputs = Outputs(torch.zeros(4, 2), torch.zeros(4, 2))
    terms = DisCoObjective(DisCo(strength=0)).terms(outputs, batch(torch.zeros(4).long(), torch.rand(4)))
    assert list(terms) == ["cross_entropy"]


def test_training_on_it_removes_the_mass_from_the_answer():
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(400) % 2
    mass = labels + torch.randn(400, generator=generator)
    clean = labels + torch.randn(400, generator=generator)

    def correlation_after_training(strength: float) -> float:
        torch.manual_seed(1)
        classifier = torch.nn.Linear(2, 2)
        objective = DisCoObjective(DisCo(strength=strength))
        optimizer = torch.optim.Adam(classifier.parameters(), 0.05)
        for _ in range(150):
            outputs = Outputs(mass[:, None], classifier(torch.stack([mass, clean], 1)))
            optimizer.zero_grad()
            sum(objective.terms(outputs, batch(labels, mass)).values()).backward()
            optimizer.step()
        true = outputs.logits.softmax(1)[torch.arange(400), labels]
        return distance_correlation(mass.numpy(), true.detach().numpy())

    assert correlation_after_training(100.0) < 0.12 < correlation_after_training(0.0)
