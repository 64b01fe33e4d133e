"""Section ``inputs`` of a recipe → the shape of one jet's network inputs, where exports know it."""

from collections.abc import Mapping
from typing import Any

from edgeood.errors import EdgeoodError
from edgeood.inputs.settings import check_settings
from edgeood.inputs.trigger_candidates import FEATURES, IDENTITY


def input_shape(settings: Mapping[str, Any]) -> tuple[int, ...]:
    """(1, P, P) of images, (P, F) of trigger candidates. Raises :class:`EdgeoodError` for others, never exported."""
    check_settings(settings)
    if settings["kind"] == "images":
        return (1, settings["pixels"], settings["pixels"])
    if settings["kind"] == "trigger_candidates":
        return (settings["constituents"], len(FEATURES) + len(IDENTITY) * settings["identity"])
    raise EdgeoodError(
        f"inputs are told to be {settings['kind']}, of which nothing is exported; export it again."
    )
