"""The anomaly score as firmware computes it: in fixed point, fused to the end of the network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.networks.quantized.layer_types import layer_types, logits_type
from edgeood.recipe import CNN, ParticleNetLite, Recipe
from edgeood.scores.fixed_point_mahalanobis import fixed_point_mahalanobis

FUSED_SCORES = ("max_logit", "mahalanobis_diagonal")
"""Scores that firmware can compute."""


class FusedScore(Protocol):
    """What every fused score offers; its integers are the reference for all engines."""

    @property
    def name(self) -> str:
        """Name of the score."""

    @property
    def score_type(self) -> FixedPoint:
        """Type of the score."""

    @property
    def threshold(self) -> float:
        """The working point, as it was fitted: jets with a score above it are anomalous."""

    @property
    def step(self) -> float:
        """Distance between neighbouring scores."""

    def integers(self, representation: NDArray, logits: NDArray) -> NDArray[np.int64]:
        """(N,) scores in units of ``step``."""

    def __call__(self, representation: NDArray, logits: NDArray) -> NDArray[np.float64]:
        """(N,) scores."""

    def types(self) -> dict[str, FixedPoint]:
        """Every type of the computation, by what it holds."""


@dataclass(frozen=True)
class FixedPointMaxLogit:
    """−max_k g_k on the exact grid of the logits g: nothing is rounded."""

    logits_type: FixedPoint
    threshold: float

    name = "max_logit"

    @property
    def score_type(self) -> FixedPoint:
        """One bit more than the logits, as −(the lowest logit) must fit."""
        return FixedPoint(self.logits_type.bits + 1, self.logits_type.integer + 1)

    @property
    def step(self) -> float:
        """Distance between neighbouring scores."""
        return self.logits_type.step

    def integers(self, representation: NDArray | None, logits: NDArray) -> NDArray[np.int64]:
        """(N,) scores in units of ``step`` from the (N, K) logits, which must lie on their grid."""
        return -self.logits_type.to_integers(logits).max(axis=1)

    def __call__(self, representation: NDArray | None, logits: NDArray) -> NDArray[np.float64]:
        """(N,) scores."""
        return np.asarray(self.integers(representation, logits) * self.step, np.float64)

    def types(self) -> dict[str, FixedPoint]:
        """Every type of the computation, by what it holds."""
        return {"logits": self.logits_type, "score": self.score_type}


def fused_score(recipe: Recipe, name: str, parameters: Mapping[str, NDArray]) -> FusedScore:
    """The fused score ``name`` of a quantized recipe from the fitted ``parameters`` of the same score.

    Raises :class:`EdgeoodError` for a float recipe, for a score that firmware cannot compute, or if the error
    budget cannot be kept.
    """
    if recipe.quantization is None or not isinstance(recipe.network, CNN | ParticleNetLite):
        raise EdgeoodError(
            f"'{recipe.name}' is a float network without a fused score; train its quantized twin."
        )
    threshold = float(parameters["threshold"])
    if name == "max_logit":
        return FixedPointMaxLogit(logits_type(recipe.network, recipe.quantization), threshold)
    if name == "mahalanobis_diagonal":
        representation = layer_types(recipe.network, recipe.quantization)["representation"]["activations"]
        return fixed_point_mahalanobis(
            parameters["mean"],
            parameters["inverse_variance"],
            threshold,
            representation,
            recipe.score.error_budget,
        )
    raise EdgeoodError(f"score '{name}' has no firmware; use {' or '.join(FUSED_SCORES)}.")
