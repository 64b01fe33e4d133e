"""A functional QKeras model as a torch module: what the QKeras twins of all networks share."""

from abc import abstractmethod
from typing import Any, cast

from torch import Tensor, nn

from edgeood.fixed_point import FixedPoint
from edgeood.networks import Outputs
from edgeood.networks.quantized.qkeras.backend import import_qkeras
from edgeood.networks.quantized.qkeras.quantizers import fixed_point_of, fused_quantizer, plain_quantizer
from edgeood.networks.quantized.twin import QuantizedTwin
from edgeood.recipe import CNN, Images, ParticleNetLite, Quantization, TriggerCandidates

keras, qkeras = import_qkeras()


class QKerasTwin(QuantizedTwin):
    """A quantized network with QKeras layers that trains in a plain torch loop.

    The state dict holds the latent float weights under the names ``<layer>.kernel`` and ``<layer>.bias``
    (layouts of Keras). Raises :class:`EdgeoodError` if a layer exception names no layer or a type does not
    suit its place.
    """

    def __init__(
        self,
        inputs: Images | TriggerCandidates,
        network: CNN | ParticleNetLite,
        quantization: Quantization,
        classes: int,
    ) -> None:
        super().__init__(inputs, network, quantization, classes)
        # Keras would place everything on the first GPU; where a module lives is torch's to say.
        with keras.device("cpu"):
            model = self._functional_model()
        _fuse(model)
        # In a list torch does not look for modules: each parameter is registered once, under our name.
        self._model = [model]
        for name in self.layer_names:
            layer, holder = model.get_layer(name), nn.Module()
            holder.register_parameter("kernel", layer.kernel.value)
            holder.register_parameter("bias", layer.bias.value)
            self.add_module(name, holder)
        self.start()

    @abstractmethod
    def _functional_model(self) -> Any:
        """The network as QKeras has it: inputs → [representation, logits]."""

    def _run(self, inputs: Tensor) -> Outputs:
        """Representation and logits of inputs that are laid out as Keras wants them."""
        if self.training:
            self.keep_in_range()
        with keras.device(str(inputs.device)):
            representation, logits = self._model[0](inputs)
        return Outputs(representation, logits)

    def weights_of(self, name: str) -> tuple[nn.Parameter, nn.Parameter]:
        """Latent kernel and bias of a layer, in the layouts of Keras."""
        holder = self.get_submodule(name)
        return cast(nn.Parameter, holder.kernel), cast(nn.Parameter, holder.bias)

    def keras_model(self) -> Any:
        """The same network as a plain functional QKeras model, without our quantizer classes."""
        self.keep_in_range()
        with keras.device("cpu"):
            model = self._functional_model()
        for name in self.layer_names:
            model.get_layer(name).set_weights([one.detach().cpu().numpy() for one in self.weights_of(name)])
        return model

    def _layer_settings(self, name: str) -> dict[str, Any]:
        """Name and quantizers of a layer with weights."""
        return {
            "kernel_quantizer": plain_quantizer(self.types[name]["weights"]),
            "bias_quantizer": plain_quantizer(self.types[name]["biases"]),
            "name": name,
        }

    def _dense(self, x: Any, name: str, width: int, part: str = "activation") -> Any:
        """A dense layer and what quantizes its sums (part: ``activation`` or ``edges``)."""
        fixed_type = self.types[name]["edges" if part == "edges" else "activations"]
        x = qkeras.QDense(width, **self._layer_settings(name))(x)
        return quantized(x, fixed_type, f"{name}_{part}")

    def _head(self, x: Any) -> list[Any]:
        """Hidden dense layers, representation (linear if its type is signed), logits."""
        for i, width in enumerate(self.network.hidden):
            x = self._dense(x, f"dense{i}", width)
        representation = self._dense(x, "representation", self.network.representation)
        logits = qkeras.QDense(self.classes, **self._layer_settings("logits"))(representation)
        return [representation, logits]


def quantized(x: Any, fixed_type: FixedPoint, name: str) -> Any:
    """A tensor of Keras rounded to a type, by a layer of that name; unsigned types are a ReLU besides."""
    return qkeras.QActivation(plain_quantizer(fixed_type), name=name)(x)


def _fuse(model: Any) -> None:
    """Give every layer the fast twins of its quantizers (in place)."""
    for layer in model.layers:
        if isinstance(layer, qkeras.QActivation):
            layer.activation = fused_quantizer(fixed_point_of(layer.activation))
        elif isinstance(layer, qkeras.QConv2D | qkeras.QDense):
            layer.kernel_quantizer_internal = fused_quantizer(fixed_point_of(layer.kernel_quantizer_internal))
            layer.bias_quantizer_internal = fused_quantizer(fixed_point_of(layer.bias_quantizer_internal))
