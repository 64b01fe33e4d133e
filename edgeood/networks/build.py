"""Recipe → network, and a network's outputs on many jets."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgeood.recipe import FCN, VAE, ParticleNet, ParticleNetLite, Recipe

if TYPE_CHECKING:
    from torch import nn


class OutputArrays(NamedTuple):
    """A network's outputs on many jets, float32."""

    representation: NDArray[np.float32]
    """(N, D)"""
    logits: NDArray[np.float32]
    """(N, K)"""


def build_network(recipe: Recipe) -> "nn.Module":
    """The untrained network of a recipe: the float one, or its quantized twin if the recipe quantizes."""
    classes = len(recipe.data.classes)
    if recipe.quantization is not None:
        return _build_twin(recipe, classes)
    inputs, network = recipe.inputs, recipe.network
    if isinstance(network, ParticleNetLite):
        from edgeood.networks.particlenet.lite import ParticleNetLiteClassifier

        return ParticleNetLiteClassifier(inputs, network, classes)  # type: ignore[arg-type]
    if isinstance(network, ParticleNet):
        from edgeood.networks.particlenet.classifier import ParticleNetClassifier

        return ParticleNetClassifier(network, classes, inputs.features)  # type: ignore[union-attr]
    if isinstance(network, FCN):
        from edgeood.networks.fcn import FCNClassifier

        return FCNClassifier(inputs, network, classes)  # type: ignore[arg-type]
    if isinstance(network, VAE):
        from edgeood.networks.autoencoder import VariationalAutoencoder

        return VariationalAutoencoder(inputs, network)  # type: ignore[arg-type]
    from edgeood.networks.cnn import CNNClassifier

    return CNNClassifier(inputs, network, classes)  # type: ignore[arg-type]


def _build_twin(recipe: Recipe, classes: int) -> "nn.Module":
    twin_class: Any
    qkeras = recipe.quantization is not None and recipe.quantization.toolkit == "qkeras"
    if isinstance(recipe.network, ParticleNetLite):
        if qkeras:
            from edgeood.networks.quantized.qkeras.particlenet import QKerasParticleNet as twin_class
        else:
            from edgeood.networks.quantized.brevitas.particlenet import BrevitasParticleNet as twin_class
    elif qkeras:
        from edgeood.networks.quantized.qkeras.cnn import QKerasCNN as twin_class
    else:
        from edgeood.networks.quantized.brevitas.cnn import BrevitasCNN as twin_class
    twin: nn.Module = twin_class(recipe.inputs, recipe.network, recipe.quantization, classes)
    return twin


def outputs_of(
    network: "nn.Module", inputs: NDArray[Any], batch_size: int = 512, device: str | None = None
) -> OutputArrays:
    """Outputs of a network on many jets: the (N, …) inputs go through it in batches.

    Where ``device`` is another than the network's, it is lent to it for that long.
    """
    import torch

    home = next(network.parameters()).device
    network.to(device or home).eval()
    representation, logits = [], []
    try:
        with torch.inference_mode():
            for start in range(0, len(inputs), batch_size):
                outputs = network(torch.from_numpy(inputs[start : start + batch_size]).to(device or home))
                representation.append(outputs.representation.float().cpu().numpy())
                logits.append(outputs.logits.float().cpu().numpy())
    finally:
        network.to(home)
    return OutputArrays(np.concatenate(representation), np.concatenate(logits))


def fastest_device(recipe: Recipe) -> str:
    """Where a recipe's network computes fastest: on a GPU, if there is one; a twin, whose bits count, on the CPU."""
    import torch

    return "cuda" if recipe.quantization is None and torch.cuda.is_available() else "cpu"
