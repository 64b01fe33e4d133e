"""How large a benchmark is: jets, seeds, and what the recipes are changed to (``scales.yaml``)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from benchmarks.physics.systems import Member, SetName
from edgeood.errors import EdgeoodError
from edgeood.recipe import Recipe, load_recipe
from edgeood.yaml_files import read_yaml, validated

FILE = Path(__file__).with_name("scales.yaml")


class Scale(BaseModel):
    """One scale of the benchmark."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str
    jets: dict[SetName, dict[str, int]] = Field(
        description="set → process → jets: at most so many are used of those given, or so many are generated"
    )
    background_jets: dict[SetName, dict[str, int]] = Field(
        description="set → process → jets of the background that are reported on and that no training sees"
    )
    fast: bool = Field(False, description="generate without multiparton interactions")
    constituents: int = Field(100, ge=2, description="leading constituents of generated jets")
    test_jets: int = Field(ge=1, description="at most so many test jets of each signal are measured")
    replicas: int = Field(200, ge=2, description="of the bootstrap")
    headline_seeds: int = Field(3, ge=1, description="trainings of each headline system")
    ensemble: int = Field(10, ge=2, description="members of a deep ensemble")
    ablations: tuple[str, ...] = Field((), description="ablations that belong to a complete benchmark")
    overrides: dict[str, dict[str, Any]] = Field(
        {},
        description="'all', a kind of network, a recipe or its variant → recipe key → value, the later the stronger",
    )


def load_scale(name: str) -> Scale:
    """The scale of that name. Raises :class:`EdgeoodError` if there is none or the table is not valid."""
    table = read_yaml(FILE, FILE.parent, "table of scales")
    if name not in table:
        raise EdgeoodError(f"there is no scale '{name}'; choose from {', '.join(table)}.")
    return validated(Scale, table[name], f"{FILE}: {name}", "scale")


def recipe_of(member: Member, seed: int, scale: Scale, settings: Sequence[str] = ()) -> Recipe:
    """The recipe of one training: the shipped one, changed by scale, member, ``settings`` and seed in turn.

    Where the number of epochs changes, the knots of the learning rate move along, so that the last one lies at
    the last epoch. Raises :class:`EdgeoodError` for a recipe that is missing or no longer valid.
    """
    shipped = load_recipe(member.recipe)
    changes = [
        f"{key}={yaml.safe_dump(value, default_flow_style=True, width=10**6)}"
        for family in dict.fromkeys(("all", shipped.network.kind, member.recipe, member.name))
        for key, value in scale.overrides.get(family, {}).items()
    ]
    changes += [*member.overrides, *settings]
    recipe = load_recipe(member.recipe, [*changes, f"seed={seed}", f"name={member.name}"])
    training = recipe.training
    epochs = max(1, round(training.epochs * member.longer))
    last = training.schedule[-1][0]
    if epochs != shipped.training.epochs and last > 0:
        schedule = tuple((knot * epochs / last, rate) for knot, rate in training.schedule)
        training = training.model_copy(update={"schedule": schedule})
    sizes = {"epochs": epochs, "batch_size": max(2, round(training.batch_size * member.batch))}
    return recipe.model_copy(update={"training": training.model_copy(update=sizes)})
