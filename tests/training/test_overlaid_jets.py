"""Pairs of jets laid on top of each other, against closed forms; and the loss of telling them from single ones."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from edgeood.errors import EdgeoodError
from edgeood.jets.format import write_jets
from edgeood.jets.layout import CONSTITUENT_DTYPE, Jets, jets_of_momenta
from edgeood.jets.split import TRAIN, VALIDATION
from edgeood.networks import Outputs
from edgeood.recipe import NuRD, parse_recipe
from edgeood.recipe.data import Overlaid
from edgeood.training.batch import Batch
from edgeood.training.known_jets import read_known_jets, split_jets
from edgeood.training.objectives.cross_entropy import CrossEntropyObjective, weighted_cross_entropy
from edgeood.training.objectives.nurd import NuRDObjective
from edgeood.training.objectives.overlaid import OverlaidObjective
from edgeood.training.overlaid_jets import overlaid_jets


def single_particles(count: int) -> Jets:
    """Jets of one massless particle each, all around the azimuth, in arrays with room for two."""
    rng = np.random.default_rng(4)
    constituents = np.zeros((count, 2), CONSTITUENT_DTYPE)
    particle = constituents[:, 0]
    particle["pt"], particle["eta"] = rng.uniform(500, 1500, count), rng.uniform(-2, 2, count)
    particle["phi"] = rng.uniform(-np.pi, np.pi, count)
    particle["energy"] = particle["pt"] * np.cosh(particle["eta"])
    particle["valid"] = True
    pt, eta, phi = (particle[name].astype(np.float64) for name in ("pt", "eta", "phi"))
    momenta = np.stack([pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], 1)
    return Jets(jets_of_momenta(momenta), constituents, ("particle",))


def test_two_particles_have_the_mass_and_the_momentum_of_their_sum():
    pairs = overlaid_jets(single_particles(300), 2000, seed=1, radius=1.0, largest_distance=0.5)
    assert pairs.processes == ("overlaid",)
    assert (pairs.jets["n_constituents"] == 2).all()
    particle = {name: pairs.constituents[name].astype(np.float64) for name in ("pt", "eta", "phi", "energy")}
    hard, soft = particle["pt"].T
    assert (hard >= soft).all()
    assert (particle["phi"] >= -np.pi).all()
    assert (particle["phi"] < np.pi).all()
    apart_eta = np.diff(particle["eta"])[:, 0]
    apart_phi = (np.diff(particle["phi"])[:, 0] + np.pi) % (2 * np.pi) - np.pi
    # Two massless particles: m² = 2 pT₁ pT₂ (cosh Δη − cos Δφ), here a difference of squares of single precision.
    squared_mass = 2 * hard * soft * (np.cosh(apart_eta) - np.cos(apart_phi))
    assert (np.abs(pairs.jets["mass"] ** 2 - squared_mass) < 1e-6 * pairs.jets["energy"] ** 2).all()
    assert np.allclose(particle["energy"], particle["pt"] * np.cosh(particle["eta"]), rtol=1e-5)
    distance, share = np.hypot(apart_eta, apart_phi), soft / (hard + soft)
    # Uniform between the bounds that were asked for.
    assert distance.max() < 0.5
    assert distance.mean() == pytest.approx(0.25, abs=0.01)
    assert share.min() > 0.1
    assert share.mean() == pytest.approx(0.3, abs=0.01)


def test_what_lies_outside_the_cone_is_lost():
    pairs = overlaid_jets(single_particles(300), 4000, seed=1, radius=0.2, largest_distance=0.4)
    alone = pairs.jets["n_constituents"] < 2
    # Of shares z and 1 − z the softer core lies (1 − z) d from the axis: beyond 0.2 in 1 − ln(0.9 / 0.5) / 0.8 of all.
    assert alone.mean() == pytest.approx(1 - np.log(0.9 / 0.5) / 0.8, abs=0.02)
    assert pairs.jets["n_constituents"].min() == 1
    assert (pairs.constituents["valid"].sum(1) == pairs.jets["n_constituents"]).all()
    assert (pairs.jets["mass"] < 1e-3 * pairs.jets["energy"])[alone].all()


def test_pairs_keep_the_room_and_the_momentum_of_the_given_jets(toy_jets):
    jets = toy_jets(40)
    pairs = overlaid_jets(jets, 300, seed=2)
    assert pairs.constituents.shape == (300, jets.constituents.shape[1])
    assert (np.diff(pairs.constituents["pt"], axis=1) <= 0).all()
    assert np.isnan(pairs.jets["tau2"]).all()
    assert pairs.jets["pt"].max() < 1.1 * jets.jets["pt"].max()
    # Two jets are heavier than either of them was.
    assert np.median(pairs.jets["mass"]) > np.median(jets.jets["mass"][jets.process_names == "quark"])


def test_pairs_are_a_function_of_the_seed(toy_jets):
    jets = toy_jets(30)
    first, again, other = (overlaid_jets(jets, 50, seed=seed) for seed in (1, 1, 2))
    assert first.constituents.tobytes() == again.constituents.tobytes() != other.constituents.tobytes()
    with pytest.raises(ValueError, match="two jets, not 1"):
        overlaid_jets(jets[:1], 1, seed=1)


def batch_of(labels: torch.Tensor) -> Batch:
    size = len(labels)
    empty = torch.zeros(size, 0)
    return Batch(
        torch.zeros(size, 1), labels, torch.rand(size), torch.rand(size) + 0.5, empty, empty
    )  # fmt: skip


def outputs_for(size: int) -> Outputs:
    return Outputs(torch.randn(size, 4), torch.randn(size, 2))


def test_two_losses_add_up_to_the_cross_entropy_of_one_more_class():
    torch.manual_seed(1)
    batch, outputs = batch_of(torch.tensor([0, 1, 2, 0, 1, 2, 2, 0])), outputs_for(8)
    objective = OverlaidObjective(CrossEntropyObjective(), 4, 2)
    terms = objective.terms(outputs, batch)
    logits = torch.cat([outputs.logits, objective.overlaid(outputs.representation)], 1)
    # Averages over the five known jets, not over all eight.
    expected = weighted_cross_entropy(logits, batch.labels, batch.weights) * 8 / 5
    assert torch.isclose(terms["cross_entropy"] + terms["overlaid"], expected, atol=1e-6)


def test_the_objective_inside_never_sees_overlaid_jets():
    torch.manual_seed(2)
    inside = NuRDObjective(NuRD(strength=0.5, critic_hidden=(8,)), 4, 2)
    objective = OverlaidObjective(inside, 4, 2)
    batch, outputs = batch_of(torch.tensor([0, 1, 2, 0, 1, 2])), outputs_for(6)
    known = batch.labels < 2
    alone = Batch(*(tensor[known] for tensor in batch))
    alone_outputs = Outputs(outputs.representation[known], outputs.logits[known])
    torch.manual_seed(3)
    first = objective.terms(outputs, batch)
    torch.manual_seed(3)
    second = inside.terms(alone_outputs, alone)
    assert len(second) == 2
    assert all(torch.equal(first[name], second[name]) for name in second)
    torch.manual_seed(3)
    critic = objective.critic_loss(outputs, batch)
    torch.manual_seed(3)
    assert torch.equal(critic, inside.critic_loss(alone_outputs, alone))
    # Jets to validate on are known ones alone.
    assert objective.terms(alone_outputs, alone).keys() == second.keys()


def test_the_logit_is_trained_with_the_network_and_the_critic_apart():
    objective = OverlaidObjective(NuRDObjective(NuRD(critic_hidden=(8,)), 4, 2), 4, 2)
    head, critic = set(objective.head_parameters()), set(objective.critic_parameters())
    assert len(head) == 2
    assert not head & critic
    assert head | critic == set(objective.parameters())


def test_pairs_are_made_of_training_jets_alone(toy_jets, tmp_path):
    recipe = parse_recipe(
        {
            "name": "pairs",
            "data": {"classes": {"qcd": ["quark", "gluon"], "wz": ["w_1tev"]}, "overlaid": {"per_jet": 0.4}},
            "inputs": {"pixels": 16},
            "network": {"blocks": [{"filters": 2, "pool": 2}], "hidden": [8]},
        },
        "test",
    )
    jets = toy_jets(60)
    write_jets(tmp_path / "all.h5", jets, {})
    write_jets(tmp_path / "train.h5", jets[split_jets(jets, recipe.data) == TRAIN], {})
    train, validation = read_known_jets(recipe, [tmp_path / "all.h5"], (TRAIN, VALIDATION))
    assert train.overlaid is not None
    assert train.overlaid.shape == (round(0.4 * len(train)), 1, 16, 16)
    assert validation.overlaid is None
    (alone,) = read_known_jets(recipe, [tmp_path / "train.h5"], (TRAIN,))
    assert alone.overlaid is not None
    assert np.array_equal(alone.overlaid, train.overlaid)


@pytest.mark.parametrize("wrong", [{"least_share": 0.0}, {"least_share": 0.6}, {"largest_distance": 0.9}])
def test_a_pair_must_leave_a_jet(wrong):
    with pytest.raises(ValidationError):
        Overlaid(**wrong)


@pytest.mark.parametrize(
    ("sections", "reason"),
    [
        ({"network": {"kind": "vae"}, "objective": {"kind": "variational"}}, "no classes to add to"),
        ({"network": {"kind": "fcn"}, "distillation": {}}, "a student takes from its teacher"),
        ({"network": {"kind": "fcn"}, "inputs": {"kind": "substructure"}}, "no N-subjettiness"),
    ],
)
def test_what_overlaid_jets_cannot_teach_is_refused(sections, reason):
    recipe = {
        "name": "refused",
        "data": {"classes": {"qcd": ["quark"], "wz": ["w_1tev"]}, "overlaid": {}},
        "inputs": {"kind": "four_vectors"},
    }
    with pytest.raises(EdgeoodError, match=reason):
        parse_recipe(recipe | sections, "test")
