"""Too few jets are told before a training, not after it."""

import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.jets.format import write_jets
from edgeood.recipe import parse_recipe
from edgeood.training.enough_jets import check_enough
from edgeood.training.known_jets import KnownJets
from edgeood.training.train import train

RECIPE = {
    "name": "few",
    "data": {"classes": {"w": ["w_1tev"], "qcd": ["quark", "gluon"]}, "train": 0.6, "validation": 0.2},
    "inputs": {"pixels": 16},
    "network": {"kind": "cnn", "blocks": [{"filters": 2, "pool": 2}], "representation": 3},
    "training": {"epochs": 1, "batch_size": 8},
    "score": {"background_efficiency": 0.05},
}


def known(w: int, qcd: int) -> KnownJets:
    labels = np.repeat([0, 1], [w, qcd])
    return KnownJets(np.zeros((len(labels), 1), np.float32), labels, np.ones(len(labels), np.float32))


@pytest.mark.parametrize(
    ("train_jets", "validation_jets", "sentence"),
    [
        ((2, 50), (1, 20), None),
        (
            (2, 50),
            (1, 19),
            "19 background jets are too few for a working point of efficiency 0.05; use at least 20",
        ),
        ((2, 50), (100, 0), "class 'qcd' has too few jets to validate on .0, at least 1"),
        ((1, 50), (1, 20), "class 'w' has too few jets to train on .1, at least 2"),
        ((0, 50), (1, 20), "class 'w' has too few jets to train on .0"),
        ((2, 50), (0, 20), "class 'w' has too few jets to validate on .0"),
        ((2, 47), (1, 20), "49 jets to fit the scores on are too few for a distance to the 50th neighbour"),
        ((2, 5), (1, 20), "only 7 jets to train and 21 to validate on"),
        ((30, 30), (0, 0), "only 60 jets to train and 0 to validate on"),
    ],
)
def test_each_part_of_the_jets_must_suffice(train_jets, validation_jets, sentence):
    recipe = parse_recipe(RECIPE, "test")
    jets = known(*train_jets), known(*validation_jets)
    if sentence is None:
        check_enough(recipe, *jets)
        return
    with pytest.raises(EdgeoodError, match=sentence):
        check_enough(recipe, *jets)


def test_an_autoencoder_is_fitted_on_the_background_alone():
    sections = {"network": {"kind": "vae"}, "objective": {"kind": "variational"}}
    recipe = parse_recipe(RECIPE | sections, "test")
    check_enough(recipe, known(50, 50), known(20, 20))
    with pytest.raises(EdgeoodError, match="49 jets to fit the scores on"):
        check_enough(recipe, known(50, 49), known(20, 20))


def test_nothing_is_begun_with_too_few_jets(tmp_path, toy_jets):
    write_jets(tmp_path / "jets.h5", toy_jets(60), {})
    recipe = parse_recipe(RECIPE | {"score": {"background_efficiency": 0.001}}, "test")
    with pytest.raises(EdgeoodError, match="use at least 1000, or a higher efficiency"):
        train(recipe, tmp_path / "run", jets=[tmp_path / "jets.h5"], progress=False)
    assert not (tmp_path / "run").exists()


def test_a_class_whose_jets_all_fall_elsewhere_is_named(tmp_path, toy_jets):
    jets = toy_jets(60)
    one = np.flatnonzero(jets.process_names == "w_1tev")[0]
    own = np.isin(jets.process_names, ["quark", "gluon"]) | (np.arange(len(jets)) == one)
    write_jets(tmp_path / "jets.h5", jets[own], {})
    with pytest.raises(EdgeoodError, match=r"class 'w' has too few jets to (train|validate) on"):
        train(parse_recipe(RECIPE, "test"), tmp_path / "run", jets=[tmp_path / "jets.h5"], progress=False)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"network": RECIPE["network"] | {"representation": 4}}, "of 3 dimensions and recipe 'few' one of 4"),
        ({"inputs": {"pixels": 17}}, "a float run with the same inputs and classes"),
        (
            {"data": RECIPE["data"] | {"classes": {"qcd": ["quark"], "w": ["w_1tev"]}}},
            "the same inputs and classes",
        ),
    ],
)
def test_a_teacher_of_something_else_is_refused(tmp_path_factory, toy_jet_file, changes, sentence, teacher):
    recipe = parse_recipe(RECIPE | {"distillation": {}} | changes, "test")
    out = tmp_path_factory.mktemp("student") / "run"
    with pytest.raises(EdgeoodError, match=sentence):
        train(recipe, out, jets=[toy_jet_file], teacher=teacher.path, progress=False)
    assert not out.exists()


@pytest.fixture(scope="module")
def teacher(tmp_path_factory, toy_jet_file):
    out = tmp_path_factory.mktemp("teacher") / "run"
    return train(parse_recipe(RECIPE, "test"), out, jets=[toy_jet_file], progress=False)
