"""Products and rectifiers that take a shorter way give what torch's own give."""

import pytest
import torch

from edgeood.networks.particlenet.products import product
from edgeood.networks.particlenet.rectifier import rectified_gradient_, rectify_


@pytest.mark.parametrize("rectified", [False, True])
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_product_and_its_gradients_are_those_of_a_linear_layer(rectified, with_bias, dtype):
    torch.manual_seed(1)
    tensors = [torch.randn(shape, dtype=dtype, requires_grad=True) for shape in ((50, 7), (9, 7), (9,))]
    bias = tensors[2] if with_bias else None
    used = tensors if with_bias else tensors[:2]
    plain = torch.nn.functional.linear(tensors[0], tensors[1], bias)
    plain = plain.relu() if rectified else plain
    ours = product(tensors[0], tensors[1], bias, rectified=rectified)
    torch.testing.assert_close(ours, plain)
    with torch.no_grad():
        torch.testing.assert_close(product(tensors[0], tensors[1], bias, rectified=rectified), plain)
    direction = torch.randn(50, 9, dtype=dtype)
    for one, other in zip(
        torch.autograd.grad(ours, used, direction), torch.autograd.grad(plain, used, direction), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_autocast_reaches_a_product():
    values, weight = torch.randn(5, 3), torch.randn(4, 3)
    with torch.autocast("cpu", torch.bfloat16):
        assert product(values, weight).dtype == torch.bfloat16


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_rectifiers_are_exact(dtype):
    torch.manual_seed(1)
    special = torch.tensor([0.0, -0.0, torch.inf, -torch.inf, 1e-40, -1e-40])
    values = torch.cat([torch.randn(1000), special]).to(dtype)
    gradient = torch.cat([torch.randn(1000), -torch.ones(6)]).to(dtype)
    with torch.no_grad():
        activation = rectify_(values.clone())
        assert torch.equal(activation, values.relu())
        expected = torch.where(activation > 0, gradient, torch.zeros_like(gradient))
        assert torch.equal(rectified_gradient_(gradient.clone(), activation), expected)
