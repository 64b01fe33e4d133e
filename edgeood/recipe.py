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
"""Scores that firmware may compute; :data:`edgeood.scores.SCORE_NAMES` lists all that are measured."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MassMatching(_Section):
    """Thin every class out to the background's mass spectrum, so that mass says nothing of the class [CC22 §4.2]."""

    bin_gev: float = Field(10.0, gt=0, description="bin width of the mass spectra")
    largest_weight: float = Field(
        20.0,
        gt=1,
        description="a jet stands for at most this many, where a class is rarer than the background",
    )


class Data(_Section):
    """Which jets are known, which are never shown, and how events are split."""

    jets: tuple[str, ...] = Field((), description="jet files or folders of them; `--jets` overrides")
    classes: dict[str, tuple[str, ...]] = Field(description="known class → processes it is made of")
    background: str = Field("qcd", description="the class that signals are told from")
    signals: dict[str, tuple[str, ...]] = Field({}, description="never trained on; only evaluated")
    mass_matching: MassMatching | None = Field(None, description="match all classes to the background's mass")
    jets_per_process: int | None = Field(
        None, ge=1, description="train and validate on at most this many jets of a process"
    )
    train: float = Field(0.7, gt=0, lt=1, description="fraction of events to train on")
    validation: float = Field(0.1, gt=0, lt=1, description="fraction of events to select on")

    @model_validator(mode="after")
    def _check(self) -> "Data":
        if not self.classes:
            raise ValueError("there must be at least one known class")
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


class Constituents(_Section):
    """The leading constituents as points in (η, φ), with momentum and energy [CC22 §3.1]."""

    kind: Literal["constituents"] = "constituents"
    constituents: int = Field(100, ge=2, description="leading constituents that are kept")
    rotate: bool = Field(True, description="turn the principal axis of the momenta upright and flip")
    identity: bool = Field(False, description="tell charge and kind (hadron, photon, lepton) as well")

    @property
    def features(self) -> int:
        """Features of a constituent, ``valid`` not counted."""
        return 4 + 6 * self.identity


class FourVectors(_Section):
    """The four-vectors of the leading constituents in one row [CC22 App. B]."""

    kind: Literal["four_vectors"] = "four_vectors"
    constituents: int = Field(20, ge=1, description="leading constituents that are kept")


class Substructure(_Section):
    """High-level observables that do not change with the jet's size (:mod:`edgeood.inputs.substructure`)."""

    kind: Literal["substructure"] = "substructure"
    identity: bool = Field(False, description="tell what kinds of constituents carry the momentum as well")


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


class SpectralGP(_Section):
    """A Gaussian process instead of the linear logits, and spectral normalisation before it [CC22 table 5]."""

    features: int = Field(1024, ge=1, description="random Fourier features")
    length_scale: float = Field(1.0, gt=0)
    ridge: float = Field(1.0, gt=0, description="added to the precision matrix")
    discount: float = Field(0.999, gt=0, le=1, description="momentum of the precision; 1 sums over an epoch")
    norm_bound: float = Field(0.99, gt=0, description="largest spectral norm of a layer's weights")
    power_iterations: int = Field(1, ge=1)


class ParticleNet(_Section):
    """Dynamic graph network on constituents [Qu & Gouskos, arXiv:1902.08570; CC22 §3.1]."""

    kind: Literal["particlenet"] = "particlenet"
    neighbours: int = Field(16, ge=1, description="k of the nearest-neighbour graphs")
    blocks: tuple[tuple[int, ...], ...] = Field(
        ((64, 64, 64), (128, 128, 128), (256, 256, 256)),
        min_length=1,
        description="channels of the layers of each EdgeConv block",
    )
    representation: int = Field(256, ge=2, description="width of the dense layer before the logits")
    dropout: float = Field(0.0, ge=0, lt=1, description="of the representation, while training")
    output: SpectralGP | None = Field(None, description="SNGP; null for linear logits")


class FCN(_Section):
    """Fully connected classifier on four-vectors [CC22 App. B] or on observables."""

    kind: Literal["fcn"] = "fcn"
    hidden: tuple[int, ...] = Field((256, 128), description="widths before the representation")
    representation: int = Field(12, ge=2)
    dropout: float = Field(0.2, ge=0, lt=1)


class VAE(_Section):
    """Variational autoencoder; its only logit is minus the reconstruction error [Heimel et al.; CC22 ref. 8]."""

    kind: Literal["vae"] = "vae"
    blocks: tuple[Block, ...] = Field(
        (), description="convolutions of the encoder of images; none for vectors"
    )
    hidden: tuple[int, ...] = Field(
        (100, 32), description="dense widths of the encoder, mirrored in the decoder"
    )
    representation: int = Field(8, ge=1, description="latent dimensions")


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


class DisCo(_Section):
    """Cross-entropy plus the distance correlation of mass and the true class's probability [CC22 eq. A.1]."""

    kind: Literal["disco"] = "disco"
    strength: float = Field(100.0, ge=0, description="λ")


class Variational(_Section):
    """Evidence lower bound on the background, with the other classes as outliers [CC22 ref. 8]."""

    kind: Literal["variational"] = "variational"
    beta: float = Field(1e-3, ge=0, description="weight of the Kullback–Leibler divergence")
    outlier_exposure: float = Field(0.0, ge=0, description="λ, the weight of the outliers' term")


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
    weight_decay: float = Field(0.0, ge=0, description="L2 penalty in Adam's gradient")
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


Inputs = Annotated[Images | Constituents | FourVectors | Substructure, Field(discriminator="kind")]
NetworkKind = Annotated[CNN | ParticleNet | FCN | VAE, Field(discriminator="kind")]
Objective = Annotated[CrossEntropy | NuRD | DisCo | Variational, Field(discriminator="kind")]
_FED_BY = {
    "cnn": ("images",),
    "particlenet": ("constituents",),
    "fcn": ("four_vectors", "substructure"),
    "vae": ("images", "four_vectors"),
}


class Recipe(_Section):
    """One training and everything that follows from it."""

    name: str
    seed: int = Field(1, ge=0, le=2**31 - 1)
    data: Data
    inputs: Inputs = Images()
    network: NetworkKind
    objective: Objective = CrossEntropy()
    distillation: Distillation | None = None
    training: Training = Training()
    score: Score = Score()
    quantization: Quantization | None = None
    target: Target = Target()

    @model_validator(mode="after")
    def _fits(self) -> "Recipe":
        network, inputs = self.network, self.inputs
        if inputs.kind not in _FED_BY[network.kind]:
            raise ValueError(
                f"network.kind '{network.kind}' is fed by inputs.kind {' or '.join(_FED_BY[network.kind])}, not "
                f"'{inputs.kind}'"
            )
        if (network.kind == "vae") != (self.objective.kind == "variational"):
            raise ValueError("a vae is trained by the objective 'variational', and nothing else is")
        if network.kind != "vae" and len(self.data.classes) < 2:
            raise ValueError("data.classes: a classifier needs at least two classes")
        if self.quantization is not None and network.kind != "cnn":
            raise ValueError(f"quantization: a network of kind '{network.kind}' has no quantized twin")
        if isinstance(inputs, Images) and isinstance(network, CNN | VAE):
            side = inputs.pixels
            for i, block in enumerate(network.blocks):
                side = block.side_after(side)
                if side < 1:
                    raise ValueError(f"network.blocks.{i} leaves no pixel of {inputs.pixels}×{inputs.pixels}")
        if (
            isinstance(inputs, Constituents)
            and isinstance(network, ParticleNet)
            and network.neighbours >= inputs.constituents
        ):
            raise ValueError(
                f"network.neighbours: {network.neighbours} neighbours need more than {inputs.constituents} "
                "constituents"
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
    return validated(Recipe, _with_kinds(content), source, "recipe")


def _with_kinds(content: Any) -> Any:
    """A section without a ``kind`` means images, a CNN, cross-entropy."""
    kinds = {"inputs": "images", "network": "cnn", "objective": "cross_entropy"}
    if not isinstance(content, dict):
        return content
    sections = {key: content[key] for key in kinds if isinstance(content.get(key), dict)}
    return content | {key: {"kind": kinds[key]} | section for key, section in sections.items()}


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
