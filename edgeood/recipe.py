"""Recipes: everything that decides a result, in one YAML file that is stored with the run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.resources import recipes_folder
from edgeood.yaml_files import read_yaml, shipped_names, validated

ScoreName = Literal["max_logit", "mahalanobis", "mahalanobis_diagonal"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Data(_Section):
    """Which jets are known, which are never shown, and how events are split."""

    jets: tuple[str, ...] = Field((), description="jet files or folders of them; `--jets` overrides")
    classes: dict[str, tuple[str, ...]] = Field(description="known class → processes it is made of")
    background: str = Field("qcd", description="the class that signals are told from")
    signals: dict[str, tuple[str, ...]] = Field({}, description="never trained on; only evaluated")
    train: float = Field(0.7, gt=0, lt=1, description="fraction of events to train on")
    validation: float = Field(0.1, gt=0, lt=1, description="fraction of events to select on")

    @model_validator(mode="after")
    def _check(self) -> "Data":
        if len(self.classes) < 2:
            raise ValueError("a classifier needs at least two classes")
        if self.background not in self.classes:
            raise ValueError(f"background '{self.background}' is not one of the classes {list(self.classes)}")
        if self.train + self.validation >= 1:
            raise ValueError("train + validation must leave a fraction of events to test on")
        return self


class Images(_Section):
    """Energy images of a jet on a square (η, φ) window."""

    kind: Literal["images"] = "images"
    pixels: int = Field(50, ge=8, le=256, description="pixels along one side")
    half_width: float = Field(0.8, gt=0, description="half the window's side, in η and in φ (radians)")
    rotate: bool = Field(True, description="turn the principal axis of the energy upright and flip")
    intensity: Literal["linear", "sqrt"] = Field("linear", description="what a pixel holds of its share")
    scale: float = Field(1.0, gt=0, description="every pixel is multiplied by this (power of two on chip)")


class Block(_Section):
    """One convolution without padding, its activation, and a pooling."""

    filters: int = Field(ge=1)
    kernel: int = Field(3, ge=1)
    stride: int = Field(1, ge=1)
    pool: int = Field(1, ge=1, description="side of the pooling window; 1 for none")

    def side_after(self, side: int) -> int:
        """Pixels along a side after this block, of ``side`` before it."""
        return ((side - self.kernel) // self.stride + 1) // self.pool


class CNN(_Section):
    """Convolutional classifier with a low-dimensional representation before its logits [GZ24 §4.2]."""

    kind: Literal["cnn"] = "cnn"
    blocks: tuple[Block, ...] = Field(min_length=1)
    hidden: tuple[int, ...] = ()
    representation: int = Field(20, ge=2, description="dimensions of the representation")
    canonical: bool = Field(
        True, description="float networks: diagonal class covariances, logits that follow the density"
    )


class CrossEntropy(_Section):
    """Plain classification, the reference without decorrelation."""

    kind: Literal["cross_entropy"] = "cross_entropy"


class NuRD(_Section):
    """Reweighted cross-entropy plus a mutual-information penalty [GZ24 eq. 4]."""

    kind: Literal["nurd"] = "nurd"
    strength: float = Field(1.0, ge=0, description="λ, the weight of the mutual information")
    critic_steps: int = Field(1, ge=0, description="k, critic steps for each classifier step")
    critic_hidden: tuple[int, ...] = (256, 128, 64)
    critic_learning_rate: float = Field(1e-3, gt=0)
    mass_bin_gev: float = Field(5.0, gt=0, description="bin width of the weights p(y)/p(y|m)")
    largest_weight: float = Field(20.0, gt=1, description="weights are clipped here")


class Distillation(_Section):
    """Learn from a trained float network beside the labels."""

    teacher: str | None = Field(None, description="run directory of the float network; `--teacher` overrides")
    start_from_teacher: bool = Field(
        True, description="begin with the teacher's weights, in layers of equal shape"
    )
    logits: float = Field(1.0, ge=0, description="weight of the squared logit difference")
    representation: float = Field(1.0, ge=0, description="weight of the squared representation difference")


class Training(_Section):
    """The optimizer and its schedule (Adam)."""

    epochs: int = Field(10, ge=1)
    batch_size: int = Field(256, ge=2)
    schedule: tuple[tuple[float, float], ...] = Field(
        ((0.0, 1e-3),), description="(epoch, learning rate) knots, linear between them"
    )
    precision: Literal["32", "bf16"] = "32"
    devices: int = Field(1, ge=1)


class Score(_Section):
    """The score that goes to firmware, and its working point."""

    kind: ScoreName = "max_logit"
    background_efficiency: float = Field(0.01, gt=0, lt=1, description="of the background class")
    error_budget: float = Field(
        0.01, gt=0, lt=1, description="largest fixed-point error at the threshold, relative to it"
    )


class Quantization(_Section):
    """Bit widths of the quantized twin; all steps are powers of two, per tensor."""

    toolkit: Literal["qkeras"] = "qkeras"
    input: FixedPoint = FixedPoint(8, 0, signed=False)
    weights: FixedPoint = FixedPoint(6, 0)
    biases: FixedPoint = FixedPoint(8, 1)
    activations: FixedPoint = FixedPoint(8, 2, signed=False)
    representation: FixedPoint = FixedPoint(10, 3, signed=False)
    layers: dict[str, dict[Literal["weights", "biases", "activations"], FixedPoint]] = Field(
        {}, description="exceptions by layer name (conv0, conv1, dense0, representation, logits)"
    )


class Target(_Section):
    """What the firmware is built for."""

    part: str = "xcvu13p-flga2577-2-e"
    clock_ns: float = Field(5.0, gt=0)
    io_type: Literal["io_stream", "io_parallel"] = "io_stream"
    strategy: Literal["latency", "resource"] = "latency"
    reuse_factor: int = Field(1, ge=1)


Objective = Annotated[CrossEntropy | NuRD, Field(discriminator="kind")]


class Recipe(_Section):
    """One training and everything that follows from it."""

    name: str
    seed: int = Field(1, ge=0, le=2**31 - 1)
    data: Data
    inputs: Images = Images()
    network: CNN
    objective: Objective = CrossEntropy()
    distillation: Distillation | None = None
    training: Training = Training()
    score: Score = Score()
    quantization: Quantization | None = None
    target: Target = Target()

    @model_validator(mode="after")
    def _fits(self) -> "Recipe":
        side = self.inputs.pixels
        for i, block in enumerate(self.network.blocks):
            side = block.side_after(side)
            if side < 1:
                raise ValueError(
                    f"network.blocks.{i} leaves no pixel of {self.inputs.pixels}×{self.inputs.pixels}"
                )
        return self

    def to_yaml(self) -> str:
        """The resolved recipe as YAML, every default written out."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)


def shipped_recipes() -> list[str]:
    """Names of the recipes that come with the package."""
    return shipped_names(recipes_folder())


def parse_recipe(content: Any, source: str) -> Recipe:
    """Validate a recipe given as plain dictionaries; errors name ``source`` and the first wrong key.

    Raises :class:`EdgeoodError`.
    """
    return validated(Recipe, content, source, "recipe")


def load_recipe(name_or_path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe from a YAML file, or by the name of a shipped one.

    ``overrides`` are assignments such as ``training.epochs=3``, their values in YAML.
    Raises :class:`EdgeoodError` when the file is missing, is not YAML, or does not validate.
    """
    content = read_yaml(name_or_path, recipes_folder(), "recipe")
    for assignment in overrides:
        _override(content, assignment)
    return parse_recipe(content, str(name_or_path))


def _override(content: Any, assignment: str) -> None:
    path, equals, text = assignment.partition("=")
    keys = path.split(".")
    if not equals or not all(keys):
        raise EdgeoodError(f"'{assignment}' sets nothing: write --set section.key=value.")
    for key in keys[:-1]:
        if not isinstance(content, dict) or not isinstance(content.setdefault(key, {}), dict):
            raise EdgeoodError(f"'{path}' names no key of a recipe: write --set section.key=value.")
        content = content[key]
    content[keys[-1]] = yaml.safe_load(text)
