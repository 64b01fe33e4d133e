"""What the Brevitas twins have in common: their layers, and where the weights are."""

from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from edgeood.errors import EdgeoodError

try:
    from brevitas.nn import QuantConv2d, QuantIdentity, QuantLinear, QuantReLU
except ImportError as error:
    raise EdgeoodError(
        f"quantized networks need the package '{error.name}'; install `edgeood[quantize]`."
    ) from error

from edgeood.fixed_point import FixedPoint
from edgeood.networks import Outputs
from edgeood.networks.quantized.brevitas.quantizers import (
    activation_quantizer,
    bias_quantizer,
    weight_quantizer,
)
from edgeood.networks.quantized.twin import QuantizedTwin
from edgeood.recipe import Block


def quantizer(fixed_type: FixedPoint) -> nn.Module:
    """Rounds a tensor to ``fixed_type``."""
    result: nn.Module = QuantIdentity(act_quant=activation_quantizer(fixed_type))
    return result


def activation(fixed_type: FixedPoint) -> nn.Module:
    """What follows a layer's sums: a quantized ReLU if ``fixed_type`` is unsigned, else rounding alone."""
    if fixed_type.signed:
        return quantizer(fixed_type)
    result: nn.Module = QuantReLU(act_quant=activation_quantizer(fixed_type))
    return result


def _generator_untouched() -> AbstractContextManager[None]:
    """Torch's layers draw weights of their own, which would move the generator before the twin's are drawn."""
    return torch.random.fork_rng(devices=[])


class BrevitasTwin(QuantizedTwin):
    """A quantized network with Brevitas layers, named as in its fixed-point graph.

    The state dict holds the latent float weights under the names ``<layer>.weight`` and ``<layer>.bias`` (layouts
    of torch). Raises :class:`EdgeoodError` if a layer exception names no layer or a type does not suit its place.
    """

    def _add_convolution(self, name: str, channels: int, block: Block) -> None:
        """A convolution of ``channels`` channels without padding, and its activation."""
        shape = (channels, block.filters, block.kernel, block.stride)
        with _generator_untouched():
            self.add_module(name, QuantConv2d(*shape, **self._quantizers(name)))
        self.add_module(f"{name}_activation", activation(self.types[name]["activations"]))

    def _add_dense(self, name: str, width: int, size: int, part: str = "activation") -> None:
        """A dense layer from ``width`` to ``size`` numbers, and what quantizes its sums (see :meth:`_run`)."""
        with _generator_untouched():
            self.add_module(name, QuantLinear(width, size, **self._quantizers(name)))
        fixed_type = self.types[name]["edges" if part == "edges" else "activations"]
        self.add_module(f"{name}_{part}", activation(fixed_type))

    def _add_head(self, width: int) -> None:
        """Hidden dense layers, representation and logits on ``width`` numbers."""
        for i, size in enumerate(self.network.hidden):
            self._add_dense(f"dense{i}", width, size)
            width = size
        self._add_dense("representation", width, self.network.representation)
        with _generator_untouched():
            self.logits = QuantLinear(self.network.representation, self.classes, **self._quantizers("logits"))

    def _run(self, name: str, tensor: Tensor, part: str = "activation") -> Tensor:
        """A layer's sums after quantization (part: ``activation`` or ``edges``)."""
        sums = self.get_submodule(name)(tensor)
        result: Tensor = self.get_submodule(f"{name}_{part}")(sums)
        return result

    def _run_head(self, tensor: Tensor) -> Outputs:
        for i in range(len(self.network.hidden)):
            tensor = self._run(f"dense{i}", tensor)
        representation = self._run("representation", tensor)
        return Outputs(representation, self.logits(representation))

    def weights_of(self, name: str) -> tuple[Tensor, Tensor]:
        """Latent kernel and bias of a layer, in the layouts of Keras: views of the parameters."""
        weight, bias = self.get_parameter(f"{name}.weight"), self.get_parameter(f"{name}.bias")
        return (weight.permute(2, 3, 1, 0) if weight.ndim == 4 else weight.T), bias

    def _quantizers(self, name: str) -> dict[str, object]:
        types = self.types[name]
        return {
            "weight_quant": weight_quantizer(types["weights"]),
            "bias_quant": bias_quantizer(types["biases"]),
        }
