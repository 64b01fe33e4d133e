"""Types of a network's layers, one by one → a recipe's section ``quantization``, which names what most of them have."""

from collections import Counter
from typing import Any

from edgeood.fixed_point import FixedPoint
from edgeood.networks.quantized.layer_types import POOL

Types = dict[str, dict[str, FixedPoint]]
"""Layer → part (weights, biases, activations, edges) → type"""


def section_of(types: Types, entry: FixedPoint) -> dict[str, Any]:
    """The section, in plain values, without its toolkit: ``entry`` is the type of the input.

    Each key has the type that most layers have, ``layers`` the exceptions.
    """
    counts: dict[str, Counter[FixedPoint]] = {}
    for name, own in types.items():
        for part, fixed_type in own.items():
            counts.setdefault(_key(name, part), Counter())[fixed_type] += 1
    usual = {key: counted.most_common(1)[0][0] for key, counted in counts.items()}
    exceptions: dict[str, dict[str, Any]] = {}
    for name, own in types.items():
        for part, fixed_type in own.items():
            if usual[_key(name, part)] != fixed_type:
                exceptions.setdefault(name, {})[part] = vars(fixed_type)
    plain = {key: dict(vars(fixed_type)) for key, fixed_type in {"input": entry, **usual}.items()}
    return {**plain, "layers": exceptions}


def _key(layer: str, part: str) -> str:
    """Key of the section that speaks of a layer's part."""
    if part == "activations" and layer in ("representation", POOL):
        return {"representation": "representation", POOL: "pooled"}[layer]
    return part
