"""The fully connected classifier."""

import pytest
import torch

from edgeood.networks.build import build_network
from edgeood.networks.fcn import FCNClassifier, standardisation
from edgeood.recipe import FCN, FourVectors, load_recipe


def test_the_shapes_of_the_paper():
    torch.manual_seed(1)
    network = build_network(load_recipe("fcn")).eval()
    # 80 → 256 → 128 → 12 → 3, weights and biases.
    assert sum(parameter.numel() for parameter in network.parameters()) == (
        81 * 256 + 257 * 128 + 129 * 12 + 13 * 3
    )
    outputs = network(torch.randn(7, 80))
    assert outputs.representation.shape == (7, 12)
    assert outputs.logits.shape == (7, 3)
    assert (outputs.representation >= 0).all()
    assert (outputs.representation > 0).any()
    assert outputs.divergence is None
    assert torch.allclose(outputs.logits, network.logits(outputs.representation))


def test_dropout_acts_on_the_hidden_layers_while_training_only():
    torch.manual_seed(1)
    network = FCNClassifier(FourVectors(), FCN(dropout=0.5), classes=3)
    jets = torch.randn(64, 80)
    assert not torch.equal(network(jets).logits, network(jets).logits)
    network.eval()
    assert torch.equal(network(jets).logits, network(jets).logits)


def test_features_of_any_size_are_standardised():
    torch.manual_seed(1)
    scale = torch.tensor([1.0, 1e-4, 1e3, 0.0])
    jets = torch.randn(8 * 128, 4) * scale + 5 * scale
    layer = standardisation(4)
    for batch in jets.split(128):
        seen = layer(batch)
        assert seen[:, :3].mean(0) == pytest.approx(0, abs=1e-3)
        assert seen[:, :3].std(0, correction=0) == pytest.approx(1, abs=1e-3)
    layer.eval()
    seen = layer(jets)
    assert seen[:, :3].mean(0) == pytest.approx(0, abs=1e-3)
    assert seen[:, :3].std(0) == pytest.approx(1, abs=0.02)
    assert torch.equal(seen[:, 3], torch.zeros(len(jets)))
