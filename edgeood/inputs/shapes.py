"""Section ``inputs`` of a recipe → the shape of one jet's network inputs, where exports know it."""

from collections.abc import Mapping
from typing import Any

from edgeood.errors import EdgeoodError
from edgeood.inputs.trigger_candidates import FEATURES, IDENTITY


def input_shape(settings: Mapping[str, Any]) -> tuple[int, ...]:
    """(1, P, P) of images, (P, F) of trigger candidates. Raises :class:`EdgeoodError` for others, never exported."""
    kind = settings.get("kind", "images")
    size = settings.get({"images": "pixels", "trigger_candidates": "constituents"}.get(kind, ""))
    if type(size) is not int or size < 1:
        raise EdgeoodError(
            f"a model describes its inputs as {dict(settings)}, as no export does; export it again."
        )
    if kind == "images":
        return (1, size, size)
    return (size, len(FEATURES) + len(IDENTITY) * bool(settings.get("identity")))
