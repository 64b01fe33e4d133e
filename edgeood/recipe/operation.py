"""What one trained is not how one operates it: the choices that are made after a training, and change no weight.

A run is known by what it was trained with (data, inputs, network, objective, quantization). Part, clock and interface
of the firmware, the working point, and which of the fitted scores goes to a chip are chosen later.
"""

from collections.abc import Sequence
from typing import Any

from edgeood.errors import EdgeoodError
from edgeood.recipe import Recipe, override, parse_recipe

OPERATING = {"target": None, "score": ("kind", "background_efficiency")}
"""Section of a recipe → its keys that are chosen after training; None for all."""
_AT_EXPORT = "target."


def trained_with(recipe: Recipe) -> dict[str, Any]:
    """What makes a run's identity: the recipe as plain values, without what is chosen after training."""
    content = recipe.model_dump(mode="json")
    for section, keys in OPERATING.items():
        if keys is None:
            del content[section]
        else:
            content[section] = {key: value for key, value in content[section].items() if key not in keys}
    return content


def operated(recipe: Recipe, changes: Sequence[str]) -> Recipe:
    """A recipe with other settings of the section ``target``: assignments such as ``target.clock_ns=2.5``.

    Raises :class:`EdgeoodError` for any other key: the rest was decided by training, and a working point needs jets.
    """
    content = recipe.model_dump(mode="json")
    for assignment in changes:
        key = assignment.partition("=")[0]
        if not key.startswith(_AT_EXPORT):
            known = ", ".join(_AT_EXPORT + name for name in content["target"])
            raise EdgeoodError(f"'{key}' cannot be changed by an export; choose of {known}.")
        override(content, assignment)
    return parse_recipe(content, "--set")


def with_working_point(recipe: Recipe, background_efficiency: float) -> Recipe:
    """The recipe with another working point. Raises :class:`EdgeoodError` for a share that is none."""
    content = recipe.model_dump(mode="json")
    content["score"]["background_efficiency"] = background_efficiency
    return parse_recipe(content, "the working point")
