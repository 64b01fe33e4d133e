"""Scores by the trained network itself and NumPy: the reference of the other engines."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.networks.build import OutputArrays, outputs_of
from edgeood.networks.load import load_network
from edgeood.run import Run
from edgeood.scores import load_score
from edgeood.scores.fused import fused_score


class Network:
    """Representation and logits by the network, then the score: in fixed point if the run is quantized."""

    name = "network"

    def __init__(
        self, outputs: Callable[[NDArray], OutputArrays], score: Callable[..., NDArray], threshold: float
    ) -> None:
        self._outputs = outputs
        self._score = score
        self.threshold = threshold

    def __call__(self, inputs: NDArray) -> NDArray[np.float64]:
        """(N,) scores from (N, …) network inputs."""
        outputs = self._outputs(np.ascontiguousarray(inputs, np.float32))
        return self._score(outputs.representation, outputs.logits)


def open_network(run: Run, score: str) -> Network:
    """The reference engine of a run.

    A quantized network whose sums may exceed float32's 24 bits is computed in float64. Raises
    :class:`EdgeoodError` if the weights or the fitted score are missing.
    """
    parameters = run.load_scores()
    if score not in parameters:
        raise EdgeoodError(
            f"{run.path} has no fitted score '{score}'; choose one of {', '.join(parameters)}."
        )
    network = load_network(run)
    threshold = float(parameters[score]["threshold"])
    if not run.quantized:
        return Network(
            lambda inputs: outputs_of(network, inputs), load_score(score, parameters[score]), threshold
        )
    from edgeood.networks.quantized.exact import FLOAT32_BITS, accumulator_bits, exact_outputs
    from edgeood.networks.quantized.fixed_graph import fixed_graph

    fused = fused_score(run.recipe, score, parameters[score])
    graph = fixed_graph(network)  # type: ignore[arg-type]
    if max(accumulator_bits(graph).values()) > FLOAT32_BITS:
        return Network(lambda inputs: exact_outputs(graph, inputs), fused, threshold)
    return Network(lambda inputs: outputs_of(network, inputs), fused, threshold)
