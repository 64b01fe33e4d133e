"""Scores by the trained network itself and NumPy: the reference of the other engines."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgeood.networks.build import outputs_of
from edgeood.networks.load import load_network
from edgeood.run import Run
from edgeood.runtime import Decided, Progress
from edgeood.scores import AnomalyScore, load_score

if TYPE_CHECKING:
    from torch import nn

    from edgeood.scores.fused import FusedScore
    from edgeood.scores.fused.network import FusedNetwork


class Network:
    """Representation and logits by the network, then the score: in fixed point if the run is quantized."""

    name = "network"

    def __init__(
        self,
        score: Callable[[NDArray[Any]], NDArray[np.float64]],
        threshold: float,
        fused: "FusedNetwork | None" = None,
    ) -> None:
        self._score = score
        self.threshold = threshold
        self._fused = fused

    @property
    def mass_blind(self) -> bool:
        """Whether the threshold depends on the jet's mass."""
        return self._fused is not None and self._fused.decision is not None

    def __call__(self, inputs: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) scores from (N, …) network inputs."""
        return self._score(np.ascontiguousarray(inputs, np.float32))

    def decide(self, inputs: NDArray[Any], mass_gev: NDArray[Any]) -> Decided:
        """The scores, and the decisions that firmware's integers lead to."""
        scores = self(inputs)
        anomalous = scores > self.threshold
        if self._fused is not None:
            known = ~np.isnan(scores)
            integers = np.rint(scores[known] / self._fused.step).astype(np.int64)
            anomalous[known] = self._fused.decisions(integers, mass_gev[known])
        return Decided(scores, anomalous)


def open_network(
    run: Run, score: str, *, workers: int | None = None, progress: Progress | None = None
) -> Network:
    """The reference engine of a run.

    Torch's own threads do the work, whatever ``workers``; ``progress`` is not told, as jets are done at once.
    A quantized network whose sums may exceed float32's 24 bits is computed in float64. Raises
    :class:`EdgeoodError` if the weights or the fitted score are missing.
    """
    parameters = run.score_parameters(score)
    network = load_network(run)
    if not run.quantized:
        threshold = float(parameters["threshold"])
        return Network(lambda inputs: _scored(network, load_score(score, parameters), inputs), threshold)
    from edgeood.fixed_point.ranges import FLOAT32_BITS, accumulator_bits
    from edgeood.scores.fused.network import fused_network

    fused = fused_network(run, score, network)
    if max(accumulator_bits(fused.graph).values()) > FLOAT32_BITS:
        return Network(fused, fused.threshold, fused)
    return Network(lambda inputs: _scored(network, fused.score, inputs), fused.threshold, fused)


def _scored(
    network: "nn.Module", score: "AnomalyScore | FusedScore", inputs: NDArray[Any]
) -> NDArray[np.float64]:
    return score(*outputs_of(network, inputs))
