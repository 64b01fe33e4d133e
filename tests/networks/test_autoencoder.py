"""The variational autoencoder against closed forms."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from edgeood.networks.autoencoder import VariationalAutoencoder, divergence_from_normal
from edgeood.networks.build import build_network
from edgeood.recipe import VAE, Block, FourVectors, Images, load_recipe

BLOCKS = (Block(filters=3, kernel=3, pool=2),)


def autoencoder(inputs: Images | FourVectors | None = None) -> VariationalAutoencoder:
    torch.manual_seed(1)
    inputs = inputs or Images(pixels=8, scale=64)
    blocks = BLOCKS if isinstance(inputs, Images) else ()
    return VariationalAutoencoder(inputs, VAE(blocks=blocks, hidden=(12, 6), representation=3))


def images(count: int = 5, pixels: int = 8, scale: float = 64) -> torch.Tensor:
    shares = torch.rand(count, 1, pixels, pixels, generator=torch.Generator().manual_seed(2)) ** 8
    return scale * shares / shares.sum((1, 2, 3), keepdim=True)


def test_the_divergence_is_that_of_torch_and_vanishes_for_the_prior():
    mean, log_variance = torch.randn(9, 4), torch.randn(9, 4)
    gaussian = Normal(mean, (0.5 * log_variance).exp())
    expected = kl_divergence(gaussian, Normal(0.0, 1.0)).sum(1)
    assert divergence_from_normal(mean, log_variance) == pytest.approx(expected, rel=1e-5)
    assert torch.equal(divergence_from_normal(torch.zeros(2, 4), torch.zeros(2, 4)), torch.zeros(2))


@pytest.mark.parametrize("name", ["vae", "oe-vae"])
def test_the_shipped_recipes_build(name):
    recipe = load_recipe(name)
    shape = (2, 1, 50, 50) if name == "vae" else (2, 80)
    outputs = build_network(recipe).eval()(torch.rand(shape))
    assert outputs.representation.shape == (2, recipe.network.representation)
    assert outputs.logits.shape == (2, 1)
    assert outputs.divergence.shape == (2,)
    assert (outputs.divergence >= 0).all()


@pytest.mark.parametrize("intensity", ["linear", "sqrt"])
@pytest.mark.parametrize("scale", [1.0, 64.0])
def test_a_decoded_image_is_a_distribution_and_the_error_a_squared_distance(intensity, scale):
    network = autoencoder(Images(pixels=8, scale=scale, intensity=intensity)).eval()
    jets = images(scale=1)
    jets = scale * (jets.sqrt() if intensity == "sqrt" else jets)
    with torch.no_grad():
        outputs = network(jets)
        decoded = network.decode(outputs.representation)
    assert (decoded >= 0).all()
    assert (decoded if intensity == "linear" else decoded**2).sum(1) == pytest.approx(1, rel=1e-5)
    expected = ((decoded - jets.flatten(1) / scale) ** 2).sum(1)
    assert -outputs.logits[:, 0] == pytest.approx(expected, rel=1e-5)


def test_opposite_images_are_as_far_apart_as_the_error_can_be():
    network = autoencoder().eval()
    corner = torch.zeros(1, 1, 8, 8)
    corner[0, 0, 0, 0] = 64
    with torch.no_grad():
        network.decoder[-1].weight.zero_()
        network.decoder[-1].bias.zero_()
        # The uniform image: Σ (q − 1/64)² = 1 − 1/64 for all energy in one pixel.
        assert -network(corner).logits.item() == pytest.approx(1 - 1 / 64, rel=1e-5)
        network.decoder[-1].bias[63] = 1e3
        assert -network(corner).logits.item() == pytest.approx(2)
        network.decoder[-1].bias[0] = 2e3
        assert -network(corner).logits.item() == pytest.approx(0)


def test_the_error_of_vectors_is_one_for_the_mean_jet():
    network = autoencoder(FourVectors(constituents=4))
    with torch.no_grad():
        network.decoder[-1].weight.zero_()
        network.decoder[-1].bias.zero_()
    vectors = 0.01 * torch.randn(256, 16) + torch.arange(16)
    assert -network(vectors).logits.mean().item() == pytest.approx(1, rel=1e-3)


def test_the_code_is_drawn_while_training_and_its_mean_used_after():
    network = autoencoder()
    jets = images(1).repeat(4000, 1, 1, 1)
    torch.manual_seed(3)
    drawn = []
    network.decoder.register_forward_pre_hook(lambda _, arguments: drawn.append(arguments[0]))
    with torch.no_grad():
        network.log_variance.bias[:] = torch.tensor([0.0, -2.0, 1.0])
        network.log_variance.weight.zero_()
        outputs = network(jets)
        network.eval()
        assert torch.equal(network(jets).logits, network(jets).logits)
    code = drawn[0]
    assert code.mean(0) == pytest.approx(outputs.representation[0], abs=0.1)
    assert code.std(0) == pytest.approx([1, math.exp(-1), math.exp(0.5)], rel=0.05)
    assert torch.equal(drawn[1], outputs.representation)


def test_extreme_codes_stay_finite():
    network = autoencoder()
    with torch.no_grad():
        network.log_variance.bias[:] = 1e4
    outputs = network(images())
    outputs.divergence.sum().backward()
    assert torch.isfinite(outputs.divergence).all()
    assert torch.isfinite(network.mean.weight.grad).all()


def test_a_few_steps_learn_an_image():
    network = autoencoder()
    jets = images(32)
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    errors = []
    for _ in range(150):
        loss = -network(jets).logits.mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        errors.append(loss.item())
    uniform = (jets.flatten(1) / 64 - 1 / 64).square().sum(1).mean().item()
    assert errors[0] == pytest.approx(uniform, rel=0.1)
    assert errors[-1] < 0.8 * uniform
