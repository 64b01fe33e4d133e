"""What a scorer must know of a model, in the model's own properties."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

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
