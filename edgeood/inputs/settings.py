"""What a run, a card or a model may say of its inputs: what a recipe can say, checked without its machinery."""

from collections.abc import Callable, Mapping
from typing import Any

from edgeood.errors import EdgeoodError

Test = Callable[[Any], bool]


def _whole(low: int, high: int) -> Test:
    return lambda value: type(value) is int and low <= value <= high


def _real(low: float, high: float) -> Test:
    return lambda value: type(value) in (int, float) and low <= value <= high


def _one_of(*known: Any) -> Test:
    return lambda value: any(type(value) is type(one) and value == one for one in known)


_TRUTH = _one_of(False, True)
_POSITIVE = 5e-324
SETTINGS: dict[str, dict[str, Test]] = {
    "images": {
        "pixels": _whole(8, 256),
        "half_width": _real(_POSITIVE, 10),
        "rotate": _TRUTH,
        "intensity": _one_of("linear", "sqrt"),
        "scale": _real(_POSITIVE, 1e6),
    },
    "constituents": {"constituents": _whole(2, 1024), "rotate": _TRUTH, "identity": _TRUTH},
    "four_vectors": {"constituents": _whole(1, 1024)},
    "substructure": {"identity": _TRUTH},
    "trigger_candidates": {
        "constituents": _whole(2, 128),
        "pt_step_gev": _real(1e-3, 1e3),
        "pt_bits": _whole(4, 16),
        "angle_step": _real(1e-6, 1),
        "angle_bits": _whole(4, 12),
        "identity": _TRUTH,
        "leptons_first": _TRUTH,
    },
}
"""``kind`` of inputs → its keys and what each may hold: :mod:`edgeood.recipe.inputs` has the same bounds."""


_WITH_DEFAULTS: dict[str, tuple[str, ...]] = {
    "images": ("half_width", "rotate", "intensity", "scale"),
    "trigger_candidates": ("leptons_first",),
}
"""Keys that need not be written out: models of others say how many pixels they take, and no more; those of release 0.1
knew no other order than that of pT."""


def check_settings(settings: Any) -> None:
    """Raise :class:`EdgeoodError` unless a section ``inputs`` is one that a recipe has, its defaults written out.

    A run, a card or a model without digests may hold anything there.
    """
    if not isinstance(settings, Mapping):
        raise EdgeoodError(f"inputs are told as {settings!r}, which is no section of a recipe; {_REMEDY}")
    kind = settings.get("kind")
    if not isinstance(kind, str) or kind not in SETTINGS:
        raise EdgeoodError(f"inputs are told to be of kind {kind!r}, which is none; {_REMEDY}")
    known = SETTINGS[kind]
    for key, value in settings.items():
        if key != "kind" and (key not in known or not known[key](value)):
            raise EdgeoodError(f"inputs are told to have {key} = {value!r}, as no recipe has; {_REMEDY}")
    if missing := [key for key in known if key not in settings and key not in _WITH_DEFAULTS.get(kind, ())]:
        raise EdgeoodError(f"inputs are told without their {missing[0]}; {_REMEDY}")


_REMEDY = "copy the run or the model again."
