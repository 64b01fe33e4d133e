"""What a training minimises, and how."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator

from edgeood.recipe.section import Int, Rate, Real, Section, Weight, Widths


class CrossEntropy(Section):
    """Plain classification, the reference without decorrelation."""

    kind: Literal["cross_entropy"] = "cross_entropy"


class NuRD(Section):
    """Reweighted cross-entropy plus a mutual-information penalty [GZ24 eq. 4]."""

    kind: Literal["nurd"] = "nurd"
    strength: Weight = Field(1.0, description="λ, the weight of the mutual information")
    critic_steps: Int = Field(1, ge=0, le=1000, description="k, critic steps for each classifier step")
    critic_hidden: Widths = (256, 128, 64)
    critic_learning_rate: Rate = 1e-3
    mass_bin_gev: Real = Field(5.0, ge=0.01, le=1e5, description="bin width of the weights p(y)/p(y|m)")
    largest_weight: Real = Field(20.0, gt=1, le=1e6, description="weights are clipped here")


class DisCo(Section):
    """Cross-entropy plus the distance correlation of mass and the true class's probability [CC22 eq. A.1]."""

    kind: Literal["disco"] = "disco"
    strength: Weight = Field(100.0, description="λ")


class Variational(Section):
    """Evidence lower bound on the background, with the other classes as outliers [CC22 ref. 8]."""

    kind: Literal["variational"] = "variational"
    beta: Weight = Field(1e-3, description="weight of the Kullback–Leibler divergence")
    outlier_exposure: Weight = Field(0.0, description="λ, the weight of the outliers' term")


class Distillation(Section):
    """Learn from a trained float network beside the labels."""

    teacher: str | None = Field(None, description="run directory of the float network; `--teacher` overrides")
    start_from_teacher: bool = Field(
        True, description="begin with the teacher's weights, in layers of equal shape"
    )
    labels: Weight = Field(
        1.0,
        description="weight of the objective; 0 to learn from the teacher alone, whose score the twin is to keep",
    )
    logits: Weight = Field(1.0, description="weight of the squared logit difference")
    representation: Weight = Field(1.0, description="weight of the squared representation difference")


class Training(Section):
    """The optimizer and its schedule (Adam)."""

    epochs: Int = Field(10, ge=1, le=100_000)
    batch_size: Int = Field(256, ge=2, le=2**20)
    weight_decay: Real = Field(0.0, ge=0, le=10, description="L2 penalty in Adam's gradient")
    schedule: tuple[tuple[Annotated[Real, Field(ge=0, le=100_000)], Rate], ...] = Field(
        ((0.0, 1e-3),),
        min_length=1,
        max_length=1000,
        description="(epoch, learning rate) knots, linear between them",
    )
    weight_average: Real | None = Field(
        None,
        gt=0,
        lt=1,
        description="decay a step of a moving average of the weights, which is what the run keeps; null: the last ones",
    )
    precision: Literal["32", "bf16"] = "32"
    devices: Int = Field(1, ge=1, le=64)

    @field_validator("schedule")
    @classmethod
    def _rising(cls, schedule: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        for (before, _), (after, _) in pairwise(schedule):
            if after <= before:
                raise ValueError(f"epoch {after:g} stands behind epoch {before:g}; knots are in rising order")
        return schedule
