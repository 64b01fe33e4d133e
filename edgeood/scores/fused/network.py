"""What goes to a chip: a network and the score that is fused to its end, both in integers."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.bit_operations import BitOperations, bit_operations
from edgeood.fixed_point.evaluation import exact_outputs
from edgeood.fixed_point.graph import FixedGraph
from edgeood.fixed_point.ranges import Range, ranges
from edgeood.run import Run
from edgeood.scores.fused import FusedScore, fused_score
from edgeood.scores.fused.bit_operations import score_bit_operations
from edgeood.scores.fused.mass_blind import MassBlindDecision, tables_of
from edgeood.scores.fused.ranges import score_ranges

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, eq=False)
class FusedNetwork:
    """The fixed-point graph of a quantized twin with one fused score: all that exporters and engines need.

    Its integers and decisions are the meaning that every engine must reproduce.
    """

    graph: FixedGraph
    score: FusedScore
    decision: MassBlindDecision | None = None
    """if the run was calibrated for its working point; else one threshold decides"""

    @property
    def input_type(self) -> FixedPoint:
        """The type that inputs are rounded to."""
        return self.graph.input_type

    @property
    def score_type(self) -> FixedPoint:
        """The type of the score."""
        return self.score.score_type

    @property
    def step(self) -> float:
        """Distance between neighbouring scores."""
        return self.score.step

    @property
    def threshold(self) -> float:
        """The working point: jets with a score above it are anomalous."""
        return self.score.threshold

    @property
    def threshold_integer(self) -> int:
        """The working point in units of :attr:`step`: a jet is anomalous if its integer is greater."""
        return math.floor(self.score.threshold / self.score.step)

    def integers(self, inputs: NDArray[Any]) -> NDArray[np.int64]:
        """(N,) scores in units of :attr:`step` of (N, 1, P, P) images or (N, P, F) candidates.

        Raises :class:`EdgeoodError` naming the layer if float64 cannot hold its sums.
        """
        return self.score.integers(*exact_outputs(self.graph, inputs))

    def decisions(self, integers: NDArray[np.int64], mass_gev: ArrayLike) -> NDArray[np.bool_]:
        """(N,) decisions on integer scores (N,) of jets of masses (N,) in GeV, which count if a table is there."""
        if self.decision is None:
            return np.asarray(integers > self.threshold_integer)
        return self.decision(integers, mass_gev)

    def __call__(self, inputs: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) scores of those inputs."""
        return np.asarray(self.integers(inputs) * self.step, np.float64)

    def ranges(self) -> dict[str, Range]:
        """The range of every number of the network and of the score, whatever the input, by name.

        Names are those of :func:`edgeood.fixed_point.ranges.ranges` and
        :func:`edgeood.scores.fused.ranges.score_ranges`.
        """
        return dict(self._ranges)

    @cached_property
    def _ranges(self) -> dict[str, Range]:
        known = ranges(self.graph)
        return known | score_ranges(self.score, known, self.graph)

    def bit_operations(self) -> BitOperations:
        """Effective bit operations of every layer that multiplies, and of ``score``."""
        return {**bit_operations(self.graph), "score": score_bit_operations(self.score)}


def fused_network(run: Run, score: str | None = None, twin: "nn.Module | None" = None) -> FusedNetwork:
    """What a quantized run puts on a chip, with one of its fused scores (default: the recipe's).

    ``twin`` is the run's network, if it is loaded already. Raises :class:`EdgeoodError` for a float run, a score
    that the run has not or firmware cannot compute, or missing weights.
    """
    recipe = run.recipe
    name = score or recipe.score.kind
    parameters = run.score_parameters(name)
    fused = fused_score(recipe, name, parameters)
    tables = tables_of(parameters, fused.score_type)
    decision = tables and tables.decision(recipe.score.background_efficiency)
    if twin is None:
        from edgeood.networks.quantized.stored_graph import stored_graph

        return FusedNetwork(stored_graph(run), fused, decision)
    from edgeood.networks.quantized.fixed_graph import fixed_graph

    return FusedNetwork(fixed_graph(twin), fused, decision)  # type: ignore[arg-type]
