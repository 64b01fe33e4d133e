"""The convolutions that networks on images begin with, after the encoder of Heimel et al. [arXiv:1808.08979]."""

from collections.abc import Sequence
from typing import Literal

from torch import nn

from edgeood.recipe import Block


def rectifier(activation: Literal["prelu", "relu"]) -> nn.Module:
    """One activation of a network on images."""
    return nn.PReLU() if activation == "prelu" else nn.ReLU()


def convolutions(
    blocks: Sequence[Block],
    pixels: int,
    pooling: Literal["average", "max"] = "average",
    activation: Literal["prelu", "relu"] = "prelu",
) -> tuple[nn.ModuleList, int]:
    """Blocks of a convolution without padding, rectifier and pooling, for images of ``pixels`` by ``pixels``.

    Returns them, each with parts ``convolution``, ``activation`` and, if it pools, ``pool``, and the number of
    values that leave the last one.
    """
    modules = nn.ModuleList()
    channels, side = 1, pixels
    for block in blocks:
        layers = nn.Sequential()
        layers.add_module("convolution", nn.Conv2d(channels, block.filters, block.kernel, block.stride))
        layers.add_module("activation", rectifier(activation))
        if block.pool > 1:
            pool = nn.AvgPool2d if pooling == "average" else nn.MaxPool2d
            layers.add_module("pool", pool(block.pool))
        modules.append(layers)
        channels, side = block.filters, block.side_after(side)
    return modules, channels * side * side
