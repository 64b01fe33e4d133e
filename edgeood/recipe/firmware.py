"""What goes to a chip: the score, the bit widths, the target."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from edgeood.fixed_point import FixedPoint
from edgeood.recipe.section import Int, Real, Section, Text, Weight

ScoreName = Literal["max_logit", "mahalanobis", "mahalanobis_diagonal"]
"""Scores that firmware may compute; :data:`edgeood.scores.SCORE_NAMES` lists all that are measured."""


_FURTHEST_POINT = 128


def _near_point(fixed_type: FixedPoint) -> FixedPoint:
    if abs(fixed_type.integer) > _FURTHEST_POINT:
        raise ValueError(f"integer is from {-_FURTHEST_POINT} to {_FURTHEST_POINT}, not {fixed_type.integer}")
    return fixed_type


Type = Annotated[FixedPoint, AfterValidator(_near_point)]
"""A type whose binary point is not far away from its bits."""


class Score(Section):
    """The score that goes to firmware, and its working point."""

    kind: ScoreName = "max_logit"
    normal: Literal["known", "background", "background_density"] = Field(
        "known",
        description="what no anomaly is: every known class [GZ24]; what is likely background, told from the other "
        "classes (anti-QCD) [CC22]; or what lies where the background is dense",
    )
    mass_neutrality: Weight = Field(
        0.0,
        description="weight of equal mean max-logits at all masses of the background (density only)",
    )
    overlaid: Real = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the log-odds for overlaid jets, beside the distance to the background, in what "
        "max-logit follows (float networks with data.overlaid and background_density)",
    )
    class_odds: Weight = Field(
        0.0,
        description="weight of the log-odds of the background against the other classes, beside the distance to it, in "
        "what max-logit follows (float networks with background_density)",
    )
    background_efficiency: Real = Field(0.01, gt=0, lt=1, description="of the background class")
    error_budget: Real = Field(
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
        if self.normal != "background_density" and self.class_odds > 0:
            raise ValueError(
                "score.class_odds needs score.normal: background_density, beside which it stands"
            )
        return self


class Quantization(Section):
    """Bit widths of the quantized twin; all steps are powers of two, per tensor."""

    toolkit: Literal["qkeras", "brevitas"] = "qkeras"
    input: Type = FixedPoint(8, 0, signed=False)
    weights: Type = FixedPoint(6, 0)
    biases: Type = FixedPoint(8, 1)
    activations: Type = FixedPoint(8, 2, signed=False)
    representation: Type = FixedPoint(10, 3, signed=False)
    edges: Type = Field(FixedPoint(10, 3), description="particlenet_lite: a and b of the edge layers")
    pooled: Type = Field(
        FixedPoint(10, 2, signed=False), description="particlenet_lite: the mean over the constituents"
    )
    layers: dict[Text, dict[Literal["weights", "biases", "activations", "edges"], Type]] = Field(
        {},
        max_length=1000,
        description="exceptions by layer name (conv0, edge0, node0_0, pool, dense0, representation, logits)",
    )


class Target(Section):
    """What the firmware is built for."""

    part: str = Field("xcvu13p-flga2577-2-e", pattern=r"^[A-Za-z0-9][A-Za-z0-9._/+-]{0,99}$")
    clock_ns: Real = Field(5.0, gt=0, le=1e4)
    io_type: Literal["io_stream", "io_parallel"] = "io_stream"
    strategy: Literal["latency", "resource"] = "latency"
    reuse_factor: Int = Field(1, ge=1, le=10**6)
