"""What goes to a chip: the score, the bit widths, the target."""

from typing import Literal, Self

from pydantic import Field, model_validator

from edgeood.fixed_point import FixedPoint
from edgeood.recipe.section import Section

ScoreName = Literal["max_logit", "mahalanobis", "mahalanobis_diagonal"]
"""Scores that firmware may compute; :data:`edgeood.scores.SCORE_NAMES` lists all that are measured."""


class Score(Section):
    """The score that goes to firmware, and its working point."""

    kind: ScoreName = "max_logit"
    normal: Literal["known", "background", "background_density"] = Field(
        "known",
        description="what no anomaly is: every known class [GZ24]; what is likely background, told from the other "
        "classes (anti-QCD) [CC22]; or what lies where the background is dense",
    )
    mass_neutrality: float = Field(
        0.0,
        ge=0,
        description="weight of equal mean max-logits at all masses of the background (density only)",
    )
    overlaid: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the log-odds for overlaid jets, beside the distance to the background, in what "
        "max-logit follows (float networks with data.overlaid and background_density)",
    )
    background_efficiency: float = Field(0.01, gt=0, lt=1, description="of the background class")
    error_budget: float = Field(
        0.01, gt=0, lt=1, description="largest fixed-point error at the threshold, relative to it"
    )

    @model_validator(mode="after")
    def _common_mode_is_free(self) -> Self:
        if self.normal == "background" and self.mass_neutrality > 0:
            raise ValueError(
                "score.mass_neutrality needs score.normal: known or background_density; with 'background' the "
                "probability leaves nothing to choose"
            )
        if self.normal != "background_density" and self.overlaid > 0:
            raise ValueError("score.overlaid needs score.normal: background_density, beside which it stands")
        return self


class Quantization(Section):
    """Bit widths of the quantized twin; all steps are powers of two, per tensor."""

    toolkit: Literal["qkeras", "brevitas"] = "qkeras"
    input: FixedPoint = FixedPoint(8, 0, signed=False)
    weights: FixedPoint = FixedPoint(6, 0)
    biases: FixedPoint = FixedPoint(8, 1)
    activations: FixedPoint = FixedPoint(8, 2, signed=False)
    representation: FixedPoint = FixedPoint(10, 3, signed=False)
    edges: FixedPoint = Field(FixedPoint(10, 3), description="particlenet_lite: a and b of the edge layers")
    pooled: FixedPoint = Field(
        FixedPoint(10, 2, signed=False), description="particlenet_lite: the mean over the constituents"
    )
    layers: dict[str, dict[Literal["weights", "biases", "activations", "edges"], FixedPoint]] = Field(
        {},
        description="exceptions by layer name (conv0, edge0, node0_0, pool, dense0, representation, logits)",
    )


class Target(Section):
    """What the firmware is built for."""

    part: str = "xcvu13p-flga2577-2-e"
    clock_ns: float = Field(5.0, gt=0)
    io_type: Literal["io_stream", "io_parallel"] = "io_stream"
    strategy: Literal["latency", "resource"] = "latency"
    reuse_factor: int = Field(1, ge=1)
