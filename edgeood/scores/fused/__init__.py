"""Anomaly scores as firmware computes them, in fixed point, one per file; and the network that one is fused to."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.networks.quantized.layer_types import layer_types, logits_type
from edgeood.recipe import CNN, ParticleNetLite, Recipe
from edgeood.scores.fused.mahalanobis import fixed_point_mahalanobis
from edgeood.scores.fused.max_logit import FixedPointMaxLogit

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
        """The working point: jets with a score above it are anomalous."""

    @property
    def step(self) -> float:
        """Distance between neighbouring scores."""

    def integers(self, representation: NDArray[Any], logits: NDArray[Any]) -> NDArray[np.int64]:
        """(N,) scores in units of ``step``."""

    def __call__(self, representation: NDArray[Any], logits: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) scores."""

    def types(self) -> dict[str, FixedPoint]:
        """Every type of the computation, by what it holds."""


def firmware_score(recipe: Recipe, name: str, parameters: Mapping[str, NDArray[Any]]) -> FusedScore | None:
    """The fused score ``name``; None if it is none, or one that firmware cannot compute although it is fitted.

    Raises :class:`EdgeoodError` if it is the recipe's own that firmware cannot compute.
    """
    if name not in FUSED_SCORES:
        return None
    try:
        return fused_score(recipe, name, parameters)
    except EdgeoodError:
        if name == recipe.score.kind:
            raise
        return None


def fused_score(recipe: Recipe, name: str, parameters: Mapping[str, NDArray[Any]]) -> FusedScore:
    """The fused score ``name`` of a quantized recipe from the fitted ``parameters`` of the same score.

    Its types keep the recipe's error budget at ``design_threshold``, the working point of the score before it was
    rounded (of runs that older versions made, ``threshold``): another working point later changes no arithmetic.
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
        return fixed_point_mahalanobis(
            parameters["mean"],
            parameters["inverse_variance"],
            float(parameters.get("design_threshold", threshold)),
            layer_types(recipe.network, recipe.quantization)["representation"]["activations"],
            recipe.score.error_budget,
            threshold,
        )
    raise EdgeoodError(f"score '{name}' has no firmware; use {' or '.join(FUSED_SCORES)}.")
