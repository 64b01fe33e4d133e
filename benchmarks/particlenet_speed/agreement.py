"""Whether weaver-core's network and ours compute the same."""

import copy
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from benchmarks.particlenet_speed.weaver import first_gradient_to_ours, in_our_names, pair_of_networks
from edgeood.errors import EdgeoodError
from edgeood.recipe import ParticleNet

TOLERANCE = 1e-5


class Agreement(NamedTuple):
    """Largest differences between the two networks."""

    float64: float
    """of a logit, in float64"""
    float32: float
    """the median over jets of the largest of a jet's logits, in float32"""
    reordered: float
    """share of jets that differ by more in float32: two distances of neighbours were equal but for rounding"""
    gradient: float
    """of a gradient in training, in float64, relative to the largest of its tensor, on jets without padding"""


def agreement(settings: ParticleNet, clouds: NDArray[np.float32], full: NDArray[np.float32]) -> Agreement:
    """Compare outputs on ``clouds`` in evaluation and gradients on ``full`` ones in training.

    Two differences are intended. In jets of at most k constituents weaver-core takes padding for neighbours: they
    are left out here. In training its batch norms take padding in: the gradients are of jets without.
    Raises :class:`EdgeoodError` if outputs or gradients differ by more than 1e-5.
    """
    clouds = clouds[clouds[..., 4].sum(1) > settings.neighbours]
    weaver, ours = pair_of_networks(settings)
    single = (_logits(weaver, clouds) - _logits(ours, clouds)).abs().amax(1)
    weaver, ours = pair_of_networks(settings, torch.float64)
    double = float((_logits(weaver, clouds) - _logits(ours, clouds)).abs().max())
    gradients = in_our_names(_gradients(weaver, full), first_gradient_to_ours)
    largest = 0.0
    for name, gradient in _gradients(ours, full).items():
        # A batch norm takes away what the bias before it adds: a gradient that is zero but for rounding.
        scale = max(float(gradient.abs().max()), 1e-6)
        largest = max(largest, float((gradient - gradients[name]).abs().max()) / scale)
    result = Agreement(double, float(single.median()), float((single > TOLERANCE).float().mean()), largest)
    if not max(result.float64, result.float32, result.gradient) < TOLERANCE:
        raise EdgeoodError(
            f"The two networks do not compute the same, which makes their speeds incomparable: {result}."
        )
    return result


def _logits(network: nn.Module, clouds: NDArray[np.float32]) -> torch.Tensor:
    table = torch.from_numpy(clouds).to(next(network.parameters()).dtype)
    with torch.inference_mode():
        outputs = [network.eval()(part) for part in table.split(32)]
    return torch.cat([getattr(output, "logits", output) for output in outputs]).double()


def _gradients(network: nn.Module, clouds: NDArray[np.float32]) -> dict[str, torch.Tensor]:
    network = copy.deepcopy(network).train()
    table = torch.from_numpy(clouds).double()
    output = network(table)
    labels = torch.arange(len(clouds)) % 3
    functional.cross_entropy(getattr(output, "logits", output), labels).backward()
    return {
        name.removeprefix("network."): parameter.grad
        for name, parameter in network.named_parameters()
        if parameter.grad is not None
    }
