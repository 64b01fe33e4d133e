"""Calibrating: working points on the chip's integers and in mass, kept with the run, on jets that are not reported."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import make_toy_jets
from quantized_runs import make_run

from edgeood.commissioning.calibrate import calibrate
from edgeood.errors import EdgeoodError
from edgeood.evaluation.evaluate_run import evaluate
from edgeood.evaluation.mass.decision import run_tables
from edgeood.export import to
from edgeood.export.record import read_record
from edgeood.inputs import inputs_of
from edgeood.jets.format import write_jets
from edgeood.jets.split import VALIDATION
from edgeood.recipe import parse_recipe
from edgeood.run import Run
from edgeood.runtime.verify import verify
from edgeood.scores.fused import FUSED_SCORES
from edgeood.scores.fused.network import fused_network
from edgeood.training.known_jets import read_known_jets, split_jets
from edgeood.training.train import train

TWIN = {
    "name": "tiny-twin",
    "seed": 7,
    "data": {
        "classes": {"qcd": ["quark", "gluon"], "wz": ["w_1tev", "z_1tev"]},
        "signals": {"top": ["top_1tev"]},
        "train": 0.5,
        "validation": 0.3,
    },
    "inputs": {"pixels": 16, "intensity": "sqrt", "scale": 2},
    "network": {"blocks": [{"filters": 4, "kernel": 4, "pool": 2}], "hidden": [8], "representation": 5},
    "training": {"epochs": 3, "batch_size": 64, "schedule": [[0, 5e-3], [3, 1e-3]]},
    "quantization": {"weights": {"bits": 5, "integer": 1}},
    "score": {"background_efficiency": 0.1, "error_budget": 0.1},
}


@pytest.fixture(scope="module")
def jets(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("jets") / "jets.h5"
    write_jets(path, make_toy_jets(400), {})
    return path


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> list[Path]:
    """Two files of jets that nobody was trained on."""
    folder = tmp_path_factory.mktemp("fresh")
    for seed in (2, 3):
        write_jets(folder / f"jets{seed}.h5", make_toy_jets(400, seed), {})
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def trained(tmp_path_factory, jets) -> Run:
    folder = tmp_path_factory.mktemp("runs") / "twin"
    return train(parse_recipe(TWIN, "test"), folder, jets=[jets], progress=False)


@pytest.fixture
def run(trained, tmp_path) -> Run:
    return Run.open(shutil.copytree(trained.path, tmp_path / "twin"))


def test_at_most_the_share_passes_threshold_and_decision_alike(run, jets):
    types = {name: fused_network(run, name).score.types() for name in FUSED_SCORES}
    report = calibrate(run.path, [jets], (0.05, 0.2))
    again = Run.open(run.path)
    (known,) = read_known_jets(again.recipe, [jets], (VALIDATION,))
    own = known.labels == 0
    assert report["jets"] == own.sum()
    assert again.recipe.score.background_efficiency == 0.05
    for name in FUSED_SCORES:
        network = fused_network(again, name)
        integers = network.integers(known.inputs[own])
        assert network.decision is not None
        assert (integers > network.threshold_integer).sum() <= 0.05 * own.sum()
        assert 0 < network.decisions(integers, known.mass_gev[own]).sum() <= 0.05 * own.sum()
        assert report["scores"][name]["0.05"]["threshold_integer"] == network.threshold_integer
        assert network.score.types() == types[name]
        other = run_tables(again)[name][1].decision(0.2)
        assert other is not None
        assert 0.1 * own.sum() < other(integers, known.mass_gev[own]).sum() <= 0.2 * own.sum()
    assert again.manifest["calibration"]["jets"] == own.sum()


def test_calibrating_again_gives_the_same_bytes(run, jets):
    calibrate(run, [jets], (0.1,))
    first = {file.name: file.read_bytes() for file in run.path.iterdir() if file.is_file()}
    calibrate(Run.open(run.path), [jets], (0.1,))
    assert {file.name: file.read_bytes() for file in run.path.iterdir() if file.is_file()} == first


def test_exports_of_another_working_point_are_refused_and_new_ones_decide(run, jets):
    to(run, "onnx", score="max_logit")
    calibrate(run, [jets], (0.1,))
    calibrated = Run.open(run.path)
    with pytest.raises(EdgeoodError, match="exported from another network or fit; run `edgeood export"):
        read_record(calibrated, "max_logit")
    to(calibrated, "onnx", score="max_logit")
    record = read_record(calibrated, "max_logit")
    assert record["decision"]["background_efficiency"] == 0.1
    assert len(record["decision"]["thresholds"]) == 512
    report = verify(calibrated, jets, ("network", "onnxruntime", "cpu"), ["max_logit"])
    assert report["mismatches"] == 0
    assert report["scores"]["max_logit"]["mass_blind"]


def test_unseen_files_count_whole_and_are_not_reported(run, jets, fresh):
    report = calibrate(run, [jets, fresh[0]], (0.1,), unseen=True)
    (known,) = read_known_jets(run.recipe, [jets], (VALIDATION,))
    assert report["jets"] == 800 + (known.labels == 0).sum()
    with pytest.raises(
        EdgeoodError, match=r"jets2\.h5 holds the jets that the thresholds of .* were fitted on"
    ):
        evaluate(run.path, fresh, unseen=True, plots=False)
    metrics = evaluate(run.path, [jets, fresh[1]], unseen=True, plots=False)
    toys = make_toy_jets(400)
    held_out = split_jets(toys, run.recipe.data) == 2
    assert metrics["jets"]["quark"] == 400 + (held_out & (toys.process_names == "quark")).sum()


def test_decisions_are_measured_beside_one_threshold(run, jets, fresh):
    calibrate(run, [jets, fresh[0]], (0.1, 0.3), unseen=True)
    metrics = evaluate(run.path, [jets, fresh[1]], unseen=True, plots=False)
    for name in FUSED_SCORES:
        assert list(metrics["decisions"][name]) == ["0.1", "0.3"]
        for efficiency, point in metrics["decisions"][name].items():
            share, error = point["mass_blind"]["background"]
            assert abs(share - float(efficiency)) < 5 * error
            assert point["one_threshold"]["background"][0] == pytest.approx(share, abs=0.02)
            signal = point["mass_blind"]["signals"]["top"]
            assert signal["sic"][0] == pytest.approx(signal["efficiency"][0] / np.sqrt(share))
            assert set(point["sculpting_noise"]) == {"mean", "q95"}
    text = (run.path / "evaluation" / "metrics.md").read_text()
    assert text.startswith("**Mass-blind decision at 10 % of the background**")
    assert "max-logit, within mass" in text


def test_decisions_are_those_of_integers_and_mass(run, fresh):
    calibrate(run, fresh[:1], (0.1,), unseen=True)
    network, toys = fused_network(Run.open(run.path), "max_logit"), make_toy_jets(50, 9)
    integers = network.integers(inputs_of(toys, run.recipe.inputs.model_dump()))
    words = np.clip(np.rint(toys.jets["mass"].astype(np.float64)), 0, 511).astype(int)
    assert network.decision is not None
    expected = integers > network.decision.thresholds[words]
    np.testing.assert_array_equal(network.decisions(integers, toys.jets["mass"]), expected)


@pytest.mark.parametrize(
    ("efficiencies", "sentence"),
    [
        ((), "name at least one background efficiency"),
        ((0.1, 0.1), "each only once"),
        ((1.5,), "'score.background_efficiency' is not valid: .* less than 1"),
        ((0.001,), "background jets are too few for a working point of efficiency 0.001; use at least 1000"),
    ],
)
def test_working_points_that_cannot_be_are_told_and_nothing_changes(run, jets, efficiencies, sentence):
    before = {file.name: file.read_bytes() for file in run.path.iterdir() if file.is_file()}
    with pytest.raises(EdgeoodError, match=sentence):
        calibrate(run, [jets], efficiencies)
    assert {file.name: file.read_bytes() for file in run.path.iterdir() if file.is_file()} == before


def test_float_runs_and_files_without_background_are_refused(run, tmp_path, jets):
    manifest = {**run.manifest, "recipe": {**run.manifest["recipe"], "quantization": None}}
    with pytest.raises(
        EdgeoodError, match="is a float run, which no chip computes; calibrate its quantized twin"
    ):
        calibrate(Run(run.path, manifest), [jets])
    toys = make_toy_jets(20)
    write_jets(tmp_path / "tops.h5", toys[toys.process_names == "top_1tev"], {})
    with pytest.raises(EdgeoodError, match=r"no jets of the background \(quark, gluon\) to calibrate on"):
        calibrate(run, [tmp_path / "tops.h5"], (0.1,), unseen=True)


def test_the_verb_tells_what_it_did(run, jets, capsys):
    from edgeood.cli.commissioning import calibrate as verb

    verb(run.path, [jets], [0.1])
    told = capsys.readouterr().out.splitlines()
    assert told[0].endswith("background jets; export again what was exported")
    assert [line.partition(":")[0] for line in told[1:]] == [
        f"{name} at 10 %" for name in ("max_logit", "mahalanobis_diagonal")
    ]


def test_tables_that_cannot_be_are_not_believed(tmp_path):
    run = make_run(tmp_path / "run", mass_blind=True)
    parameters = run.load_scores()
    parameters["max_logit"]["mass_thresholds"] = parameters["max_logit"]["mass_thresholds"][:, :-1]
    run.save_scores(parameters)
    with pytest.raises(EdgeoodError, match="no proper table of thresholds in mass"):
        fused_network(Run.open(run.path), "max_logit")
