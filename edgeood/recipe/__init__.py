"""Recipes: everything that decides a result, in one YAML file that is stored with the run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, field_validator, model_validator

from edgeood.recipe.assignment import override
from edgeood.recipe.data import Data, MassMatching, Overlaid
from edgeood.recipe.firmware import Quantization, Score, ScoreName, Target
from edgeood.recipe.inputs import Constituents, FourVectors, Images, Substructure, TriggerCandidates
from edgeood.recipe.networks import CNN, FCN, VAE, Block, EdgeBlock, ParticleNet, ParticleNetLite, SpectralGP
from edgeood.recipe.section import Int, Section, Text
from edgeood.recipe.size import check_size
from edgeood.recipe.training import CrossEntropy, DisCo, Distillation, NuRD, Training, Variational
from edgeood.resources import recipes_folder
from edgeood.yaml_files import read_yaml, shipped_names, validated

__all__ = ["CNN", "FCN", "VAE", "Block", "Constituents", "CrossEntropy", "Data", "DisCo", "Distillation"]
__all__ += ["EdgeBlock", "FourVectors", "Images", "MassMatching", "NuRD", "ParticleNet", "ParticleNetLite"]
__all__ += [
    "Overlaid",
    "Quantization",
    "Recipe",
    "Score",
    "ScoreName",
    "SpectralGP",
    "Substructure",
    "Target",
    "Training",
]
__all__ += ["TriggerCandidates", "Variational"]
__all__ += ["load_recipe", "override", "parse_recipe", "shipped_recipes"]

Inputs = Annotated[
    Images | Constituents | FourVectors | Substructure | TriggerCandidates, Field(discriminator="kind")
]
NetworkKind = Annotated[CNN | ParticleNet | ParticleNetLite | FCN | VAE, Field(discriminator="kind")]
Objective = Annotated[CrossEntropy | NuRD | DisCo | Variational, Field(discriminator="kind")]
_FED_BY = {
    "cnn": ("images",),
    "particlenet": ("constituents",),
    "particlenet_lite": ("trigger_candidates",),
    "fcn": ("four_vectors", "substructure"),
    "vae": ("images", "four_vectors"),
}


class Recipe(Section):
    """One training and everything that follows from it."""

    name: Text
    seed: Int = Field(1, ge=0, le=2**31 - 1)
    data: Data
    inputs: Inputs = Images()
    network: NetworkKind
    objective: Objective = CrossEntropy()
    distillation: Distillation | None = None
    training: Training = Training()
    score: Score = Score()
    quantization: Quantization | None = None
    target: Target = Target()

    @field_validator("name")
    @classmethod
    def _names_a_folder(cls, name: str) -> str:
        if not name.isprintable() or name.startswith(".") or set(name) & set("/\\"):
            raise ValueError("a run directory is called so: no slashes, no leading dot, nothing unprintable")
        return name

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
        if self.data.overlaid is not None and (network.kind == "vae" or self.distillation is not None):
            raise ValueError(
                "data.overlaid: a vae has no classes to add to, and a student takes from its teacher what telling "
                "overlaid jets has taught it; leave it out"
            )
        if self.data.overlaid is not None and inputs.kind == "substructure":
            raise ValueError("data.overlaid: overlaid jets bring no N-subjettiness; choose other inputs")
        if self.score.overlaid > 0 and self.data.overlaid is None:
            raise ValueError(
                "score.overlaid: there are no overlaid jets to follow; set data.overlaid or leave it 0"
            )
        if network.kind != "vae" and len(self.data.classes) < 2:
            raise ValueError("data.classes: a classifier needs at least two classes")
        if self.quantization is not None and network.kind not in ("cnn", "particlenet_lite"):
            raise ValueError(f"quantization: a network of kind '{network.kind}' has no quantized twin")
        if self.training.weight_average and self.quantization and self.quantization.toolkit == "qkeras":
            raise ValueError(
                "training.weight_average: Keras cannot copy QKeras layers; leave it out, or choose "
                "quantization.toolkit brevitas"
            )
        linear_logits = network.kind != "vae" and getattr(network, "output", None) is None
        if self.score.normal != "known" and not linear_logits:
            raise ValueError(
                f"score.normal '{self.score.normal}' needs a network whose last layer is linear; leave it 'known'"
            )
        if isinstance(inputs, Images) and isinstance(network, CNN | VAE):
            side = inputs.pixels
            for i, block in enumerate(network.blocks):
                side = block.side_after(side)
                if side < 1:
                    raise ValueError(f"network.blocks.{i} leaves no pixel of {inputs.pixels}×{inputs.pixels}")
        if (
            isinstance(inputs, Constituents | TriggerCandidates)
            and isinstance(network, ParticleNet | ParticleNetLite)
            and network.neighbours >= inputs.constituents
        ):
            raise ValueError(
                f"network.neighbours: {network.neighbours} neighbours need more than {inputs.constituents} "
                "constituents"
            )
        if isinstance(network, ParticleNetLite) and network.dynamic:
            if len(network.blocks) < 2:
                raise ValueError("network.dynamic: a second graph needs a second block")
            if network.dynamic > network.blocks[0].channels:
                raise ValueError(
                    f"network.dynamic: the first block has {network.blocks[0].channels} channels, not "
                    f"{network.dynamic}"
                )
        check_size(network, inputs, len(self.data.classes), self.training.batch_size)
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
        override(content, assignment)
    return parse_recipe(content, str(name_or_path))
