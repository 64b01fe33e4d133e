"""Mutations of what an ONNX model says of itself."""

import json
import random
from typing import Any

from benchmarks.hardness.mutations.plain_values import ODD, mutated


def description_otherwise(model: Any, rng: random.Random) -> str:
    """Change one entry of its description, or all; returns what was done, in words."""
    entries = [entry for entry in model.metadata_props if entry.key.startswith("edgeood.")]
    sort = rng.choice(("value",) * 4 + ("text", "gone", "twice", "another key", "none at all"))
    if not entries:
        return "no description to change"
    entry = rng.choice(entries)
    told = entry.key
    if sort == "value":
        content = {"value": json.loads(entry.value)} if _is_json(entry.value) else {"value": entry.value}
        changed, told = mutated(content, rng)
        value = changed["value"] if isinstance(changed, dict) and "value" in changed else rng.choice(ODD)
        entry.value = json.dumps(value)
        told = f"{entry.key} {told}"
    elif sort == "text":
        entry.value = rng.choice(("", "{", "NaN", "Infinity", "x", "[" * 50_000, "1e999", "null", "\u00e9"))
    elif sort == "gone":
        model.metadata_props.remove(entry)
    elif sort == "twice":
        more = model.metadata_props.add()
        more.key, more.value = entry.key, rng.choice(("0", '"max_logit"', "{}"))
    elif sort == "another key":
        entry.key = rng.choice(
            ("edgeood.", "edgeood.x", "x", "edgeood.threshold", "edgeood.inputs", "edgeood.decision")
        )
    else:
        del model.metadata_props[:]
    return f"description {told[:80]}: {sort}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
