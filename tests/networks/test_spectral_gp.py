"""SNGP: random features, the exact posterior on small samples, and bounded spectral norms."""

import copy
import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from edgeood.networks.spectral_gp import RandomFeatureGaussianProcess, spectral_normalised
from edgeood.recipe import SpectralGP


def process(width: int = 3, classes: int = 2, **settings: float) -> RandomFeatureGaussianProcess:
    torch.manual_seed(1)
    return RandomFeatureGaussianProcess(width, classes, SpectralGP(**({"features": 64} | settings)))


def without_logits(gp: RandomFeatureGaussianProcess) -> RandomFeatureGaussianProcess:
    """Even probabilities, whatever the jet: p (1 − p) is known."""
    with torch.no_grad():
        gp.output.weight.zero_()
    return gp


def kernel(x: torch.Tensor, y: torch.Tensor, length_scale: float) -> torch.Tensor:
    return torch.exp(-0.5 * torch.cdist(x, y) ** 2 / length_scale**2)


@pytest.mark.parametrize("length_scale", [0.5, 2.0])
def test_features_approximate_the_kernel_as_their_number_grows(length_scale):
    x = torch.randn(40, 3, generator=torch.Generator().manual_seed(2))
    errors = []
    for features in (256, 16384):
        phi = process(features=features, length_scale=length_scale).features(x)
        errors.append((phi @ phi.T - kernel(x, x, length_scale)).square().mean().sqrt().item())
        # Var[2 cos(a) cos(b)] ≤ 1 for each of the D features.
        assert errors[-1] < 1.1 / math.sqrt(features)
    assert errors[1] < errors[0] / 4


@pytest.mark.parametrize(("ridge", "classes"), [(1.0, 2), (0.1, 3)])
def test_the_variance_is_that_of_the_exact_posterior(ridge, classes):
    gp = without_logits(process(features=1024, discount=1.0, ridge=ridge, length_scale=1.5, classes=classes))
    known, new = torch.randn(12, 3), torch.randn(20, 3)
    for part in known.split(5):
        gp(part)
    found = gp.variance(gp.features(new))
    # A Gaussian process that was told 12 values with a noise of ridge / (p (1 − p)).
    noise = ridge / ((1 - 1 / classes) / classes) * torch.eye(12)
    cross = kernel(new, known, 1.5)
    exact = 1 - (cross * torch.linalg.solve(kernel(known, known, 1.5) + noise, cross.T).T).sum(1)
    assert found.shape == (20, classes)
    assert (found - exact[:, None]).abs().max() < 0.12
    assert exact.min() < 0.7


def test_the_variance_is_that_of_the_ridge_formula():
    gp = without_logits(process(discount=1.0, ridge=0.3))
    known, new = torch.randn(10, 3), torch.randn(4, 3)
    gp(known)
    phi, at = gp.features(known).double(), gp.features(new).double()
    covariance = torch.linalg.inv(0.3 * torch.eye(64) + 0.25 * phi.T @ phi)
    expected = 0.3 * (at @ covariance * at).sum(1)
    assert gp.variance(at.float())[:, 0] == pytest.approx(expected, rel=1e-4)


def test_the_variance_is_the_prior_without_data_and_shrinks_with_it():
    gp = without_logits(process(features=512, discount=1.0))
    near, far = torch.randn(30, 3), torch.randn(30, 3) + 20
    phi = gp.features(torch.cat([near, far]))
    variances = [gp.variance(phi)[:, 0]]
    for _ in range(3):
        gp(near)
        variances.append(gp.variance(phi)[:, 0])
    assert variances[0] == pytest.approx(1, abs=0.1)
    for before, after in pairwise(variances):
        assert (after[:30] < before[:30]).all()
    assert variances[-1][:30].max() < 0.7
    assert variances[-1][30:] == pytest.approx(variances[0][30:], abs=0.05)


def test_evaluation_divides_the_logits_by_the_mean_field():
    gp = process(discount=1.0)
    gp(torch.randn(50, 3))
    gp.eval()
    new = torch.randn(6, 3)
    phi = gp.features(new)
    plain = gp.output(phi)
    assert torch.allclose(gp(new), plain / torch.sqrt(1 + math.pi / 8 * gp.variance(phi)))
    assert (gp(new).abs() < plain.abs()).all()
    # While training, logits are those of the mean weights.
    assert torch.allclose(gp.train()(new), plain)


def test_a_moving_average_follows_the_discount():
    gp = without_logits(process(discount=0.9))
    batches = torch.randn(3, 7, 3).unbind()
    expected = torch.zeros(64, 64)
    for part in batches:
        gp(part)
        phi = gp.features(part)
        expected = 0.9 * expected + 0.1 * 0.25 * phi.T @ phi
    gp.begin_epoch()
    assert torch.allclose(gp.information[0], expected, atol=1e-6)
    assert torch.allclose(gp.information[1], expected, atol=1e-6)


def test_an_exact_sum_begins_anew_in_every_epoch():
    gp, jets = process(discount=1.0), torch.randn(9, 3)
    before = gp.variance(gp.features(jets))
    gp(jets)
    assert (gp.variance(gp.features(jets)) < before).all()
    gp.begin_epoch()
    assert torch.equal(gp.variance(gp.features(jets)), before)


def test_the_state_is_all_there_is():
    gp = process()
    for _ in range(3):
        gp(torch.randn(20, 3))
    other = RandomFeatureGaussianProcess(3, 2, SpectralGP(features=64)).eval()
    new = torch.randn(5, 3)
    before = other(new)
    other.load_state_dict(gp.state_dict())
    gp.eval()
    assert torch.equal(other(new), gp(new))
    assert not torch.equal(other(new), before)
    # And training goes on in the same way from it.
    part = torch.randn(20, 3)
    for network in (gp, other):
        network.train()(part)
        network.eval()
    assert torch.equal(other(new), gp(new))


def test_evaluation_sees_what_training_has_collected_since():
    gp = process(discount=0.5)
    new = torch.randn(5, 3)
    with torch.inference_mode():
        first = gp.eval()(new)
    gp.train()(new)
    assert not torch.equal(gp.eval()(new), first)
    copied = copy.deepcopy(gp)
    assert torch.equal(copied(new), gp(new))
    # A cache made in inference mode does not keep gradients from flowing later.
    with torch.inference_mode():
        gp(new)
    inputs = new.clone().requires_grad_()
    gp(inputs).sum().backward()
    assert torch.isfinite(inputs.grad).all()


def test_autocast_does_not_touch_the_process():
    gp = process()
    x = torch.randn(20, 3)
    plain, sums = gp(x), gp.information.clone()
    gp.information.zero_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        lowered = gp(x)
        assert lowered.dtype == torch.float32
        assert torch.equal(gp(x.bfloat16()).to(torch.float32), gp(x.bfloat16().float()))
    assert torch.equal(lowered, plain)
    assert torch.isfinite(sums).all()


def norms(module: nn.Module) -> list[float]:
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    return [torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() for layer in layers]


def scaled(factor: float) -> nn.Sequential:
    torch.manual_seed(1)
    network = nn.Sequential(
        nn.Conv2d(2, 8, 1), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 9, 16), nn.Linear(16, 5)
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter *= factor
    return network


def test_norms_converge_below_the_bound():
    network = spectral_normalised(scaled(10.0), bound=0.99, power_iterations=1)
    for _ in range(200):
        network(torch.randn(2, 2, 3, 3))
    network.eval()
    assert norms(network) == pytest.approx([0.99] * 3, rel=1e-3)


def test_weights_within_the_bound_are_left_alone():
    plain = scaled(0.1)
    network = spectral_normalised(copy.deepcopy(plain), bound=0.99)
    x = torch.randn(2, 2, 3, 3)
    assert max(norms(plain)) < 0.99
    assert torch.equal(network(x), plain(x))


def test_a_single_layer_is_a_module_too():
    layer = spectral_normalised(nn.Linear(6, 4), bound=0.01)
    assert norms(layer)[0] == pytest.approx(0.01, rel=0.1)


def test_training_under_the_bound_keeps_it():
    torch.manual_seed(1)
    network = spectral_normalised(nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 1)), bound=0.5)
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    x = torch.randn(128, 4)
    for _ in range(100):
        loss = (network(x) - 50 * x[:, :1]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    network.eval()
    assert norms(network) == pytest.approx([0.5, 0.5], rel=0.01)


def test_the_iteration_is_part_of_the_state():
    network = spectral_normalised(scaled(10.0), bound=0.99)
    network(torch.randn(2, 2, 3, 3))
    other = spectral_normalised(scaled(3.0), bound=0.99)
    other.load_state_dict(network.state_dict())
    x = torch.randn(2, 2, 3, 3)
    assert torch.equal(other(x), network(x))
    network.eval()
    before = network(x)
    assert torch.equal(network(x), before)
