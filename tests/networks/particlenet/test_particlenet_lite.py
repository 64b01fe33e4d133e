"""The float ParticleNet at trigger size, and the operations that its twins share with it."""

import math

import numpy as np
import pytest
import torch

from edgeood.networks.particlenet.edge_maximum import constituent_mean, edge_maximum, neighbour_mask
from edgeood.networks.particlenet.lite import ParticleNetLiteClassifier
from edgeood.recipe import EdgeBlock, ParticleNetLite, TriggerCandidates


def by_hand(points: np.ndarray, valid: np.ndarray, k: int) -> np.ndarray:
    """The same in plain loops."""
    mask = np.zeros((len(points), len(points)), bool)
    for i in range(len(points)):
        others = [
            (((points[i] - points[j]) ** 2).sum(), j) for j in range(len(points)) if valid[j] and j != i
        ]
        mask[i, [j for _, j in sorted(others)[:k]] or [i]] = True
    return mask


@pytest.mark.parametrize("k", [1, 3, 7])
def test_neighbours_are_the_nearest_valid_others_and_ties_go_to_the_lower_index(k):
    random = np.random.default_rng(k)
    points = random.integers(-2, 3, (40, 8, 2))  # a coarse grid: ties everywhere
    valid = np.arange(8) < random.integers(0, 9, (40, 1))
    found = neighbour_mask(torch.from_numpy(points.astype(np.float32)), torch.from_numpy(valid), k).numpy()
    for jet in range(40):
        assert (found[jet] == by_hand(points[jet], valid[jet], k)).all()


def test_the_factorised_edge_layer_is_the_maximum_over_the_edges():
    torch.manual_seed(0)
    x, valid = torch.randn(5, 8, 4), torch.ones(5, 8, dtype=torch.bool)
    centre, difference = torch.randn(4, 6), torch.randn(4, 6)
    mask = neighbour_mask(x[..., :2], valid, 3)
    # ParticleNet's edge function: Φ·(x_j − x_i) + Θ·x_i, then ReLU, then the maximum over j.
    edges = (x @ centre)[:, :, None] + (x[:, None] - x[:, :, None]) @ difference
    wanted = torch.relu(edges).masked_fill(~mask[..., None], -torch.inf).amax(2)
    factors = torch.cat([x @ (centre - difference), x @ difference], -1)
    torch.testing.assert_close(torch.relu(edge_maximum(factors, mask, valid)), wanted)


def test_padding_changes_nothing():
    torch.manual_seed(1)
    network = ParticleNetLite(
        neighbours=3, blocks=(EdgeBlock(edge=6, nodes=(5,)), EdgeBlock(edge=7)), dynamic=4, representation=5
    )
    model = ParticleNetLiteClassifier(TriggerCandidates(constituents=8), network, 2)
    jets = torch.zeros(6, 8, 3)
    for count, jet in enumerate(jets):
        jet[:count] = torch.rand(count, 3) + 0.1
    padded = jets.clone()
    padded[..., 1:] += (jets[..., :1] == 0) * 3.0  # angles without momentum
    assert torch.equal(model(jets).logits, model(padded).logits)
    assert torch.isfinite(model(jets).logits).all()
    order = torch.randperm(5)
    shuffled = jets[5:].clone()
    shuffled[0, :5] = shuffled[0, order]
    torch.testing.assert_close(model(shuffled).logits, model(jets[5:]).logits)


def test_the_mean_counts_the_empty_places():
    features, valid = torch.ones(1, 8, 2), torch.arange(8)[None] < 3
    assert constituent_mean(features, valid).tolist() == [[3 / 8, 3 / 8]]


def test_gradients_reach_every_layer():
    network = ParticleNetLite(blocks=(EdgeBlock(edge=6, nodes=(5,)), EdgeBlock(edge=7)), representation=4)
    model = ParticleNetLiteClassifier(TriggerCandidates(constituents=8), network, 2)
    model(torch.rand(16, 8, 3)).logits.square().sum().backward()
    assert all(
        parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in model.parameters()
    )
    assert math.prod(model.get_submodule("edge1").weight.shape) == 5 * 14
