"""What a search may change: keys of a recipe, each with its choices in rising order."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgeood.errors import EdgeoodError
from edgeood.plain_yaml import shown
from edgeood.recipe import CNN, ParticleNetLite, Recipe, TriggerCandidates, parse_recipe
from edgeood.recipe.assignment import set_value, value_under
from edgeood.resources import recipes_folder
from edgeood.tuning.cost import CostName
from edgeood.yaml_files import read_yaml

Space = dict[str, list[Any]]
"""Key such as ``quantization.weights.bits`` or ``network.blocks.0.filters`` → its choices."""
_BITS = (-3, -2, -1, 0, 1, 2)
_FACTORS = (0.5, 0.75, 1, 1.5, 2)
_NARROWEST, _WIDEST = 2, 24


def default_space(recipe: Recipe, cost: CostName = "ebops") -> Space:
    """Bit widths three less to two more than the recipe's, and layers of half to twice its sizes.

    Bits of weights, activations and representation (integer bits stay, fraction bits change); filters and dense
    widths of a CNN; bits of the edges, edge and node channels, dense widths and neighbours of ParticleNet-lite,
    all others among them where look-up tables are what it costs.
    Exceptions of single layers stay as they are. Raises :class:`EdgeoodError` for a float recipe.
    """
    network, quantization = recipe.network, recipe.quantization
    if quantization is None or not isinstance(network, CNN | ParticleNetLite):
        raise EdgeoodError(
            f"recipe '{recipe.name}' is a float network without bits to choose; tune a recipe with a section "
            "'quantization'."
        )
    parts = ["weights", "activations", "representation"] + ["edges"] * isinstance(network, ParticleNetLite)
    space: Space = {
        f"quantization.{part}.bits": _bits(getattr(quantization, part).bits, recipe, part) for part in parts
    }
    if isinstance(network, ParticleNetLite):
        for i, edge in enumerate(network.blocks):
            space[f"network.blocks.{i}.edge"] = _sizes(edge.edge)
            space |= {f"network.blocks.{i}.nodes.{j}": _sizes(size) for j, size in enumerate(edge.nodes)}
        assert isinstance(recipe.inputs, TriggerCandidates)
        own, most = network.neighbours, recipe.inputs.constituents - 1
        around = {k for k in range(own - 2, own + 3) if 1 <= k <= most}
        # With all others as neighbours nothing is ranked on the chip, of which EBOPs know nothing.
        space["network.neighbours"] = sorted(around | {most} if cost == "luts" else around)
    else:
        space |= {
            f"network.blocks.{i}.filters": _sizes(block.filters) for i, block in enumerate(network.blocks)
        }
    return space | {f"network.hidden.{i}": _sizes(size) for i, size in enumerate(network.hidden)}


def _bits(own: int, recipe: Recipe, part: str) -> list[int]:
    fixed_type = getattr(recipe.quantization, part)
    # Below the integer bits nothing but whole multiples would be left.
    narrowest = max(_NARROWEST, min(fixed_type.integer + fixed_type.signed, own))
    return [own + step for step in _BITS if narrowest <= own + step <= _WIDEST]


def _sizes(own: int) -> list[int]:
    return sorted({max(1, round(own * factor)) for factor in _FACTORS})


def read_space(file: Path, recipe: Recipe) -> Space:
    """A search space from a YAML file that maps keys of the recipe to lists of choices, in rising order.

    Raises :class:`EdgeoodError` if it is no such mapping or a choice does not fit into the recipe.
    """
    content = read_yaml(file, recipes_folder(), "search space")
    if (
        not isinstance(content, dict)
        or not content
        or not all(isinstance(key, str) and isinstance(own, list) and own for key, own in content.items())
    ):
        raise EdgeoodError(
            f"{file} holds no search space; write a YAML mapping of recipe keys to lists of choices, such as "
            "'quantization.weights.bits: [3, 4, 6, 8]'."
        )
    for key, choices in content.items():
        for choice in choices:
            with_values(recipe, {key: choice}, str(file))
    return content


def own_values(recipe: Recipe, space: Mapping[str, Sequence[Any]]) -> dict[str, int] | None:
    """Key → index of the recipe's own value among its choices; None if one is not among them."""
    found = {}
    for key, choices in space.items():
        value: Any = recipe.model_dump(mode="json")
        for part in key.split("."):
            value = value_under(value, part)
        if value not in choices:
            return None
        found[key] = list(choices).index(value)
    return found


def with_values(recipe: Recipe, values: Mapping[str, Any], source: str = "the search space") -> Recipe:
    """The recipe with other values under some keys. Raises :class:`EdgeoodError` if they do not fit."""
    content = recipe.model_dump(mode="json")
    for key, value in values.items():
        if not set_value(content, key, value):
            raise EdgeoodError(
                f"{source}: '{shown(key)}' names no key of recipe '{recipe.name}'; correct it."
            )
    return parse_recipe(content, source)
