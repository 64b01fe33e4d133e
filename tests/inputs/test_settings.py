"""What a run or a model may say of its inputs is what a recipe can say, bound by bound."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from edgeood.errors import EdgeoodError
from edgeood.inputs import INPUTS, inputs_of
from edgeood.inputs.settings import SETTINGS, check_settings
from edgeood.inputs.shapes import input_shape
from edgeood.recipe import Constituents, FourVectors, Images, Substructure, TriggerCandidates

SECTIONS = {
    section().kind: section
    for section in (Images, Constituents, FourVectors, Substructure, TriggerCandidates)
}
VALUES = (
    *(
        True,
        False,
        0,
        1,
        2,
        3,
        4,
        7,
        8,
        12,
        13,
        16,
        17,
        128,
        256,
        257,
        1024,
        1025,
        2**40,
        -1,
        "x",
        None,
        [3],
        {},
    ),
    *(0.0, 5e-324, 1e-6, 9e-7, 1e-3, 9e-4, 0.5, 1.0, 1.1, 10.0, 10.1, 1e3, 1.1e3, 1e6, 1.1e6, np.nan, np.inf),
    *("linear", "sqrt"),
)


def is_believed(settings: dict[str, Any]) -> bool:
    try:
        check_settings(settings)
    except EdgeoodError:
        return False
    return True


def is_written(section: type, settings: dict[str, Any], key: str) -> bool:
    """Whether a recipe may have it, and writes it as it stands."""
    try:
        written = section.model_validate(settings).model_dump()[key]
    except ValidationError:
        return False
    value = settings[key]
    return type(written) is type(value) or (type(written), type(value)) == (float, int)


def test_there_are_settings_of_every_kind():
    assert set(SETTINGS) == set(INPUTS) == set(SECTIONS)


@pytest.mark.parametrize("kind", SECTIONS)
def test_they_have_the_keys_and_bounds_of_the_recipe(kind):
    section = SECTIONS[kind]
    written = section().model_dump()
    assert set(SETTINGS[kind]) | {"kind"} == set(written)
    check_settings(written)
    tried = 0
    for key in SETTINGS[kind]:
        for value in VALUES:
            content = {**written, key: value}
            if key == "constituents" and kind == "trigger_candidates" and value in (3, 7, 12, 13, 17):
                continue  # no power of two: a recipe for a chip wants one, a score does not
            assert is_believed(content) == is_written(section, content, key), (key, value)
            tried += 1
    assert tried >= len(VALUES)


@pytest.mark.parametrize(
    "settings",
    [
        *(None, [], "images", {}, {"kind": ["images"]}, {"kind": "clouds"}, {"kind": "images"}),
        *({"kind": "images", "pixels": 2**40}, {"kind": "images", "pixels": 8, "more": 1}, {"pixels": 8}),
        *({"kind": "four_vectors"}, {"kind": "constituents", "constituents": 8, "rotate": True}),
    ],
)
def test_others_are_one_sentence(settings, toy_jets):
    for attempt in (lambda: inputs_of(toy_jets(1), settings), lambda: input_shape(settings)):
        with pytest.raises(EdgeoodError, match=r"^inputs are told .*; copy the run or the model again\.$"):
            attempt()


def test_a_model_says_how_many_pixels_and_no_more(toy_jets):
    assert inputs_of(toy_jets(1), {"kind": "images", "pixels": 8}).shape[1:] == (1, 8, 8)
    assert input_shape({"kind": "images", "pixels": 8}) == (1, 8, 8)


@pytest.mark.parametrize(
    "section",
    [
        FourVectors(constituents=8),
        Constituents(constituents=8),
        Constituents(constituents=8, identity=True),
        TriggerCandidates(constituents=8),
        Substructure(identity=True),
    ],
)
def test_the_shape_is_that_of_the_inputs(section, toy_jets):
    settings = section.model_dump()
    assert inputs_of(toy_jets(1), settings).shape[1:] == input_shape(settings)
