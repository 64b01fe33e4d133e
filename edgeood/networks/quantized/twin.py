"""What every quantized twin offers, whatever toolkit its layers come from."""

from abc import abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from edgeood.networks.quantized.layer_types import layer_names, layer_types, side_before
from edgeood.recipe import CNN, Images, ParticleNetLite, Quantization, TriggerCandidates


class QuantizedTwin(nn.Module):
    """A quantized network with latent float weights, one type per layer and part.

    All steps are powers of two, per tensor; rounding is half to even, overflow saturates. ``forward`` returns
    representation and logits exactly on their grids, as long as float32 holds the accumulators.
    """

    def __init__(
        self,
        inputs: Images | TriggerCandidates,
        network: CNN | ParticleNetLite,
        quantization: Quantization,
        classes: int,
    ) -> None:
        super().__init__()
        self.inputs, self.network, self.quantization, self.classes = inputs, network, quantization, classes
        self.types = layer_types(network, quantization)

    @property
    def layer_names(self) -> list[str]:
        """Names of the layers with weights."""
        return layer_names(self.network)

    @abstractmethod
    def weights_of(self, name: str) -> tuple[Tensor, Tensor]:
        """Latent kernel and bias of a layer.

        Kernels have the layouts of Keras: (in, out), or (height, width, in, out). They share memory with the
        parameters: changed in place, they change the network.
        """

    @torch.no_grad()
    def keep_in_range(self) -> None:
        """Clip the latent weights to their types' ranges, where a gradient can still move them."""
        for name, types in self.types.items():
            kernel, bias = self.weights_of(name)
            kernel.clamp_(types["weights"].low, types["weights"].high)
            bias.clamp_(types["biases"].low, types["biases"].high)

    @torch.no_grad()
    def start(self) -> None:
        """Draw all kernels from torch's generator, so that one seed decides the network whatever the toolkit."""
        for name in self.layer_names:
            kernel, bias = self.weights_of(name)
            # A kernel may be a view with strides: filled in place, the order of the draws would be memory's.
            drawn = torch.empty(kernel.shape, dtype=kernel.dtype, device=kernel.device)
            kernel.copy_(nn.init.trunc_normal_(drawn, std=(2 / kernel[..., 0].numel()) ** 0.5))
            bias.zero_()
        self.keep_in_range()


@torch.no_grad()
def start_from_float(twin: QuantizedTwin, float_state: Mapping[str, Tensor]) -> list[str]:
    """Copy the weights of the float network of the same kind into the twin.

    Layers whose shapes differ keep their weights; the names of the copied layers are returned. Torch's float
    CNN flattens (channel, row, column) before the first dense layer; ``weights_of`` does as Keras does, (row,
    column, channel).
    """
    copied = []
    for name in twin.layer_names:
        kernel, bias = twin.weights_of(name)
        theirs = _float_name(name) if isinstance(twin.network, CNN) else name
        if f"{theirs}.weight" not in float_state:
            continue
        weight = float_state[f"{theirs}.weight"].detach().to(kernel)
        if name.startswith("conv"):
            weight = weight.permute(2, 3, 1, 0)
        elif side := side_before(twin.inputs, twin.network, name):
            if weight.shape != (kernel.shape[1], kernel.shape[0]):
                continue
            weight = weight.reshape(len(weight), -1, side, side).permute(0, 2, 3, 1)
            weight = weight.reshape(len(weight), -1).T
        else:
            weight = weight.T
        if weight.shape != kernel.shape:
            continue
        kernel.copy_(weight)
        bias.copy_(float_state[f"{theirs}.bias"])
        copied.append(name)
    twin.keep_in_range()
    return copied


def _float_name(name: str) -> str:
    if name.startswith("conv"):
        return f"blocks.{name.removeprefix('conv')}.convolution"
    if name.startswith("dense"):
        return f"hidden.{name.removeprefix('dense')}"
    return name
