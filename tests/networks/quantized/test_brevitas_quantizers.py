"""Brevitas quantizers: the values of their fixed-point types, bit for bit, and their gradients."""

import numpy as np
import pytest
import torch
from brevitas.nn import QuantLinear

from edgeood.fixed_point import FixedPoint
from edgeood.networks.quantized.brevitas.layers import activation, quantizer
from edgeood.networks.quantized.brevitas.quantizers import bias_quantizer, weight_quantizer

SIGNED = [
    FixedPoint(6, 0),
    FixedPoint(10, 3),
    FixedPoint(15, 4),
    FixedPoint(5, 6),
    FixedPoint(8, -9),
    FixedPoint(24, 1),
]
UNSIGNED = [
    FixedPoint(8, 0, False),
    FixedPoint(10, 4, False),
    FixedPoint(1, 0, False),
    FixedPoint(24, 3, False),
]


def trying(fixed_type: FixedPoint) -> np.ndarray:
    """Float32 values: all ties of the lowest and highest steps, what saturates, and random ones."""
    random = np.random.default_rng(0)
    near = np.arange(-40, 41) / 4
    reach = 2.0**fixed_type.bits
    steps = [
        near,
        near + fixed_type.lowest_integer,
        near + fixed_type.highest_integer,
        random.integers(-reach, reach, 500) + 0.5,
        random.uniform(-reach, reach, 500),
        [1e30, -1e30, 0.0, -0.0],
    ]
    return (np.concatenate(steps) * fixed_type.step).astype(np.float32)


@pytest.mark.parametrize("fixed_type", SIGNED + UNSIGNED)
@pytest.mark.parametrize("make", [quantizer, activation])
def test_activations_have_the_values_of_their_type(make, fixed_type: FixedPoint) -> None:
    values, layer = trying(fixed_type), make(fixed_type)
    for training in (True, False):
        quantized = layer.train(training)(torch.from_numpy(values))
        assert type(quantized) is torch.Tensor
        np.testing.assert_array_equal(quantized, fixed_type.quantize(values))
    assert len(np.unique(quantized)) > 2 - (fixed_type.bits == 1)
    assert not layer.state_dict()


@pytest.mark.parametrize("fixed_type", SIGNED)
def test_weights_and_biases_have_the_values_of_their_types(fixed_type: FixedPoint) -> None:
    """Each with its own step: those of weights and input do not matter to the biases."""
    values = trying(fixed_type)
    other = FixedPoint(4, 1)
    layer = QuantLinear(
        1, len(values), weight_quant=weight_quantizer(fixed_type), bias_quant=bias_quantizer(other)
    )
    swapped = QuantLinear(
        1, len(values), weight_quant=weight_quantizer(other), bias_quant=bias_quantizer(fixed_type)
    )
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(values)[:, None])
        layer.bias.zero_()
        swapped.weight.zero_()
        swapped.bias.copy_(torch.from_numpy(values))
        weights, biases = (one(torch.ones(1, 1))[0] for one in (layer, swapped))
    np.testing.assert_array_equal(weights, fixed_type.quantize(values))
    np.testing.assert_array_equal(biases, fixed_type.quantize(values))


@pytest.mark.parametrize("exponent", range(-8, 30))
def test_every_power_of_two_is_an_exact_step(exponent: int) -> None:
    for fixed_type in (FixedPoint(7, 6 - exponent), FixedPoint(7, 7 - exponent, False)):
        assert fixed_type.step == 2.0**-exponent
        values = trying(fixed_type)
        np.testing.assert_array_equal(
            quantizer(fixed_type)(torch.from_numpy(values)), fixed_type.quantize(values)
        )


@pytest.mark.parametrize("fixed_type", [FixedPoint(6, 0), FixedPoint(8, 2, False)])
def test_gradient_passes_straight_through_where_nothing_saturates(fixed_type: FixedPoint) -> None:
    steps = np.arange(4 * fixed_type.lowest_integer - 9, 4 * fixed_type.highest_integer + 9, 2) / 4 + 0.125
    values = torch.from_numpy((steps * fixed_type.step).astype(np.float32)).requires_grad_()
    activation(fixed_type)(values).sum().backward()
    inside = (np.rint(steps) >= fixed_type.lowest_integer) & (np.rint(steps) <= fixed_type.highest_integer)
    if not fixed_type.signed:
        inside &= steps > 0  # the ReLU
    np.testing.assert_array_equal(values.grad, inside)
    assert 0 < inside.sum() < len(inside)
