"""The benchmark of the quantized twins at its smallest size: five twins, three float networks, one full ParticleNet."""

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quantization.__main__ import Jets as Given
from benchmarks.quantization.__main__ import benchmark
from benchmarks.quantization.designs import bits_of, design_of
from benchmarks.quantization.engines import Comparison
from benchmarks.quantization.jets import comparison_file, held_out_jets
from benchmarks.quantization.measures import MEAN, Detection
from benchmarks.quantization.rows import Row
from benchmarks.quantization.runs import pairs_in
from edgeood.commissioning.calibrate import calibrate
from edgeood.errors import EdgeoodError
from edgeood.evaluation.bootstrap import bootstrap_auroc
from edgeood.evaluation.detection import roc_curve, signal_efficiency_at
from edgeood.evaluation.mass.flattening import flattened
from edgeood.evaluation.mass.sculpting import mass_sculpting
from edgeood.inputs import inputs_of
from edgeood.jets.format import Jets, read_jets, write_jets
from edgeood.jets.split import TEST
from edgeood.recipe import load_recipe, parse_recipe
from edgeood.run import Run
from edgeood.runtime.network import open_network
from edgeood.training.known_jets import split_jets
from edgeood.training.train import train

ROOT = Path(__file__).parents[2]
REQUIRED = {
    *("network", "toolkit", "score", "bits", "ebops", "auroc_float", "auroc_quantized", "error"),
    *("jsd_float", "jsd_quantized", "jets", "engines", "mismatches"),
}
SCORES = ("max_logit", "mahalanobis_diagonal")
COMMON = {
    "data": {
        "classes": {"qcd": ["quark", "gluon"], "wz": ["w_1tev", "z_1tev"]},
        "signals": {"top": ["top_1tev"]},
        "train": 0.5,
        "validation": 0.2,
    },
    "training": {"epochs": 2, "batch_size": 64, "schedule": [[0, 5e-3]]},
    "score": {"background_efficiency": 0.1, "error_budget": 0.2},
}
IMAGES = {"kind": "images", "pixels": 12, "scale": 8}
CNN = {"kind": "cnn", "blocks": [{"filters": 3, "pool": 2}], "hidden": [6], "representation": 4}
CANDIDATES = {"kind": "trigger_candidates", "constituents": 8}
LITE = {
    "kind": "particlenet_lite",
    "neighbours": 3,
    "blocks": [{"edge": 4, "nodes": [4]}],
    "hidden": [6],
    "representation": 4,
}
FULL = {"kind": "particlenet", "neighbours": 3, "blocks": [[4]], "representation": 4}
NETWORKS = {
    "cnn": (IMAGES, CNN, {"bits": 8, "integer": 2, "signed": False}),
    "lite": (CANDIDATES, LITE, {"bits": 15, "integer": 4}),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, toy_jet_file: Path) -> Path:
    """A folder of nine runs, trained in seconds; two float CNNs differ in nothing but their seed."""
    folder = tmp_path_factory.mktemp("runs")

    def make(name: str, inputs: dict, network: dict, teacher: str | None = None, **more: object) -> None:
        recipe = parse_recipe({"name": name, "inputs": inputs, "network": network, **COMMON, **more}, name)
        taught_by = folder / teacher if teacher else None
        train(recipe, folder / name, jets=[toy_jet_file], teacher=taught_by, progress=False)

    for name, (inputs, network, entry) in NETWORKS.items():
        make(f"{name}-float", inputs, network)
        for toolkit in ("qkeras", "brevitas"):
            quantization = {"toolkit": toolkit, "input": entry, "representation": {"bits": 10, "integer": 3}}
            teacher = f"{name}-float"
            make(f"{name}-{toolkit}", inputs, network, teacher, distillation={}, quantization=quantization)
    make("particlenet", {"kind": "constituents", "constituents": 8}, FULL)
    make("cnn-float-again", IMAGES, CNN, seed=2)
    fewer = {**quantization, "input": NETWORKS["cnn"][2], "weights": {"bits": 5, "integer": 1}}
    fewer["activations"] = {"bits": 4, "integer": 3, "signed": False}
    make("cnn-brevitas-5", IMAGES, CNN, "cnn-float-again", distillation={}, quantization=fewer)
    calibrate(folder / "cnn-brevitas-5", [toy_jet_file], [0.2])
    return folder


ENGINES = Comparison(("network", "onnxruntime"), jets=300, simulated_jets=0)


@pytest.fixture(scope="module")
def results(runs, toy_jet_file, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("results")
    given = Given([toy_jet_file], largest=110)
    benchmark(runs, given, out, ENGINES, replicas=30, tell=lambda line: None)
    return out


@pytest.fixture(scope="module")
def rows(results) -> list[dict]:
    return json.loads((results / "quantization.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_every_twin_has_a_row_for_each_score_and_no_mismatch(rows):
    expected = [("cnn", 12, 6, 8, toolkit) for toolkit in ("qkeras", "brevitas")]
    expected += [("cnn", 12, 5, 4, "brevitas")]
    expected += [("particlenet_lite", 8, 6, 8, toolkit) for toolkit in ("qkeras", "brevitas")]
    keys = ("network", "size", "bits_weights", "bits_activations", "toolkit", "score")
    assert [tuple(row[key] for key in keys) for row in rows] == [
        (*design, score) for design in expected for score in SCORES
    ]
    fields = {field.name for field in dataclasses.fields(Row)} | REQUIRED
    for row in rows:
        assert set(row) >= fields
        assert row["mismatches"] == row["decision_mismatches"] == 0
        assert row["engines"] == ["network", "onnxruntime"]
        assert row["compared"] == {"network": 300, "onnxruntime": 300}
        assert row["bits"] == max(row["bits_weights"], row["bits_activations"])
        assert row["ebops"] > 100
        assert bool(row["full"]) == (row["network"] == "particlenet_lite")
        assert (row["identity"], row["leptons_first"], row["fresh_background"]) == (False, False, False)
        again = row["run"] == "cnn-brevitas-5"
        assert list(row["decisions"]) == (["0.2"] if again else [])
        kind = "cnn" if row["network"] == "cnn" else "lite"
        assert row["teacher"] == ("cnn-float-again" if again else f"{kind}-float")
    for one, other in zip(rows[::2], rows[1::2], strict=True):
        assert one["ebops"] < other["ebops"], (
            "the Mahalanobis distance multiplies, the largest logit does not"
        )


@pytest.mark.slow
def test_numbers_are_those_of_the_scores_on_jets_that_no_run_has_seen(rows, runs, toy_jet_file):
    row = next(r for r in rows if (r["run"], r["score"]) == ("cnn-brevitas", SCORES[1]))
    run = Run.open(runs / "cnn-brevitas")
    jets = read_jets(toy_jet_file)
    jets = jets[split_jets(jets, run.recipe.data) == TEST]
    names = jets.process_names
    used = np.concatenate([np.flatnonzero(names == name)[:110] for name in ("quark", "gluon", "top_1tev")])
    jets = jets[np.sort(used)]
    assert row["jets"] == len(jets)
    score = open_network(run, row["score"])(inputs_of(jets, run.manifest["recipe"]["inputs"]))
    mass, background = jets.jets["mass"].astype(float), jets.process_names != "top_1tev"
    assert row["background_jets"] == background.sum()
    auroc = row["detection"]["top"]["auroc"]
    assert row["auroc_quantized"] == auroc["twin"][0] == row["detection"][MEAN]["auroc"]["twin"][0]
    assert tuple(auroc["twin"]) == bootstrap_auroc(score[~background], score[background], 30)
    assert auroc["difference"][0] == pytest.approx(auroc["twin"][0] - auroc["teacher"][0])
    for share in ("0.5", "0.1", "0.01"):
        measured = mass_sculpting(score[background], mass[background], float(share))
        assert row["sculpting"]["twin"][share]["jsd"][0] == measured.jsd
        assert row["sculpting"]["twin"][share]["wasserstein_gev"][0] == measured.wasserstein_gev
    flat = flattened({"s": score}, ["s"], mass, background)["s_flattened"]
    within = row["within_mass"]["top"]
    assert within["auroc"]["twin"][0] == bootstrap_auroc(flat[~background], flat[background], 2)[0]
    passed = signal_efficiency_at(roc_curve(flat[~background], flat[background]), 0.01)
    assert within["efficiency_at_0.01"]["twin"][0] == pytest.approx(passed)


@pytest.mark.slow
def test_the_report_and_the_figure_show_all_rows(results, rows):
    text = (results / "quantization.md").read_text(encoding="utf-8")
    tables = ["\n".join(own.splitlines()) for own in text.split("\n\n") if own.startswith("| network |")]
    lines = [own.splitlines() for own in tables]
    assert [len(own) - 2 for own in lines] == [len(rows), 2, len(rows), 4]
    assert all(len({line.count("|") for line in own}) == 1 for own in lines)
    assert text.index("JSD at 1 %") < text.index("AUROC, float") < text.index("JSD at one half [bit]")
    assert "CNN | 12 × 12 pixels | Brevitas | 5 bits | 4 bits | max-logit" in tables[0]
    assert "| 20 % |" in tables[1]
    assert "## ParticleNet-lite against the full ParticleNet" in text
    for suffix in (".png", ".pdf"):
        assert (results / f"quantization{suffix}").stat().st_size > 5000


@pytest.mark.slow
def test_a_second_call_scores_and_compares_nothing_anew(results, runs, toy_jet_file, tmp_path):
    kept = {path: path.stat().st_mtime_ns for path in (runs / "benchmark").iterdir()}
    assert len(kept) >= 9 + 5 + 1
    told: list[str] = []
    given = Given([toy_jet_file], largest=110)
    benchmark(runs, given, tmp_path, ENGINES, replicas=30, tell=told.append)
    assert {path: path.stat().st_mtime_ns for path in (runs / "benchmark").iterdir()} == kept
    assert {line.split()[0] for line in told[:-1]} == {"measuring"}
    assert told[-1] == f"{tmp_path / 'quantization.md'}: 10 rows"
    for name in ("quantization.json", "quantization.md", "quantization.png"):
        assert (tmp_path / name).read_bytes() == (results / name).read_bytes()


@pytest.mark.slow
def test_fresh_background_is_measured_on_whole_and_engines_may_be_left_out(
    runs, toy_jets, toy_jet_file, tmp_path
):
    fresh = toy_jets(150, seed=7)
    fresh = fresh[np.isin(fresh.process_names, ("quark", "gluon"))]
    write_jets(tmp_path / "fresh" / "qcd.h5", fresh, {"generator": "toy"})
    for name in ("cnn-float-again", "cnn-brevitas-5"):
        (tmp_path / "runs" / name).parent.mkdir(exist_ok=True)
        shutil.copytree(runs / name, tmp_path / "runs" / name)
    given = Given([toy_jet_file], [tmp_path / "fresh"], largest=50)
    rows = benchmark(tmp_path / "runs", given, tmp_path / "out", None, replicas=4, tell=lambda line: None)
    assert [row.background_jets for row in rows] == [300, 300]
    assert [row.jets for row in rows] == [350, 350]
    assert all(row.fresh_background and row.mismatches is None and not row.compared for row in rows)
    text = (tmp_path / "out" / "quantization.md").read_text(encoding="utf-8")
    assert "300 of them QCD (of files of their own)" in text
    assert text.count("| not compared |") == 4
    assert "4-bit activations: not compared. Trained on" in text
    assert "Engines were not compared." in text

    def refused(background: Path, message: str) -> None:
        given = Given([toy_jet_file], [background], largest=50)
        with pytest.raises(EdgeoodError, match=message):
            benchmark(tmp_path / "runs", given, tmp_path / "out", None, replicas=4)

    refused(toy_jet_file, r"jets.h5 holds jets that cnn-brevitas-5 was trained on; give --background")
    others = toy_jets(2, seed=8)[:2]
    write_jets(tmp_path / "b.h5", Jets(others.jets, others.constituents, ("bottom",)), {"generator": "toy"})
    refused(tmp_path / "b.h5", "b.h5 holds no background of any run")
    # Thresholds fitted on every jet of a file make it no test sample, of its own name or in --jets.
    calibrate(tmp_path / "runs" / "cnn-brevitas-5", [tmp_path / "fresh"], [0.2], unseen=True)
    refused(tmp_path / "fresh", "qcd.h5 holds jets that the thresholds of cnn-brevitas-5 were fitted on")
    both = Given([toy_jet_file, tmp_path / "fresh"], largest=50)
    with pytest.raises(EdgeoodError, match=r"qcd.h5 holds the jets that the thresholds .* with --background"):
        benchmark(tmp_path / "runs", both, tmp_path / "out", None, replicas=4)


def test_the_error_of_a_difference_is_that_of_the_same_jets():
    random = np.random.default_rng(0)
    background = random.random(3000) < 0.5
    signals = {"top": ~background}
    first = random.normal(0, 1, 3000) + ~background
    same = Detection([first, first.copy()], background, signals, replicas=20).compared("top", "auroc")
    assert same.difference == (0, 0)
    assert same.teacher == same.twin
    assert same.teacher == bootstrap_auroc(first[~background], first[background], 20)
    nearby = first + random.normal(0, 0.05, 3000)
    nearly = Detection([first, nearby], background, signals, replicas=20).compared("top", "auroc")
    assert 0 < nearly.difference[1] < nearly.teacher[1] / 3


def test_the_mean_over_signals_knows_that_they_share_their_background():
    score = np.array([0, 1, 2, 3, 10, 11, 1.5])
    background = np.arange(7) < 4
    signals = {"far": np.isin(np.arange(7), (4, 5)), "near": np.arange(7) == 6}
    detection = Detection([score], background, signals, replicas=50)
    assert [detection.measured(0, name, "auroc")[0] for name in ("far", "near", MEAN)] == [1, 0.5, 0.75]
    assert detection.measured(0, "far", "auroc")[1] == 0
    # "far" never varies, and half of "near" is the mean.
    assert detection.measured(0, MEAN, "auroc")[1] == detection.measured(0, "near", "auroc")[1] / 2 > 0


def test_jets_to_compare_on_are_spread_over_all_files(toy_jet_file, tmp_path):
    file = comparison_file([toy_jet_file], 500, tmp_path)
    jets = read_jets(file)
    assert len(jets) == 500
    counts = np.unique(jets.process_names, return_counts=True)[1]
    assert counts.tolist() == [100] * 5
    assert comparison_file([toy_jet_file], 500, tmp_path) == file
    with pytest.raises(EdgeoodError, match="cannot be compared on 2001 jets, as there are 2000"):
        comparison_file([toy_jet_file], 2001, tmp_path)


def test_only_jets_that_all_runs_hold_out_are_measured_on(toy_jet_file):
    base = parse_recipe({"name": "a", "inputs": IMAGES, "network": CNN, **COMMON}, "a")
    other = parse_recipe(
        {"name": "b", "inputs": IMAGES, "network": CNN, **COMMON, "data": {**COMMON["data"], "train": 0.7}},
        "b",
    )
    test = held_out_jets([base, other], [toy_jet_file], 1000)
    for recipe in (base, other):
        assert set(split_jets(test.jets, recipe.data)) == {TEST}
    assert 0 < test.background.sum() < held_out_jets([base], [toy_jet_file], 1000).background.sum()
    one_class = {**COMMON["data"], "signals": {"top": ["z_1tev"]}}
    stranger = parse_recipe({"name": "c", "inputs": IMAGES, "network": CNN, **COMMON, "data": one_class}, "c")
    with pytest.raises(EdgeoodError, match="'a' and 'c' do not tell the same signals"):
        held_out_jets([base, stranger], [toy_jet_file], 1000)


def test_simulations_are_compared_with_onnx_runtime_on_their_own_number_of_jets():
    parts = Comparison(("network", "onnxruntime", "cpu", "csim", "emulator"), 1000, 50).parts()
    assert parts == [(["network", "onnxruntime", "cpu"], 1000), (["onnxruntime", "csim", "emulator"], 50)]
    assert Comparison(("onnxruntime", "csim"), 1000, 50).parts() == [(["onnxruntime", "csim"], 50)]


def test_bits_are_those_of_the_widest_hidden_weight_and_activation():
    recipe = load_recipe("cnn-nurd-qkeras-demo")
    # Its representation has 10 bits and its logits' weights 8, which are not of hidden layers.
    assert bits_of(recipe) == (6, 8)
    wide = load_recipe("cnn-nurd-qkeras-demo", ["quantization.layers.conv1.weights={bits: 9, integer: 0}"])
    assert bits_of(wide) == (9, 8)
    assert design_of(wide).bits == 9
    lite = load_recipe("particlenet-lite-brevitas", ["inputs.leptons_first=true", "inputs.constituents=8"])
    assert design_of(lite) == ("particlenet_lite", 8, True, True, "brevitas", 8, 8)
    assert design_of(lite).label == (
        "ParticleNet-lite, 8 candidates, identities, leptons first, Brevitas, 8-bit weights, 8-bit activations"
    )


def test_a_mistake_is_told_in_one_sentence(tmp_path, toy_jet_file):
    with pytest.raises(EdgeoodError, match="holds no run of a quantized twin"):
        pairs_in(tmp_path)
    with pytest.raises(
        EdgeoodError, match="there is no engine 'onnx'; choose of network, qonnx, onnxruntime"
    ):
        benchmark(tmp_path, Given([toy_jet_file]), tmp_path, Comparison(("network", "onnx"), 10, 0))
    command = [sys.executable, "-m", "benchmarks.quantization", "--jets", str(toy_jet_file)]
    command += ["--runs-folder", str(tmp_path), "--background", str(toy_jet_file), "--no-verify"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"benchmarks.quantization: {tmp_path} holds no run of a quantized twin")
