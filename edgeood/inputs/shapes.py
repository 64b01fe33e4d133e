"""Section ``inputs`` of a recipe → the shape of one jet's network inputs."""

from collections.abc import Mapping
from typing import Any

from edgeood.inputs import constituents, substructure
from edgeood.inputs.settings import check_settings
from edgeood.inputs.trigger_candidates import FEATURES, IDENTITY


def input_shape(settings: Mapping[str, Any]) -> tuple[int, ...]:
    """(1, P, P) of images, (P, F) of candidates and constituents, (F,) of momenta in a row and of observables.

    Raises :class:`EdgeoodError` for settings of no inputs.
    """
    check_settings(settings)
    if settings["kind"] == "images":
        return (1, settings["pixels"], settings["pixels"])
    if settings["kind"] == "trigger_candidates":
        return (settings["constituents"], len(FEATURES) + len(IDENTITY) * settings["identity"])
    if settings["kind"] == "constituents":
        return (
            settings["constituents"],
            len(constituents.FEATURES) + len(constituents.IDENTITY) * settings["identity"],
        )
    if settings["kind"] == "four_vectors":
        return (4 * settings["constituents"],)
    return (len(substructure.OBSERVABLES) + len(substructure.IDENTITY) * settings["identity"],)
