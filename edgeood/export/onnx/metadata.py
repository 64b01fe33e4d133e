"""What a scorer must know of a model, in the model's own properties."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgeood.errors import EdgeoodError

if TYPE_CHECKING:
    import onnx

PREFIX = "edgeood."


def store_metadata(model: "onnx.ModelProto", metadata: Mapping[str, Any]) -> None:
    """Store each value as JSON under its key and :data:`PREFIX`."""
    from onnx import helper

    helper.set_model_props(model, {f"{PREFIX}{key}": json.dumps(value) for key, value in metadata.items()})


def read_metadata(properties: Mapping[str, str]) -> dict[str, Any]:
    """What :func:`store_metadata` stored, from a model's properties as an engine lists them."""
    return {
        key.removeprefix(PREFIX): json.loads(value)
        for key, value in properties.items()
        if key.startswith(PREFIX)
    }


def read_description(properties: Mapping[str, str], path: str, target: str) -> dict[str, Any]:
    """The same of a model that a user gave: with a ``score``; ``threshold`` and ``inputs`` are sound if there.

    Raises :class:`EdgeoodError` naming the ``path`` and how to export to the ``target``.
    """
    remedy = f"make one with `edgeood export --target {target}`."
    try:
        about = read_metadata(properties)
    except (ValueError, RecursionError) as error:
        raise EdgeoodError(f"{path} describes itself in no readable JSON; {remedy}") from error
    if not isinstance(about.get("score"), str):
        raise EdgeoodError(f"{path} was not exported by edgeood; {remedy}")
    for key, sort in (("threshold", int | float), ("inputs", dict)):
        if key in about and (not isinstance(about[key], sort) or isinstance(about[key], bool)):
            raise EdgeoodError(f"{path} has no proper '{key}' in its description; {remedy}")
    return about
