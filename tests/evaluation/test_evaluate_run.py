"""``evaluate``: what it leaves in a run's folder, and what it makes of the network's outputs."""

import json

import numpy as np
import pytest
from quantized_runs import make_run

from edgeood.errors import EdgeoodError
from edgeood.evaluation.evaluate_run import evaluate
from edgeood.evaluation.held_out import score_held_out
from edgeood.inputs import inputs_of
from edgeood.jets.format import read_jets
from edgeood.networks.build import outputs_of
from edgeood.networks.load import load_network
from edgeood.recipe import parse_recipe
from edgeood.run import Run
from edgeood.training.train import train

RECIPE = {
    "name": "three",
    "data": {
        "classes": {"w": ["w_1tev"], "qcd": ["quark", "gluon"], "z": ["z_1tev"]},
        "signals": {"top": ["top_1tev"]},
        "train": 0.5,
        "validation": 0.1,
    },
    "inputs": {"pixels": 16, "scale": 8},
    "network": {"kind": "cnn", "blocks": [{"filters": 4, "pool": 2}], "hidden": [8], "representation": 4},
    "training": {"epochs": 2, "batch_size": 64},
    "score": {"background_efficiency": 0.1},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory, toy_jet_file):
    folder = tmp_path_factory.mktemp("runs") / "three"
    run = train(parse_recipe(RECIPE, "test"), folder, jets=[toy_jet_file], progress=False)
    fitted = run.load_scores()
    run.save_scores({name: fitted[name] for name in ("max_logit", "mahalanobis")})  # two will do
    return run


@pytest.fixture(scope="module")
def metrics(run, toy_jet_file):
    return evaluate(run, [toy_jet_file])


def test_numbers_and_one_figure_of_each_sort_are_saved(run, metrics):
    folder = run.path / "evaluation"
    assert json.loads((folder / "metrics.json").read_text()) == metrics
    scores = list(run.load_scores())
    figures = {f"{figure}_{score}" for figure in ("score", "mass", "profile") for score in scores}
    figures |= {"roc_top", "sic_top", "simplex", "representation", "training"}
    texts = {"metrics.json", "metrics.md", "mass_decorrelation.json", "mass_decorrelation.md"}
    expected = {f"{name}.{suffix}" for name in figures for suffix in ("png", "pdf")} | texts
    assert {path.name for path in folder.iterdir()} == expected


def test_the_report_quotes_the_metrics(run, metrics):
    report = json.loads((run.path / "evaluation" / "mass_decorrelation.json").read_text())
    background = sum(metrics["jets"][name] for name in ("quark", "gluon"))
    assert report["jets"] == sum(report["spectra"]["before"]) == background
    for name, own in metrics["sculpting"].items():
        quoted = report["scores"][name]["sculpting"]["0.5"]["wasserstein_gev"]
        assert [quoted["value"], quoted["error"]] == own["0.5"]["wasserstein_gev"]


def test_outputs_do_not_depend_on_how_many_jets_are_read_at_a_time(run, toy_jets):
    jets = toy_jets(1700)  # more than one part
    held_out = score_held_out(run, jets)
    outputs = outputs_of(load_network(run), inputs_of(jets, run.recipe.inputs.model_dump()))
    np.testing.assert_array_equal(held_out.outputs.representation, outputs.representation)
    np.testing.assert_array_equal(held_out.outputs.logits, outputs.logits)
    np.testing.assert_allclose(held_out.scores["max_logit"], -outputs.logits.max(axis=1))
    assert all(len(score) == len(jets) for score in held_out.scores.values())


def test_the_simplex_has_the_background_at_its_top(run):
    from edgeood.evaluation.run_figures import _probabilities

    classes, probabilities = _probabilities(np.array([[0.0, np.log(2), -800.0]]), run.recipe.data)
    assert classes == ["qcd", "w", "z"]
    np.testing.assert_allclose(probabilities, [[2 / 3, 1 / 3, 0]])


def test_a_fused_score_that_no_firmware_computes_is_left_out_unless_it_is_the_recipes(tmp_path, toy_jet_file):
    run = make_run(tmp_path / "twin")
    fitted = run.load_scores()
    # So small a threshold that its error budget needs more bits than any engine has.
    fitted["mahalanobis_diagonal"] |= {"threshold": np.array(1e-9), "design_threshold": np.array(1e-9)}
    run.save_scores(fitted)
    jets = read_jets(toy_jet_file)[:20]
    with pytest.raises(EdgeoodError, match=r"score\.error_budget"):
        score_held_out(run, jets)
    recipe = run.recipe.model_copy(
        update={"score": run.recipe.score.model_copy(update={"kind": "max_logit"})}
    )
    other = Run.finish(run.path, recipe, run.manifest["data"])
    assert set(score_held_out(other, jets).scores) == set(fitted) - {"mahalanobis_diagonal"}
