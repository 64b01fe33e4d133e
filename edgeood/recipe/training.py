"""What a training minimises, and how."""

from typing import Literal

from pydantic import Field

from edgeood.recipe.section import Section


class CrossEntropy(Section):
    """Plain classification, the reference without decorrelation."""

    kind: Literal["cross_entropy"] = "cross_entropy"


class NuRD(Section):
    """Reweighted cross-entropy plus a mutual-information penalty [GZ24 eq. 4]."""

    kind: Literal["nurd"] = "nurd"
    strength: float = Field(1.0, ge=0, description="λ, the weight of the mutual information")
    critic_steps: int = Field(1, ge=0, description="k, critic steps for each classifier step")
    critic_hidden: tuple[int, ...] = (256, 128, 64)
    critic_learning_rate: float = Field(1e-3, gt=0)
    mass_bin_gev: float = Field(5.0, gt=0, description="bin width of the weights p(y)/p(y|m)")
    largest_weight: float = Field(20.0, gt=1, description="weights are clipped here")


class DisCo(Section):
    """Cross-entropy plus the distance correlation of mass and the true class's probability [CC22 eq. A.1]."""

    kind: Literal["disco"] = "disco"
    strength: float = Field(100.0, ge=0, description="λ")


class Variational(Section):
    """Evidence lower bound on the background, with the other classes as outliers [CC22 ref. 8]."""

    kind: Literal["variational"] = "variational"
    beta: float = Field(1e-3, ge=0, description="weight of the Kullback–Leibler divergence")
    outlier_exposure: float = Field(0.0, ge=0, description="λ, the weight of the outliers' term")


class Distillation(Section):
    """Learn from a trained float network beside the labels."""

    teacher: str | None = Field(None, description="run directory of the float network; `--teacher` overrides")
    start_from_teacher: bool = Field(
        True, description="begin with the teacher's weights, in layers of equal shape"
    )
    logits: float = Field(1.0, ge=0, description="weight of the squared logit difference")
    representation: float = Field(1.0, ge=0, description="weight of the squared representation difference")


class Training(Section):
    """The optimizer and its schedule (Adam)."""

    epochs: int = Field(10, ge=1)
    batch_size: int = Field(256, ge=2)
    weight_decay: float = Field(0.0, ge=0, description="L2 penalty in Adam's gradient")
    schedule: tuple[tuple[float, float], ...] = Field(
        ((0.0, 1e-3),), description="(epoch, learning rate) knots, linear between them"
    )
    precision: Literal["32", "bf16"] = "32"
    devices: int = Field(1, ge=1)
