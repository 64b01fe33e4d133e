"""Is float32 exact for a quantized network? And its outputs in float64, where it is not."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from edgeood.networks.build import OutputArrays

if TYPE_CHECKING:
    from edgeood.networks.quantized.qkeras_cnn import QKerasCNN

FLOAT32_BITS = 24


def accumulator_bits(network: "QKerasCNN") -> dict[str, int]:
    """Bits of the largest |Σ w·x + b| that each layer can produce, in units of its finest step.

    At most 24 bits means that float32 computes the layer exactly, whatever the order of summation.
    """
    _, _, quantization, _ = network.arguments
    taken, bits = quantization.input, {}
    for name, types in network.types.items():
        kernel, bias = network.weights_of(name)
        weights = types["weights"].to_integers(kernel.detach().cpu())
        biases = types["biases"].to_integers(bias.detach().cpu())
        fraction = max(types["weights"].fraction + taken.fraction, types["biases"].fraction)
        reach = max(taken.highest_integer, -taken.lowest_integer)
        sums = np.abs(weights).reshape(-1, weights.shape[-1]).sum(axis=0) * reach
        sums = sums << (fraction - types["weights"].fraction - taken.fraction)
        largest = sums + (np.abs(biases) << (fraction - types["biases"].fraction))
        bits[name] = int(largest.max()).bit_length()
        taken = types["activations"]
    return bits


def exact_outputs(network: "QKerasCNN", images: np.ndarray, batch_size: int = 256) -> OutputArrays:
    """Representation (N, D) and logits (N, K) in float64 from (N, 1, P, P) images, independent of Keras."""
    _, cnn, quantization, _ = network.arguments

    def constants(name: str) -> tuple[torch.Tensor, torch.Tensor]:
        types, (kernel, bias) = network.types[name], network.weights_of(name)
        exact = (
            types["weights"].quantize(kernel.detach().cpu()),
            types["biases"].quantize(bias.detach().cpu()),
        )
        return torch.from_numpy(exact[0]), torch.from_numpy(exact[1])

    def activate(name: str, sums: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(network.types[name]["activations"].quantize(sums))

    representations, logits = [], []
    for start in range(0, len(images), batch_size):
        x = torch.from_numpy(quantization.input.quantize(images[start : start + batch_size]))
        for i, block in enumerate(cnn.blocks):
            kernel, bias = constants(f"conv{i}")
            x = activate(f"conv{i}", nn.functional.conv2d(x, kernel.permute(3, 2, 0, 1), bias, block.stride))
            x = nn.functional.max_pool2d(x, block.pool)
        x = x.permute(0, 2, 3, 1).flatten(1)
        for name in [*(f"dense{i}" for i in range(len(cnn.hidden))), "representation"]:
            kernel, bias = constants(name)
            x = activate(name, x @ kernel + bias)
        kernel, bias = constants("logits")
        representations.append(x.numpy())
        logits.append((x @ kernel + bias).numpy())
    return OutputArrays(np.concatenate(representations), np.concatenate(logits))
