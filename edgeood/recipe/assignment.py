"""``--set section.key=value``: one value of a recipe, or of any plain dictionaries and lists, changed in place."""

from typing import Any

from edgeood.errors import EdgeoodError
from edgeood.plain_yaml import plain_yaml, shown

_LONGEST_KEY = 200


def override(content: Any, assignment: str) -> None:
    """Change one key of a recipe given as plain dictionaries (in place): ``section.key=value``, the value in YAML.

    An entry of a list is named by its number: ``network.blocks.0.filters=8``.
    Raises :class:`EdgeoodError` if the assignment is none, or names no key.
    """
    key, equals, text = assignment.partition("=")
    if not equals or not all(key.split(".")) or len(key) > _LONGEST_KEY:
        raise EdgeoodError(f"'{shown(assignment)}' sets nothing: write --set section.key=value.")
    try:
        value = plain_yaml(text)
    except EdgeoodError as error:
        raise EdgeoodError(
            f"'{shown(assignment)}' sets no value that YAML can read ({error}); correct or quote it."
        ) from error
    if not set_value(content, key, value):
        raise EdgeoodError(f"'{shown(key)}' names no key of a recipe: write --set section.key=value.")


def set_value(content: Any, key: str, value: Any) -> bool:
    """Put ``value`` under a dotted ``key`` of plain dictionaries and lists (in place); False if it names no place.

    Sections that are missing or null on the way are made; entries of lists must be there.
    """
    *sections, last = key.split(".")
    place = content
    for part in sections:
        if isinstance(place, dict) and place.get(part) is None:
            place[part] = {}
        place = value_under(place, part)
    if isinstance(place, dict):
        place[last] = value
        return True
    if isinstance(place, list) and (index := _index(place, last)) is not None:
        place[index] = value
        return True
    return False


def value_under(place: Any, part: str) -> Any:
    """What lies under a key of a dictionary or a number of a list; None if there is nothing."""
    if isinstance(place, dict):
        return place.get(part)
    if isinstance(place, list) and (index := _index(place, part)) is not None:
        return place[index]
    return None


def _index(place: list[Any], part: str) -> int | None:
    # Short, and of plain digits: isdecimal() is true of those of other scripts as well, int() of a million takes time.
    plain = part.isascii() and part.isdecimal() and len(part) < 10
    return int(part) if plain and int(part) < len(place) else None
