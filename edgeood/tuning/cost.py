"""What a search makes small beside the AUROC that it makes large."""

from typing import TYPE_CHECKING, Literal, NamedTuple

from edgeood.errors import EdgeoodError

if TYPE_CHECKING:
    from edgeood.recipe import Recipe
    from edgeood.scores.fused.network import FusedNetwork

CostName = Literal["ebops", "luts"]


class Cost(NamedTuple):
    """A measure of what a network and its score cost on a chip."""

    unit: str
    axis: str
    meaning: str


COSTS: dict[CostName, Cost] = {
    "ebops": Cost(
        "EBOPs",
        "Effective bit operations for one jet",
        "EBOPs are effective bit operations for one jet, network and score.",
    ),
    "luts": Cost(
        "LUTs",
        "Look-up tables of the RTL (model)",
        "LUTs are look-up tables of the RTL that `edgeood export --target verilog` would write, by alkaid's model, "
        "before any synthesis: choosing neighbours and maxima are counted, of which EBOPs know nothing.",
    ),
}


def check_cost(recipe: "Recipe", cost: CostName) -> None:
    """Raise :class:`EdgeoodError` if there is no RTL of the recipe's network to count look-up tables of."""
    if cost == "luts":
        if recipe.network.kind != "particlenet_lite":
            raise EdgeoodError(
                f"recipe '{recipe.name}' is of a network that no RTL is written of; tune it with --cost ebops."
            )
        from edgeood.export.verilog.artefact import check_alkaid

        check_alkaid()


def cost_of(network: "FusedNetwork", cost: CostName) -> int:
    """What a fused network costs. Raises :class:`EdgeoodError` if its RTL cannot be written."""
    if cost == "ebops":
        return sum(network.bit_operations().values())
    from edgeood.export.verilog.logic import traced

    estimate: int = round(traced(network).cost)
    return estimate
