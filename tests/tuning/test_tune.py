"""A search of three trials: reproducible, resumable, and its front is one."""

import json
import sqlite3

import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.jets.split import VALIDATION
from edgeood.recipe import Recipe, load_recipe, parse_recipe
from edgeood.run import Run
from edgeood.scores.fused.network import fused_network
from edgeood.training.known_jets import split_jets
from edgeood.tuning.measure import ValidationJets
from edgeood.tuning.report import pareto_front
from edgeood.tuning.space import default_space, own_values, read_space, with_values
from edgeood.tuning.study import tune

TINY = {
    "name": "tiny-twin",
    "seed": 3,
    "data": {
        "classes": {"qcd": ["quark", "gluon"], "wz": ["w_1tev", "z_1tev"]},
        "signals": {"top": ["top_1tev"]},
        "train": 0.5,
        "validation": 0.3,
    },
    "inputs": {"pixels": 12, "scale": 8},
    "network": {"kind": "cnn", "blocks": [{"filters": 2, "pool": 2}], "hidden": [4], "representation": 4},
    "training": {"epochs": 4, "batch_size": 64, "schedule": [[0, 5e-3], [4, 1e-3]]},
    "score": {"kind": "max_logit", "background_efficiency": 0.2},
    "quantization": {"input": {"bits": 8, "integer": 2, "signed": False}},
}
SPACE = """\
quantization.weights.bits: [3, 6]
quantization.layers.conv0.activations:
  - {bits: 4, integer: 2, signed: false}
  - {bits: 8, integer: 2, signed: false}
network.hidden: [[], [4], [8]]
"""
LITE = {
    "inputs": {"kind": "trigger_candidates", "constituents": 8},
    "network": {
        "kind": "particlenet_lite",
        "neighbours": 3,
        "blocks": [{"edge": 4, "nodes": [8]}, {"edge": 16}],
        "representation": 4,
    },
    "quantization": {"toolkit": "brevitas", "input": {"bits": 15, "integer": 4}},
}


def tiny(**changes: object) -> Recipe:
    return parse_recipe(TINY | changes, "test")


def test_the_front_is_what_no_other_point_beats():
    assert pareto_front([]) == []
    assert pareto_front([(0.8, 10), (0.9, 20), (0.7, 30), (0.95, 20), (0.8, 10)]) == [0, 3]
    points = np.random.default_rng(0).random((200, 2))
    front = pareto_front([(auroc, cost) for auroc, cost in points])
    beaten = [((points[:, 0] >= p[0]) & (points[:, 1] <= p[1])).sum() > 1 for p in points]
    assert sorted(front) == np.flatnonzero(~np.array(beaten)).tolist()
    assert list(np.diff(points[front, 1]) > 0) == [True] * (len(front) - 1)


@pytest.fixture(scope="module")
def space_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("space") / "space.yaml"
    file.write_text(SPACE)
    return file


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, toy_jet_file, space_file):
    folder = tmp_path_factory.mktemp("study")
    return folder, tune(tiny(), folder, jets=[toy_jet_file], trials=3, epochs=1, space=space_file)


def test_the_first_trial_is_the_recipe_and_each_is_measured(undisturbed, toy_jet_file):
    folder, report = undisturbed
    assert json.loads((folder / "pareto.json").read_text()) == report
    # Here the recipe's exception for conv0 is not among the choices, so nothing is enqueued.
    assert [trial["number"] for trial in report["trials"]] == [0, 1, 2]
    for trial in report["trials"]:
        assert set(trial["scores"]) == {"max_logit", "mahalanobis_diagonal"}
        assert 0 < trial["auroc"] < 1
        assert trial["ebops"] == sum(trial["layers"].values())
        assert trial["scores"]["mahalanobis_diagonal"]["ebops"] > trial["ebops"]
        recipe = Run.open(folder / trial["run"]).recipe
        assert recipe == with_values(recipe, trial["values"])
        assert recipe.training.epochs == 1
        assert recipe.training.schedule == ((0, 5e-3), (1, 1e-3))


def test_the_front_in_the_report_is_not_dominated_and_its_recipes_train_in_full(undisturbed):
    folder, report = undisturbed
    points = {trial["number"]: (trial["auroc"], trial["ebops"]) for trial in report["trials"]}
    assert report["front"]
    for own in report["front"]:
        for other in points.values():
            assert not (other[0] >= points[own][0] and other[1] <= points[own][1] and other != points[own]), (
                "dominated"
            )
    assert {path.name for path in (folder / "pareto").iterdir()} == {
        f"trial-{n}.yaml" for n in report["front"]
    }
    for number in report["front"]:
        recipe = load_recipe(folder / "pareto" / f"trial-{number}.yaml")
        assert recipe.training == tiny().training
        assert recipe.network.hidden == tuple(report["trials"][number]["values"]["network.hidden"])
        assert f"\n| {number} | {points[number][1]:,} |" in (folder / "pareto.md").read_text()
    assert (folder / "pareto.png").stat().st_size > 5000


def test_a_search_that_was_cut_goes_on_as_if_it_had_not_been(undisturbed, tmp_path, toy_jet_file, space_file):
    arguments = {"jets": [toy_jet_file], "epochs": 1, "space": space_file}
    tune(tiny(), tmp_path, trials=1, **arguments)
    # A trial whose process was killed before it was told to the study.
    with sqlite3.connect(tmp_path / "study.db") as study:
        assert study.execute("UPDATE trials SET state = 'RUNNING' WHERE number = 0").rowcount == 1
    told: list[str] = []
    report = tune(tiny(), tmp_path, trials=3, tell=told.append, **arguments)
    assert report == undisturbed[1]
    assert [line.split(":")[0] for line in told] == ["trial 0", "trial 1", "trial 2"]
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "trials").glob("*/*")}
    assert tune(tiny(), tmp_path, trials=3, **arguments) == report
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "trials").glob("*/*")} == stamps
    with pytest.raises(EdgeoodError, match="holds a study of another recipe; tune into another --out"):
        tune(tiny(seed=4), tmp_path, trials=3, **arguments)


def test_a_choice_that_cannot_be_built_is_refused_and_the_search_goes_on(tmp_path, toy_jet_file):
    space = tmp_path / "space.yaml"
    space.write_text("quantization.weights.bits: [6, 30]\n")
    report = tune(tiny(), tmp_path / "study", jets=[toy_jet_file], trials=6, epochs=1, space=space)
    states = {trial["values"]["quantization.weights.bits"]: trial for trial in report["trials"]}
    assert report["trials"][0]["values"] == {"quantization.weights.bits": 6}, "the recipe comes first"
    assert "cannot have" in states[30]["refused"]
    assert states[6]["auroc"] > 0
    assert report["front"] == [0], "equal recipes are trained once, and the first stands for all"
    assert len(list((tmp_path / "study" / "trials").glob("*/run.json"))) == 1


def test_the_default_space_holds_the_recipe_itself():
    for recipe in (tiny(), tiny(**LITE)):
        space = default_space(recipe)
        own = own_values(recipe, space)
        assert own is not None
        values = {key: space[key][index] for key, index in own.items()}
        assert with_values(recipe, values) == recipe
        assert all(choices == sorted(set(choices)) and len(choices) > 2 for choices in space.values())
    assert {"network.neighbours", "quantization.edges.bits", "network.blocks.0.nodes.0"} <= set(space)
    assert space["network.blocks.1.edge"] == [8, 12, 16, 24, 32]


def test_validation_jets_are_of_no_other_part(toy_jet_file):
    recipe = tiny()
    validation = ValidationJets.read(recipe.data, [toy_jet_file])
    assert np.array_equal(
        validation.background | validation.signals["top"], np.ones(len(validation.jets), bool)
    )
    split = split_jets(validation.jets, recipe.data)
    assert set(split[validation.background]) == {VALIDATION}
    assert 0.2 < validation.signals["top"].sum() / 400 < 0.4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"quantization": None}, "float network without bits to choose"),
        ({"score": {"kind": "mahalanobis"}}, "has no firmware; tune max_logit or"),
        ({"data": TINY["data"] | {"signals": {}}}, "needs signals to detect"),
    ],
)
def test_what_cannot_be_tuned_is_told_in_one_sentence(changes, message, tmp_path, toy_jet_file):
    with pytest.raises(EdgeoodError, match=message):
        tune(tiny(**changes), tmp_path / "study", jets=[toy_jet_file], trials=1)
    assert not (tmp_path / "study" / "study.db").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 3", "holds no search space"),
        ("quantization.weights.bits: []", "holds no search space"),
        ("quantization.weight.bits: [3]", "unknown key 'quantization.weight'; did you mean 'weights'"),
        ("network.blocks.1.filters: [3]", "'network.blocks.1.filters' names no key of recipe 'tiny-twin'"),
        ("training.epochs: [0]", "'training.epochs' is not valid"),
    ],
)
def test_a_wrong_search_space_is_told_in_one_sentence(text, message, tmp_path):
    file = tmp_path / "space.yaml"
    file.write_text(text)
    with pytest.raises(EdgeoodError, match=message):
        read_space(file, tiny())


def test_particlenet_lite_is_tuned_as_well(tmp_path, toy_jet_file):
    recipe = tiny(**LITE)
    report = tune(recipe, tmp_path, jets=[toy_jet_file], trials=2, epochs=1)
    own, other = report["trials"]
    assert with_values(recipe, own["values"]) == recipe
    names = {"edge0", "edge0_maximum", "node0_0", "edge1", "dense0", "representation", "logits"}
    assert set(other["layers"]) == names
    assert other["values"] != own["values"]
    assert other["ebops"] != own["ebops"]


def test_look_up_tables_are_made_small_as_well(tmp_path, toy_jet_file):
    pytest.importorskip("alkaid", reason="RTL needs the extra 'rtl'")
    from edgeood.export.verilog.logic import traced

    recipe = tiny(**LITE)
    report = tune(recipe, tmp_path, jets=[toy_jet_file], trials=2, epochs=1, cost="luts")
    assert report["cost"] == "luts"
    for trial in report["trials"]:
        run = Run.open(tmp_path / trial["run"])
        assert trial["luts"] == round(traced(fused_network(run, recipe.score.kind)).cost)
        assert trial["scores"][recipe.score.kind]["luts"] == trial["luts"]
    assert "| trial | LUTs | AUROC |" in (tmp_path / "pareto.md").read_text(encoding="utf-8")
    with pytest.raises(EdgeoodError, match="holds a study of another cost"):
        tune(recipe, tmp_path, jets=[toy_jet_file], trials=2, epochs=1)


def test_a_network_without_rtl_has_no_look_up_tables(tmp_path, toy_jet_file):
    with pytest.raises(EdgeoodError, match="no RTL is written of"):
        tune(tiny(), tmp_path, jets=[toy_jet_file], trials=1, cost="luts")
