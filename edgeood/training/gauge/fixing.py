"""Which coordinates and which common mode a trained float network gets."""

from typing import TYPE_CHECKING

from edgeood.networks.build import fastest_device, outputs_of
from edgeood.recipe import CNN, ParticleNetLite, Recipe
from edgeood.training.gauge.canonical import to_canonical
from edgeood.training.gauge.common_mode import choose_common_mode
from edgeood.training.known_jets import KnownJets

if TYPE_CHECKING:
    from torch import nn


def fix_gauge(network: "nn.Module", recipe: Recipe, train: KnownJets, background: int) -> None:
    """Choose what training leaves free, in place: class probabilities stay as they are.

    The representation moves into its canonical coordinates (:mod:`~edgeood.training.gauge.canonical`) and the logits
    get a common mode (:mod:`~edgeood.training.gauge.common_mode`), as far as the recipe wants them. ``background`` is
    a class index.
    """
    device = fastest_device(recipe)
    canonical = isinstance(recipe.network, CNN | ParticleNetLite) and recipe.network.canonical
    if canonical:
        representation = outputs_of(network, train.inputs, device=device).representation
        to_canonical(network, representation, train.labels, recipe.network.largest_weight)  # type: ignore[union-attr]
    if canonical or recipe.score.normal != "known":
        representation = outputs_of(network, train.inputs, device=device).representation
        overlaid = None
        if train.overlaid is not None and recipe.score.overlaid > 0:
            overlaid = outputs_of(network, train.overlaid, device=device).representation
        choose_common_mode(
            network, representation, train.labels, train.mass_gev, background, recipe.score, overlaid
        )
