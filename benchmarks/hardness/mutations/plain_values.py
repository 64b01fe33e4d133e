"""Odd values in plain mappings and lists, as JSON and YAML hold them."""

import copy
import random
from collections.abc import Sequence
from typing import Any

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 7, 255, 10**6, 2**31, 2**63, 10**30, -(10**30), 0.0, -0.0, 0.5, -1.5),
    *(
        1e-300,
        1e300,
        float("nan"),
        float("inf"),
        float("-inf"),
        "",
        " ",
        "x",
        "0",
        "1",
        "nan",
        "true",
        "qcd",
        "images",
    ),
    *(
        "max_logit",
        "../..",
        "/",
        "a/b",
        "\0",
        "\n",
        "\x1b[2J",
        "\U0001f600",
        "é",
        "x" * 3000,
        [],
        [[]],
        [0],
        [None],
    ),
    *(["x"], [1, 2], ["qcd", "qcd"], [[0, 1]], list(range(1000)), {}, {"": 0}, {"x": {}}, {"kind": "images"}),
    *(
        {"kind": "vae"},
        {"kind": ["x"]},
        {"bits": 8, "integer": 3, "signed": True},
        {"bits": 10**9, "integer": 0},
    ),
)
"""Values that stand somewhere by mistake; some are sound in some places."""

Path = tuple[Any, ...]


def places_of(content: Any, here: Path = ()) -> list[Path]:
    """Every place in plain mappings and lists, at any depth."""
    pairs: Sequence[tuple[Any, Any]] = ()
    if isinstance(content, dict):
        pairs = list(content.items())
    elif isinstance(content, list):
        pairs = list(enumerate(content[:50]))
    return [place for key, own in pairs for place in ((*here, key), *places_of(own, (*here, key)))]


def mutated(content: Any, rng: random.Random) -> tuple[Any, str]:
    """A copy of the content with one place changed, and what was done, in words."""
    content = copy.deepcopy(content)
    places = places_of(content)
    if not places or rng.random() < 0.02:
        value = rng.choice(ODD)
        return value, f"all of it is {told(value)}"
    place = rng.choice(places)
    parent = at(content, place[:-1])
    where, value = ".".join(map(str, place)), rng.choice(ODD)
    deed = rng.choice(("odd", "odd", "odd", "gone", "near", "near", "moved", "added", "renamed"))
    if deed == "gone" or (deed == "renamed" and not isinstance(parent, dict)):
        del parent[place[-1]]
        return content, f"{where} is gone"
    if deed == "renamed":
        parent[f"{place[-1]}{rng.choice(('_', 's', ' ', 'é'))}"] = parent.pop(place[-1])
        return content, f"{where} has another name"
    if deed == "near":
        parent[place[-1]] = near(parent[place[-1]], rng)
        return content, f"{where} is {told(parent[place[-1]])}"
    if deed == "moved":
        other = rng.choice(places)
        value = copy.deepcopy(at(content, other))
        parent[place[-1]] = value
        return content, f"{where} is that of {'.'.join(map(str, other))}"
    if deed == "added" and isinstance(parent, dict):
        parent[rng.choice(("", "x", "kind", "digest", "files", "é", "version", "domain"))] = value
        return content, f"a key beside {where} holds {told(value)}"
    parent[place[-1]] = value
    return content, f"{where} is {told(value)}"


def near(value: Any, rng: random.Random) -> Any:
    """A value of the same sort, a little otherwise."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + rng.choice((-1, 1, 7, -value, value, 2**20))
    if isinstance(value, float):
        return rng.choice((value * 1.001, -value, value * 1e6, value + 1, value / 3))
    if isinstance(value, str):
        place = rng.randrange(len(value) + 1)
        return rng.choice((value[:place] + "x" + value[place:], value.upper(), value[1:], value * 2))
    if isinstance(value, list):
        return rng.choice((value[::-1], value[:-1], value + value[-1:], [value]))
    if isinstance(value, dict):
        return dict(list(value.items())[::-1]) if rng.random() < 0.5 else [value]
    return rng.choice(ODD)


def at(content: Any, place: Path) -> Any:
    """What stands at a place."""
    for part in place:
        content = content[part]
    return content


def told(value: Any) -> str:
    """A value, short enough for a line."""
    text = repr(value)
    return text if len(text) < 60 else f"{text[:57]}…"
