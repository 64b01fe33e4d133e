"""The variational objective: what it adds up, and what outlier exposure does to errors."""

import math

import pytest
import torch

from edgeood.errors import EdgeoodError
from edgeood.networks import Outputs
from edgeood.networks.autoencoder import VariationalAutoencoder
from edgeood.recipe import VAE, FourVectors, Variational
from edgeood.training.batch import Batch
from edgeood.training.objectives.variational import VariationalObjective


def batch(labels: list[int], weights: list[float] | None = None, inputs: torch.Tensor | None = None) -> Batch:
    nothing = torch.zeros(len(labels), 0)
    counted = torch.ones(len(labels)) if weights is None else torch.tensor(weights)
    return Batch(
        nothing if inputs is None else inputs,
        torch.tensor(labels),
        torch.zeros(len(labels)),
        counted,
        nothing,
        nothing,
    )


def outputs(errors: list[float], divergences: list[float]) -> Outputs:
    error = torch.tensor(errors, requires_grad=True)
    return Outputs(torch.zeros(len(errors), 2), -error[:, None], torch.tensor(divergences))


def test_only_the_background_is_rebuilt_and_only_its_code_is_bound():
    objective = VariationalObjective(Variational(beta=0.5), background=1)
    terms = objective.terms(outputs([1.0, 2.0, 6.0], [9.0, 3.0, 5.0]), batch([0, 1, 1], [7.0, 1.0, 3.0]))
    assert set(terms) == {"reconstruction", "divergence"}
    assert terms["reconstruction"].item() == pytest.approx((2 + 3 * 6) / 4)
    assert terms["divergence"].item() == pytest.approx(0.5 * (3 + 3 * 5) / 4)


def test_outliers_are_compared_with_every_background_jet():
    objective = VariationalObjective(Variational(outlier_exposure=2.0), background=0)
    # Two background jets of errors 1 and 2, one outlier of 1.5, another that does not count.
    terms = objective.terms(
        outputs([1.0, 2.0, 1.5, 99.0], [0.0] * 4), batch([0, 0, 1, 2], [1.0, 1.0, 1.0, 0.0])
    )
    expected = (1 / (1 + math.exp(0.5)) + 1 / (1 + math.exp(-0.5))) / 2
    assert terms["outliers"].item() == pytest.approx(2 * expected, rel=1e-6)


@pytest.mark.parametrize(("error", "expected"), [(1e6, 0.0), (0.0, 2.0)])
def test_the_outliers_term_is_bounded(error, expected):
    objective = VariationalObjective(Variational(outlier_exposure=2.0), background=0)
    term = objective.terms(outputs([50.0, error], [0.0, 0.0]), batch([0, 1]))["outliers"]
    assert term.item() == pytest.approx(expected, abs=1e-6)


def test_the_gradient_pushes_outliers_away_and_ends_where_they_are_far():
    objective = VariationalObjective(Variational(outlier_exposure=2.0), background=0)
    for error, steep in ((1.0, True), (200.0, False)):
        errors = torch.tensor([1.0, error], requires_grad=True)
        shown = Outputs(torch.zeros(2, 2), -errors[:, None], torch.zeros(2))
        objective.terms(shown, batch([0, 1]))["outliers"].backward()
        assert errors.grad[1] <= 0
        assert (errors.grad[1] < -0.1) == steep


@pytest.mark.parametrize("labels", [[0, 0], [1, 1]])
def test_a_batch_of_one_class_has_no_outliers_term(labels):
    objective = VariationalObjective(Variational(outlier_exposure=2.0), background=0)
    terms = objective.terms(outputs([1.0, 2.0], [0.0, 0.0]), batch(labels))
    assert terms["outliers"].item() == 0
    assert terms["reconstruction"].item() == (1.5 if labels == [0, 0] else 0)


def test_a_network_without_a_code_is_refused():
    shown = Outputs(torch.zeros(2, 2), torch.zeros(2, 3))
    with pytest.raises(EdgeoodError, match=r"use network\.kind 'vae'"):
        VariationalObjective(Variational(), 0).terms(shown, batch([0, 1]))


def test_outlier_exposure_makes_outliers_stand_out():
    # Both classes live on planes of like size: to rebuild one is to learn to rebuild the other, unless told.
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(512) % 2
    vectors = 0.1 * torch.randn(512, 16, generator=generator)
    vectors[:, :2] += torch.randn(512, 2, generator=generator)
    vectors[:, 2] += 0.2 * labels

    def share_above_background(strength: float) -> float:
        torch.manual_seed(1)
        network = VariationalAutoencoder(FourVectors(constituents=4), VAE(hidden=(32, 16), representation=3))
        objective = VariationalObjective(Variational(beta=1e-3, outlier_exposure=strength), background=0)
        optimizer = torch.optim.Adam(network.parameters(), 3e-3)
        for _ in range(200):
            optimizer.zero_grad()
            terms = objective.terms(network(vectors), batch(labels.tolist()))
            torch.stack(list(terms.values())).sum().backward()
            optimizer.step()
        with torch.no_grad():
            error = -network.eval()(vectors).logits[:, 0]
        return (error[labels == 1][:, None] > error[labels == 0]).float().mean().item()

    assert share_above_background(0.0) < 0.87
    assert share_above_background(5.0) > 0.95
