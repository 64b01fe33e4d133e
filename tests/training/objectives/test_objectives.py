"""Objectives against closed forms."""

import math

import numpy as np
import pytest
import torch

from edgeood.errors import EdgeoodError
from edgeood.networks import Outputs
from edgeood.recipe import Distillation, NuRD
from edgeood.training.batch import Batch, JetTensors, loader
from edgeood.training.objectives.cross_entropy import CrossEntropyObjective, weighted_cross_entropy
from edgeood.training.objectives.distillation import Distilled
from edgeood.training.objectives.nurd import NuRDObjective
from edgeood.training.sampling import mass_matching_weights, nuisance_weights


def batch(size: int, **tensors: torch.Tensor) -> Batch:
    fields = {
        "inputs": torch.zeros(size, 1),
        "labels": torch.zeros(size, dtype=torch.int64),
        "mass": torch.zeros(size),
        "weights": torch.ones(size),
        "teacher_representation": torch.zeros(size, 0),
        "teacher_logits": torch.zeros(size, 0),
    }
    return Batch(**(fields | tensors))


def test_weights_make_mass_and_class_independent():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 20_000)
    mass = np.where(labels == 0, rng.uniform(0, 40, 20_000), rng.triangular(0, 20, 40, 20_000))
    weights = nuisance_weights(labels, mass, bin_gev=5, largest=1e9)
    assert weights.mean() == pytest.approx(1, abs=1e-5)
    bins = np.floor(mass / 5).astype(int)
    table = np.zeros((2, 8))
    np.add.at(table, (labels, bins), weights)
    table /= table.sum()
    assert np.allclose(table, table.sum(1, keepdims=True) * table.sum(0), atol=1e-6)
    # And p⊥ keeps both marginals of the data.
    assert np.allclose(table.sum(0), np.bincount(bins) / 20_000, atol=1e-6)


def test_weights_are_clipped():
    labels = np.r_[np.zeros(999, int), 1]
    weights = nuisance_weights(labels, np.full(1000, 80.0), largest=2.0)
    assert weights.max() / weights.min() <= 2 / 1.0


def test_matching_gives_every_class_the_mass_spectrum_of_the_background():
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, 60_000)
    mass = np.choose(
        labels, [rng.exponential(80, 60_000), rng.normal(80, 30, 60_000), rng.normal(170, 60, 60_000)]
    )
    mass = np.abs(mass)
    weights = mass_matching_weights(labels, mass, background=0, bin_gev=10, largest=20)
    assert weights.mean() == pytest.approx(1, abs=1e-4)
    bins = np.floor(mass / 10).astype(int)
    spectra = np.zeros((3, bins.max() + 1))
    np.add.at(spectra, (labels, bins), weights)
    assert np.allclose(spectra[1:], spectra[0], rtol=1e-4, atol=1e-2)
    # Where every class is common enough, it is the background's own spectrum.
    own = np.bincount(bins[labels == 0], minlength=spectra.shape[1]).astype(float)
    common = slice(5, 12)
    assert np.allclose(
        spectra[0, common] / spectra[0, common].sum(), own[common] / own[common].sum(), rtol=1e-4
    )
    # And no jet of a class stands for more than 20 of its average ones.
    assert max(weights[labels == k].max() * np.mean(labels == k) * 3 for k in (1, 2)) < 20 * 1.3


def test_masses_without_overlap_cannot_be_matched():
    with pytest.raises(EdgeoodError, match="no mass bin of 10 GeV"):
        mass_matching_weights(np.array([0, 0, 1, 1]), np.array([5.0, 6.0, 95.0, 96.0]), background=0)


def test_cross_entropy_of_uniform_logits_is_log_k():
    loss = weighted_cross_entropy(torch.zeros(6, 3), torch.arange(6) % 3, torch.ones(6))
    assert loss.item() == pytest.approx(math.log(3), rel=1e-6)


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_the_critic_finds_the_mutual_information_of_gaussians(correlation):
    torch.manual_seed(1)
    settings = NuRD(critic_hidden=(64, 32), critic_learning_rate=3e-3)
    objective = NuRDObjective(settings, dimensions=2, classes=2)
    optimizer = torch.optim.Adam(objective.critic_parameters(), lr=objective.critic_learning_rate)

    def sample(size: int) -> tuple[Outputs, Batch]:
        mass = torch.randn(size)
        informed = correlation * mass + math.sqrt(1 - correlation**2) * torch.randn(size)
        representation = torch.stack([informed, torch.randn(size)], 1)
        return Outputs(representation, torch.zeros(size, 2)), batch(size, mass=mass)

    for _ in range(800):
        optimizer.zero_grad()
        objective.critic_loss(*sample(512)).backward()
        optimizer.step()
    found = objective.terms(*sample(20_000))["mutual_information"].item()
    assert found == pytest.approx(-0.5 * math.log(1 - correlation**2), abs=0.06)


def test_the_penalty_vanishes_with_its_strength():
    objective = NuRDObjective(NuRD(strength=0), dimensions=2, classes=2)
    assert list(objective.terms(Outputs(torch.zeros(4, 2), torch.zeros(4, 2)), batch(4))) == ["cross_entropy"]


def test_distillation_counts_differences_in_units_of_the_teachers_spread():
    teacher = torch.randn(1000, 3) * 7
    objective = Distilled(CrossEntropyObjective(), Distillation(logits=2.0, representation=0.0))
    outputs = Outputs(torch.zeros(1000, 5), teacher + 7)
    terms = objective.terms(outputs, batch(1000, teacher_logits=teacher))
    assert set(terms) == {"cross_entropy", "teacher_logits"}
    assert terms["teacher_logits"].item() == pytest.approx(2 * 49 / teacher.var(0).mean().item(), rel=1e-5)


def test_a_twin_may_learn_from_its_teacher_alone():
    teacher = torch.randn(1000, 3, generator=torch.Generator().manual_seed(1))
    jets, outputs = batch(1000, teacher_logits=teacher), Outputs(torch.zeros(1000, 5), teacher + 7)
    halved = Distilled(CrossEntropyObjective(), Distillation(labels=0.5, representation=0.0))
    whole = CrossEntropyObjective().terms(outputs, jets)["cross_entropy"]
    assert halved.terms(outputs, jets)["cross_entropy"].item() == pytest.approx(whole.item() / 2, rel=1e-6)
    alone = Distilled(
        NuRDObjective(NuRD(critic_hidden=(4,)), 5, 3), Distillation(labels=0, representation=0.0)
    )
    assert set(alone.terms(outputs, jets)) == {"teacher_logits"}
    assert alone.critic_steps == 0, "a critic would train for nothing"


def test_batches_are_a_function_of_seed_and_epoch():
    jets = JetTensors(batch(100, mass=torch.arange(100.0)))
    first, second = (loader(jets, 32, seed=3, shuffle=True) for _ in range(2))
    first.sampler.set_epoch(5)
    second.sampler.set_epoch(5)
    order = [part.mass.tolist() for part in first]
    assert order == [part.mass.tolist() for part in second]
    assert [len(part) for part in order] == [32, 32, 32]
    second.sampler.set_epoch(6)
    assert order != [part.mass.tolist() for part in second]
