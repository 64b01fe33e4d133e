"""The quantized twin of the CNN: a functional QKeras model inside a torch module."""

import os
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from edgeood.atomic import atomic_path
from edgeood.networks import Outputs
from edgeood.networks.quantized.fused_quantizers import fixed_point_of, fused_quantizer, plain_quantizer
from edgeood.networks.quantized.keras_backend import import_qkeras
from edgeood.networks.quantized.layer_types import layer_names, layer_types
from edgeood.recipe import CNN, Images, Quantization

keras, qkeras = import_qkeras()


def _keras_model(inputs: Images, network: CNN, quantization: Quantization, classes: int) -> Any:
    """The functional QKeras model: (B, P, P, 1) images → [representation, logits]."""
    types = layer_types(network, quantization)

    def settings(name: str) -> dict[str, Any]:
        return {
            "kernel_quantizer": plain_quantizer(types[name]["weights"]),
            "bias_quantizer": plain_quantizer(types[name]["biases"]),
            "name": name,
        }

    def activation(name: str) -> Any:
        return qkeras.QActivation(plain_quantizer(types[name]["activations"]), name=f"{name}_activation")

    images = keras.Input((inputs.pixels, inputs.pixels, 1), name="images")
    x = qkeras.QActivation(plain_quantizer(quantization.input), name="input_quantizer")(images)
    for i, block in enumerate(network.blocks):
        x = qkeras.QConv2D(block.filters, block.kernel, block.stride, **settings(f"conv{i}"))(x)
        x = activation(f"conv{i}")(x)
        if block.pool > 1:
            x = keras.layers.MaxPooling2D(block.pool, name=f"pool{i}")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    for i, width in enumerate(network.hidden):
        x = activation(f"dense{i}")(qkeras.QDense(width, **settings(f"dense{i}"))(x))
    x = qkeras.QDense(network.representation, **settings("representation"))(x)
    representation = activation("representation")(x)
    logits = qkeras.QDense(classes, **settings("logits"))(representation)
    return keras.Model(images, [representation, logits], name="edgeood")


def _fuse(model: Any) -> None:
    """Give every layer the fast twins of its quantizers (in place)."""
    for layer in model.layers:
        if isinstance(layer, qkeras.QActivation):
            layer.activation = fused_quantizer(fixed_point_of(layer.activation))
        elif isinstance(layer, qkeras.QConv2D | qkeras.QDense):
            layer.kernel_quantizer_internal = fused_quantizer(fixed_point_of(layer.kernel_quantizer_internal))
            layer.bias_quantizer_internal = fused_quantizer(fixed_point_of(layer.bias_quantizer_internal))


class QKerasCNN(nn.Module):
    """Quantized CNN on jet images, with QKeras layers that train in a plain torch loop.

    Input quantizer, [convolution, quantized ReLU, max pooling] per block, hidden dense layers, representation
    (linear if its type is signed, else with quantized ReLU), logits. All steps are powers of two, per tensor;
    rounding is half to even, overflow saturates. The state dict holds the latent float weights under the names
    ``<layer>.kernel`` and ``<layer>.bias`` (layouts of Keras), layers named by :func:`layer_names`.
    """

    def __init__(self, inputs: Images, network: CNN, quantization: Quantization, classes: int) -> None:
        super().__init__()
        self.arguments = (inputs, network, quantization, classes)
        self.types = layer_types(network, quantization)
        # Keras would place everything on the first GPU; where a module lives is torch's to say.
        with keras.device("cpu"):
            model = _keras_model(*self.arguments)
        _fuse(model)
        # In a list torch does not look for modules: each parameter is registered once, under our name.
        self._model = [model]
        for name in layer_names(network):
            layer, holder = model.get_layer(name), nn.Module()
            holder.register_parameter("kernel", layer.kernel.value)
            holder.register_parameter("bias", layer.bias.value)
            self.add_module(name, holder)
            # From torch's generator, so that one seed decides the network (Keras has generators of its own).
            fan_in = layer.kernel.value[..., 0].numel()
            nn.init.trunc_normal_(layer.kernel.value, std=(2 / fan_in) ** 0.5)
        self.keep_in_range()

    def forward(self, images: Tensor) -> Outputs:
        """(batch, 1, P, P) images → representation (batch, D) and logits (batch, K), exactly on their grids."""
        if self.training:
            self.keep_in_range()
        # One channel: channels-first and channels-last are the same bytes.
        with keras.device(str(images.device)):
            representation, logits = self._model[0](images.reshape(len(images), *images.shape[2:], 1))
        return Outputs(representation, logits)

    def weights_of(self, name: str) -> tuple[nn.Parameter, nn.Parameter]:
        """Latent kernel and bias of a layer, in the layouts of Keras."""
        holder = self.get_submodule(name)
        return cast(nn.Parameter, holder.kernel), cast(nn.Parameter, holder.bias)

    @torch.no_grad()
    def keep_in_range(self) -> None:
        """Clip the latent weights to their types' ranges, where a gradient can still move them."""
        for name, types in self.types.items():
            kernel, bias = self.weights_of(name)
            kernel.clamp_(types["weights"].low, types["weights"].high)
            bias.clamp_(types["biases"].low, types["biases"].high)

    def keras_model(self) -> Any:
        """The same network as a plain functional QKeras model, without our quantizer classes."""
        self.keep_in_range()
        with keras.device("cpu"):
            model = _keras_model(*self.arguments)
        for name in self.types:
            model.get_layer(name).set_weights([one.detach().cpu().numpy() for one in self.weights_of(name)])
        return model


def build_qkeras_cnn(inputs: Images, network: CNN, quantization: Quantization, classes: int) -> QKerasCNN:
    """The untrained quantized twin of a CNN, by the sections of a recipe; ``classes`` is the number of logits.

    Raises :class:`EdgeoodError` if a layer exception names no layer or a type does not suit its place.
    """
    return QKerasCNN(inputs, network, quantization, classes)


def save_keras(module: nn.Module, path: str | os.PathLike[str]) -> None:
    """Save the quantized twin as a ``.keras`` file that QKeras opens on any backend, wholly or not at all."""
    with atomic_path(path) as temporary:
        cast(QKerasCNN, module).keras_model().save(temporary)


@torch.no_grad()
def start_from_float(module: nn.Module, float_state: Mapping[str, Tensor]) -> list[str]:
    """Copy the weights of a float :class:`~edgeood.networks.cnn.CNNClassifier` into the twin.

    Layers whose shapes differ keep their weights; the names of the copied layers are returned. Torch
    flattens (channel, row, column) before the first dense layer, Keras (row, column, channel).
    """
    twin, copied = cast(QKerasCNN, module), []
    for name in twin.types:
        kernel, bias = twin.weights_of(name)
        theirs = _float_name(name)
        if f"{theirs}.weight" not in float_state:
            continue
        weight = float_state[f"{theirs}.weight"].detach().to(kernel)
        if name.startswith("conv"):
            weight = weight.permute(2, 3, 1, 0)
        elif side := _side_before(twin, name):
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


def _side_before(twin: QKerasCNN, name: str) -> int:
    """Pixels a side of what is flattened into layer ``name``; 0 if it is not the first dense layer."""
    inputs, network, _, _ = twin.arguments
    if name != ("dense0" if network.hidden else "representation"):
        return 0
    side = inputs.pixels
    for block in network.blocks:
        side = block.side_after(side)
    return side
