"""Run directory → the fixed-point graph of its quantized network, without the frameworks that trained it."""

import numpy as np

from edgeood.errors import EdgeoodError
from edgeood.fixed_point.graph import FixedGraph
from edgeood.networks.quantized.fixed_graph import Weights, graph_of_weights
from edgeood.networks.quantized.layer_types import kernel_shapes
from edgeood.recipe import CNN, Images, ParticleNetLite, TriggerCandidates
from edgeood.run import Run

_AGAIN = "train again into a new folder."


def stored_graph(run: Run) -> FixedGraph:
    """The graph of a quantized run's weights, as :func:`~edgeood.networks.quantized.fixed_graph.fixed_graph` makes it
    of the loaded network.

    Raises :class:`EdgeoodError` for a float run, and if the weights are missing, are not those that were recorded, or
    belong to another network.
    """
    recipe = run.recipe
    inputs, network, quantization = recipe.inputs, recipe.network, recipe.quantization
    if quantization is None:
        raise EdgeoodError(f"{run.path} is a float run, which has no integers; take its quantized twin.")
    assert isinstance(inputs, Images | TriggerCandidates)
    assert isinstance(network, CNN | ParticleNetLite)
    expected = kernel_shapes(inputs, network, len(recipe.data.classes))
    return graph_of_weights(inputs, network, quantization, _weights(run, quantization.toolkit, expected))


def _weights(run: Run, toolkit: str, expected: dict[str, tuple[int, ...]]) -> Weights:
    """Kernels, in the layouts of Keras, and biases of the run's file."""
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
    except ImportError as error:
        raise EdgeoodError(f"networks need the package '{error.name}'; install `edgeood[train]`.") from error
    try:
        stored = load_file(run.checked(run.network_file.name))
    except (OSError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise EdgeoodError(
            f"{run.network_file} does not hold the weights of this run's network ({reason}); {_AGAIN}"
        ) from error
    kernel_name = "kernel" if toolkit == "qkeras" else "weight"
    weights = {}
    for name, shape in expected.items():
        kernel, bias = stored.get(f"{name}.{kernel_name}"), stored.get(f"{name}.bias")
        if kernel is not None and toolkit != "qkeras":
            # Torch's layouts.
            kernel = kernel.transpose(2, 3, 1, 0) if kernel.ndim == 4 else kernel.T
        if kernel is None or bias is None or kernel.shape != shape or bias.shape != shape[-1:]:
            raise EdgeoodError(
                f"{run.network_file} does not hold the weights of this run's network (of layer '{name}'); {_AGAIN}"
            )
        if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
            raise EdgeoodError(f"{run.network_file} holds weights that are no numbers ({name}); {_AGAIN}")
        weights[name] = (kernel, bias)
    return weights
