"""Recipes: what they accept, and the sentence for what they don't."""

import pytest

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.recipe import load_recipe, parse_recipe, shipped_recipes


def minimal(**changes: object) -> dict:
    return {
        "name": "test",
        "data": {"classes": {"qcd": ["quark"], "wz": ["w_1tev"]}},
        "network": {"kind": "cnn", "blocks": [{"filters": 4}]},
    } | changes


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_survives_a_round_trip_through_yaml(name, tmp_path):
    recipe = load_recipe(name)
    file = tmp_path / "recipe.yaml"
    file.write_text(recipe.to_yaml())
    assert load_recipe(file) == recipe


def test_fixed_point_types_are_read_from_plain_mappings():
    recipe = parse_recipe(minimal(quantization={"weights": {"bits": 5, "integer": 0}}), "r.yaml")
    assert recipe.quantization.weights == FixedPoint(5, 0, signed=True)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"trainig": {}}, "r.yaml: unknown key 'trainig'; did you mean 'training'?"),
        (
            {"network": {"kind": "cnn", "blocks": [{"filter": 3}]}},
            "r.yaml: unknown key 'network.blocks.0.filter'; did you mean 'filters'?",
        ),
        (
            {"quantization": {"weights": {"bits": 5, "integr": 0}}},
            "r.yaml: unknown key 'quantization.weights.integr'; did you mean 'integer'?",
        ),
        ({"network": {"kind": "cnn"}}, "r.yaml: 'network.blocks' is missing; add it."),
        (
            {"data": {"classes": {"qcd": ["quark"]}}},
            "r.yaml: data.classes: a classifier needs at least two classes; correct it.",
        ),
    ],
)
def test_a_mistake_is_named_in_one_sentence(changes, sentence):
    with pytest.raises(EdgeoodError) as caught:
        parse_recipe(minimal(**changes), "r.yaml")
    assert str(caught.value) == sentence


def test_a_network_that_outgrows_its_images_is_refused():
    blocks = [{"filters": 4, "kernel": 5, "pool": 4}, {"filters": 4, "kernel": 15}]
    with pytest.raises(EdgeoodError, match=r"network\.blocks\.1 leaves no pixel of 50×50"):
        parse_recipe(minimal(network={"kind": "cnn", "blocks": blocks}), "r.yaml")


def test_overrides_are_yaml_values():
    recipe = load_recipe("cnn-nurd-demo", ["training.epochs=3", "data.jets=[a.h5, b]"])
    assert recipe.training.epochs == 3
    assert recipe.data.jets == ("a.h5", "b")


@pytest.mark.parametrize("assignment", ["training.epochs", "=3", "name.first=3"])
def test_an_override_that_sets_nothing_is_refused(assignment):
    with pytest.raises(EdgeoodError, match="--set"):
        load_recipe("cnn-nurd-demo", [assignment])


def test_an_unknown_recipe_suggests_the_nearest():
    with pytest.raises(EdgeoodError, match="did you mean 'cnn-nurd-demo'"):
        load_recipe("cnn-nurd-dmo")


def test_broken_yaml_is_one_sentence(tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text("name: [")
    with pytest.raises(EdgeoodError, match="not readable YAML") as caught:
        load_recipe(file)
    assert "\n" not in str(caught.value)
