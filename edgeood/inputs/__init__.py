"""Jets → network inputs."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgeood.inputs import constituents, four_vectors, images, substructure, trigger_candidates
from edgeood.inputs.needs import Needs, check_known
from edgeood.inputs.settings import check_settings
from edgeood.jets.layout import Jets
from edgeood.resources import released_folder

Settings = Mapping[str, Any]
"""A recipe's section ``inputs`` as plain values."""


class Inputs(NamedTuple):
    """One way to show jets to a network."""

    make: Callable[[Jets, Settings], NDArray[np.float32]]
    needs: Callable[[Settings], Needs]


INPUTS = {
    "images": Inputs(images.images_of, images.needs),
    "constituents": Inputs(constituents.constituents_of, constituents.needs),
    "four_vectors": Inputs(four_vectors.four_vectors_of, four_vectors.needs),
    "substructure": Inputs(substructure.substructure_of, substructure.needs),
    "trigger_candidates": Inputs(trigger_candidates.trigger_candidates_of, trigger_candidates.needs),
}
"""``kind`` of a recipe's inputs → how they are made and what of. New inputs are a module and a line here."""


def needs_of(settings: Settings) -> Needs:
    """The fields of jets and constituents that inputs with these ``settings`` read.

    Raises :class:`EdgeoodError` for settings that no recipe has.
    """
    check_settings(settings)
    return INPUTS[settings["kind"]].needs(settings)


def inputs_of(jets: Jets, settings: Settings, who: str = "the network") -> NDArray[np.float32]:
    """(N, …) network inputs of ``jets``; ``who`` takes them, as a sentence about missing fields calls it.

    Images are (N, 1, P, P), constituents (N, P, 5 or 11), four-vectors (N, 4·P), substructure (N, 14 or 20),
    trigger candidates (N, P, 3 or 8): see the modules of this package.
    Raises :class:`EdgeoodError` if the jets do not tell a field that is needed, or for settings that no recipe has.
    """
    needs = needs_of(settings)
    if needs.optional:
        check_known(jets, needs, who, _otherwise)
    return INPUTS[settings["kind"]].make(jets, settings)


def _otherwise() -> str:
    """What is left to do where a field cannot be filled in: inputs, or released detectors, that do not read it."""
    cards = [
        json.loads(file.read_text(encoding="utf-8")) for file in sorted(released_folder().glob("*/card.json"))
    ]
    content = [card["name"] for card in cards if not needs_of(card["inputs"]).optional]
    released = f" (of the released detectors: {', '.join(content)})" if content else ""
    return f"choose inputs that do not read it{released}"
