"""A ``.keras`` file of QKeras layers → its integer meaning."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.graph import (
    INPUT,
    Constant,
    ConstituentMean,
    Convolution,
    Dense,
    FixedGraph,
    Flatten,
    KnnGather,
    MaxPool,
    Operation,
    Quantize,
)
from edgeood.foreign.network import REMEDY, ForeignNetwork, constant_of

_KNOWN = "QConv2D, QDense, QActivation, MaxPooling2D, Flatten, Dropout and the layers of ParticleNet-lite"
_BATCH = 256


def read_keras(path: str | os.PathLike[str]) -> ForeignNetwork:
    """The network of a ``.keras`` file, sequential or functional, with one input; its last output are the logits.

    A softmax at the end is passed over, and so is dropout. Nothing that the file brings is executed: layers that are
    Python code are refused. Raises :class:`EdgeoodError` for a file that cannot be opened, and for a layer or a
    setting without an integer meaning.
    """
    from edgeood.networks.quantized.qkeras.backend import import_qkeras
    from edgeood.networks.quantized.qkeras.files import open_keras

    keras, _ = import_qkeras()
    loaded = open_keras(path)
    if len(loaded.inputs) != 1:
        raise EdgeoodError(f"{path} has {len(loaded.inputs)} inputs; a jet's image or candidates are one.")
    model = keras.Model(loaded.inputs, loaded.outputs)
    reader = _Reader(model, str(path))
    layers = model.get_config()["layers"]
    for layer in layers:
        reader.read(layer)
    last = reader.last
    shape = tuple(int(side) for side in model.inputs[0].shape[1:])
    logits = keras.Model(model.inputs, model.get_layer(reader.layer_of_logits).output)
    graph = FixedGraph(
        (1, *shape[:2]) if len(shape) == 3 else shape, tuple(reader.operations), last.inputs[0], last.name
    )
    return ForeignNetwork(graph, _computed(logits, shape), "qkeras")


def _computed(model: Any, shape: Sequence[int]) -> Callable[[NDArray[np.float32]], NDArray[np.float64]]:
    """The model on network inputs, a batch at a time."""

    def logits(inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        import torch

        parts = []
        with torch.no_grad():
            for start in range(0, len(inputs), _BATCH):
                batch = inputs[start : start + _BATCH]
                # One channel: channels-first and channels-last are the same bytes.
                outputs = model(torch.from_numpy(batch.reshape(len(batch), *shape)), training=False)
                parts.append(outputs.cpu().numpy().astype(np.float64))
        return np.concatenate(parts)

    return logits


class _Reader:
    def __init__(self, model: Any, path: str) -> None:
        self.model, self.path = model, path
        self.operations: list[Operation] = []
        self.tensors: dict[str, str] = {}
        """Layer → the tensor that it leaves"""
        self.layer_of_logits = ""
        self._ends = False

    @property
    def last(self) -> Dense:
        """The layer of the logits."""
        if not self.operations or not isinstance(self.operations[-1], Dense):
            raise EdgeoodError(
                f"{self.path} does not end with a QDense layer of logits (or a softmax of them); give it one."
            )
        return self.operations[-1]

    def read(self, layer: Mapping[str, Any]) -> None:
        """One layer of the model's configuration; those that it reads came before."""
        sort, name = layer["class_name"], layer["name"]
        if sort == "InputLayer":
            self.tensors[name] = INPUT
            return
        if len(layer["inbound_nodes"]) != 1:
            raise self._refused(name, "is used more than once; give every place a layer of its own")
        if self._ends:
            raise self._refused(name, "stands behind a softmax; only the end of a network is one")
        inputs = tuple(self.tensors[one] for one in _histories(layer["inbound_nodes"][0]))
        own, readers = self.model.get_layer(name), self._readers()
        if sort not in readers:
            raise self._refused(name, f"is a {sort}, which has no integer meaning here; use {_KNOWN}")
        self.tensors[name] = readers[sort](name, own, inputs)

    def _readers(self) -> dict[str, Callable[[str, Any, tuple[str, ...]], str]]:
        return {
            "QConv2D": self._convolution,
            "QDense": self._dense,
            "QActivation": lambda name, layer, inputs: self._activated(name, inputs[0], layer.activation),
            "Activation": lambda name, layer, inputs: self._activated(name, inputs[0], layer.activation),
            "Softmax": lambda name, layer, inputs: self._activated(
                name, inputs[0], self._named("softmax", layer)
            ),
            "MaxPooling2D": self._pool,
            "Flatten": lambda name, layer, inputs: self._add(Flatten(name, inputs)),
            "Dropout": lambda name, layer, inputs: inputs[0],
            "KnnGatherLayer": self._gather,
            "ConstituentMeanLayer": lambda name, layer, inputs: self._add(ConstituentMean(name, inputs)),
        }

    def _convolution(self, name: str, layer: Any, inputs: tuple[str, ...]) -> str:
        strides, window = set(layer.strides), set(layer.kernel_size)
        if layer.padding != "valid" or set(layer.dilation_rate) != {1} or layer.groups != 1:
            raise self._refused(
                name, "is padded, dilated or grouped; use padding='valid' and neither of both"
            )
        if len(strides) > 1 or len(window) > 1:
            raise self._refused(name, "is not square; use one size and one stride for rows and columns")
        kernel, bias = self._parameters(name, layer)
        kernel = Constant(kernel.integers.transpose(3, 2, 0, 1), kernel.type)
        tensor = self._add(Convolution(f"{name}_sums", inputs, kernel, bias, strides.pop()))
        return self._activated(name, tensor, layer.activation)

    def _dense(self, name: str, layer: Any, inputs: tuple[str, ...]) -> str:
        kernel, bias = self._parameters(name, layer)
        flat = next((one for one in self.operations if one.name == inputs[0]), None)
        if isinstance(flat, Flatten):
            *_, rows, columns, channels = self.model.get_layer(flat.name).input.shape
            order = (
                np.arange(len(kernel.integers)).reshape(rows, columns, channels).transpose(2, 0, 1).ravel()
            )
            kernel = Constant(kernel.integers[order], kernel.type)
        tensor = self._add(Dense(f"{name}_sums", inputs, kernel, bias))
        if _name_of(layer.activation) == "softmax":
            layer.activation = self._named("linear", layer)
            self._ends = True
        self.layer_of_logits = name
        return self._activated(name, tensor, layer.activation)

    def _pool(self, name: str, layer: Any, inputs: tuple[str, ...]) -> str:
        sides = {*layer.pool_size, *layer.strides}
        if layer.padding != "valid" or len(sides) > 1:
            raise self._refused(name, "pools over windows that are padded, overlap or are not square")
        return self._add(MaxPool(name, inputs, sides.pop()))

    def _gather(self, name: str, layer: Any, inputs: tuple[str, ...]) -> str:
        settings = layer.neighbours, layer.first, layer.coordinates, layer.coordinate_type
        return self._add(KnnGather(name, inputs, *settings))

    def _activated(self, name: str, tensor: str, activation: Any) -> str:
        """What a quantizer leaves of a tensor; nothing happens to it if there is none."""
        if activation is None or _name_of(activation) == "linear":
            return tensor
        if _name_of(activation) == "softmax":
            self._ends = True
            return tensor
        fixed_type = _type_of(activation)
        if fixed_type is None:
            raise self._refused(name, f"has the activation {_name_of(activation)}; {REMEDY[:-1]}")
        return self._add(Quantize(name, (tensor,), fixed_type))

    def _parameters(self, name: str, layer: Any) -> tuple[Constant, Constant]:
        """Kernel, in Keras's layout, and bias, as their quantizers leave them."""
        kernel = self._constant(
            f"the weights of layer '{name}'", layer.kernel, layer.kernel_quantizer_internal
        )
        if not layer.use_bias:
            return kernel, constant_of(np.zeros(layer.kernel.shape[-1]), None, "")
        return kernel, self._constant(
            f"the biases of layer '{name}'", layer.bias, layer.bias_quantizer_internal
        )

    def _constant(self, what: str, values: Any, quantizer: Any) -> Constant:
        rounded = values if quantizer is None else quantizer(values)
        array = rounded.detach().cpu().numpy() if hasattr(rounded, "detach") else np.asarray(rounded)
        return constant_of(array, _type_of(quantizer), f"{self.path}: {what}")

    def _add(self, operation: Operation) -> str:
        self.operations.append(operation)
        return operation.name

    def _named(self, activation: str, layer: Any) -> Any:
        from edgeood.networks.quantized.qkeras.backend import import_qkeras

        return getattr(import_qkeras()[0].activations, activation)

    def _refused(self, name: str, why: str) -> EdgeoodError:
        return EdgeoodError(f"{self.path}: layer '{name}' {why}.")


def _histories(node: Any) -> list[str]:
    """Names of the layers whose outputs a layer is called with, in their order."""
    if isinstance(node, Mapping):
        if node.get("class_name") == "__keras_tensor__":
            return [node["config"]["keras_history"][0]]
        return [name for one in node.values() for name in _histories(one)]
    if isinstance(node, list | tuple):
        return [name for one in node for name in _histories(one)]
    return []


def _name_of(activation: Any) -> str:
    return str(getattr(activation, "__name__", type(activation).__name__))


def _type_of(quantizer: Any) -> FixedPoint | None:
    """The type that a quantizer rounds to; None if there is none with a power-of-two step for all."""
    from edgeood.networks.quantized.qkeras.quantizers import fixed_point_of

    if quantizer is None:
        return None
    if getattr(quantizer, "alpha", 1) is None:
        # Of an activation: no scale but the step. Those of weights were given one by their layer.
        quantizer = type(quantizer).from_config({**quantizer.get_config(), "alpha": 1})
    try:
        return fixed_point_of(quantizer)
    except ValueError:
        return None
