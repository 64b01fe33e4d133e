"""``card.json`` of a released detector: what it is, and the files that belong to it."""

from pathlib import Path
from typing import Any

from edgeood.errors import EdgeoodError
from edgeood.files.reading import read_json

CARD = "card.json"
FORMAT, FORMAT_VERSION = "edgeood-released", 1
RESTORE = "install edgeood again, or copy the detector again."
_SORTS = {"name": str, "score": str, "scores": dict, "inputs": dict, "files": dict}
_OF_A_SCORE = {"file": str, "threshold": int | float, "step": int | float}
_NEEDS = ("jets", "constituents")


def read_card(path: Path) -> dict[str, Any]:
    """The card in a file. Raises :class:`EdgeoodError` unless it is one, with all that is read of it."""
    card = read_json(path, RESTORE, tuple(_SORTS))
    if card.get("format") != FORMAT or card.get("version") != FORMAT_VERSION:
        raise EdgeoodError(f"{path} is of another version of edgeood; use the one that made it.")
    _check(card, _SORTS, path, "")
    for name, own in card["scores"].items():
        _check({name: own}, {name: dict}, path, "scores.")
        _check(own, _OF_A_SCORE, path, f"scores.{name}.")
    needs = card.get("needs", {name: [] for name in _NEEDS})
    _check({"needs": needs}, {"needs": dict}, path, "")
    _check(needs, dict.fromkeys(_NEEDS, list), path, "needs.")
    if not all(isinstance(field, str) for name in _NEEDS for field in needs[name]):
        raise EdgeoodError(f"{path} has no proper 'needs'; {RESTORE}")
    return card


def _check(content: dict[str, Any], sorts: dict[str, Any], path: Path, where: str) -> None:
    for key, sort in sorts.items():
        if not isinstance(content.get(key), sort) or isinstance(content[key], bool):
            raise EdgeoodError(f"{path} has no proper '{where}{key}'; {RESTORE}")
