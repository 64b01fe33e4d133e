"""Run directory → network with its trained weights."""

from typing import TYPE_CHECKING

from edgeood.errors import EdgeoodError
from edgeood.networks.build import build_network
from edgeood.run import Run

if TYPE_CHECKING:
    from torch import nn

_AGAIN = "train again into a new folder."


def load_network(run: Run) -> "nn.Module":
    """The trained network of a run, float or quantized, on the CPU and in evaluation mode.

    Raises :class:`EdgeoodError` if the weights are missing, are not those that were recorded, or belong to another
    network.
    """
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ImportError as error:
        raise EdgeoodError(f"networks need the package '{error.name}'; install `edgeood[train]`.") from error
    network = build_network(run.recipe)
    try:
        weights = load_file(run.checked(run.network_file.name))
        if wrong := [name for name, values in weights.items() if not values.isfinite().all()]:
            raise EdgeoodError(f"{run.network_file} holds weights that are no numbers ({wrong[0]}); {_AGAIN}")
        network.load_state_dict(weights)
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise EdgeoodError(
            f"{run.network_file} does not hold the weights of this run's network ({reason}); {_AGAIN}"
        ) from error
    return network.cpu().eval()
