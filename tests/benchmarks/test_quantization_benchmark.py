"""The benchmark of the quantized twins at its smallest size: four twins, two float networks, one full ParticleNet."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quantization.__main__ import benchmark
from benchmarks.quantization.engines import Comparison
from benchmarks.quantization.jets import comparison_file, held_out_jets
from benchmarks.quantization.measures import paired_auroc
from benchmarks.quantization.report import missed
from benchmarks.quantization.rows import Row, hidden_bits
from benchmarks.quantization.runs import pairs_in
from edgeood.errors import EdgeoodError
from edgeood.evaluation.bootstrap import bootstrap_auroc
from edgeood.evaluation.mass.sculpting import mass_sculpting
from edgeood.inputs import inputs_of
from edgeood.jets.format import read_jets
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
    """A folder of seven runs, trained in seconds."""
    folder = tmp_path_factory.mktemp("runs")

    def make(name: str, inputs: dict, network: dict, teacher: Path | None = None, **more: object) -> None:
        recipe = parse_recipe({"name": name, "inputs": inputs, "network": network, **COMMON, **more}, name)
        train(recipe, folder / name, jets=[toy_jet_file], teacher=teacher, progress=False)

    for name, (inputs, network, entry) in NETWORKS.items():
        make(f"{name}-float", inputs, network)
        for toolkit in ("qkeras", "brevitas"):
            quantization = {"toolkit": toolkit, "input": entry, "representation": {"bits": 10, "integer": 3}}
            teacher = folder / f"{name}-float"
            make(f"{name}-{toolkit}", inputs, network, teacher, distillation={}, quantization=quantization)
    make("particlenet", {"kind": "constituents", "constituents": 8}, FULL)
    return folder


ENGINES = Comparison(("network", "onnxruntime"), jets=300, simulated_jets=0)


@pytest.fixture(scope="module")
def results(runs, toy_jet_file, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("results")
    benchmark(runs, [toy_jet_file], out, ENGINES, test_jets=110, replicas=30, tell=lambda line: None)
    return out


@pytest.fixture(scope="module")
def rows(results) -> list[dict]:
    return json.loads((results / "quantization.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_every_combination_has_one_row_and_no_mismatch(rows):
    assert [(row["network"], row["toolkit"], row["score"]) for row in rows] == [
        (network, toolkit, score)
        for network in ("cnn", "particlenet_lite")
        for toolkit in ("qkeras", "brevitas")
        for score in SCORES
    ]
    fields = {field.name for field in dataclasses.fields(Row)}
    assert fields >= REQUIRED
    for row in rows:
        assert set(row) == fields
        assert row["mismatches"] == 0
        assert row["engines"] == ["network", "onnxruntime"]
        assert row["compared"] == {"network": 300, "onnxruntime": 300}
        assert row["bits"] == 8
        assert row["ebops"] > 100
        assert (row["auroc_full"] is None) == (row["network"] == "cnn")
    for one, other in zip(rows[::2], rows[1::2], strict=True):
        assert one["ebops"] < other["ebops"], (
            "the Mahalanobis distance multiplies, the largest logit does not"
        )


@pytest.mark.slow
def test_numbers_are_those_of_the_scores_on_jets_that_no_run_has_seen(rows, runs, toy_jet_file):
    row = next(r for r in rows if (r["network"], r["toolkit"], r["score"]) == ("cnn", "brevitas", SCORES[1]))
    run = Run.open(runs / "cnn-brevitas")
    jets = read_jets(toy_jet_file)
    jets = jets[split_jets(jets, run.recipe.data) == TEST]
    names = jets.process_names
    used = np.concatenate([np.flatnonzero(names == name)[:110] for name in ("quark", "gluon", "top_1tev")])
    jets = jets[np.sort(used)]
    assert row["jets"] == len(jets)
    score = open_network(run, row["score"])(inputs_of(jets, run.manifest["recipe"]["inputs"]))
    background = jets.process_names != "top_1tev"
    assert row["background_jets"] == background.sum()
    assert row["auroc_quantized"] == bootstrap_auroc(score[~background], score[background], 2)[0]
    assert row["jsd_quantized"] == mass_sculpting(score[background], jets.jets["mass"][background]).jsd
    assert row["difference"] == pytest.approx(row["auroc_quantized"] - row["auroc_float"])


@pytest.mark.slow
def test_the_report_and_the_figure_show_all_rows(results, rows):
    text = (results / "quantization.md").read_text(encoding="utf-8")
    table = text.split("| network |")[1].split("\n\n")[0].splitlines()
    assert len(table) == 2 + len(rows)
    assert len({line.count("|") for line in table[1:]}) == 1
    assert "## ParticleNet-lite against the full ParticleNet" in text
    for suffix in (".png", ".pdf"):
        assert (results / f"quantization{suffix}").stat().st_size > 5000


@pytest.mark.slow
def test_a_second_call_scores_and_compares_nothing_anew(results, runs, toy_jet_file, tmp_path):
    kept = {path: path.stat().st_mtime_ns for path in (runs / "benchmark").iterdir()}
    assert len(kept) >= 7 + 4 + 1
    told: list[str] = []
    benchmark(runs, [toy_jet_file], tmp_path, ENGINES, test_jets=110, replicas=30, tell=told.append)
    assert {path: path.stat().st_mtime_ns for path in (runs / "benchmark").iterdir()} == kept
    assert told == [f"{tmp_path / 'quantization.md'}: 8 rows"]
    for name in ("quantization.json", "quantization.md", "quantization.png"):
        assert (tmp_path / name).read_bytes() == (results / name).read_bytes()


@pytest.mark.slow
def test_a_row_that_misses_a_goal_is_named(rows):
    row = Row(**{**rows[0], "difference": -0.001, "jsd_quantized": rows[0]["jsd_float"]})
    assert missed(row) == []
    worse = dataclasses.replace(
        row,
        difference=-0.006,
        difference_error=0.001,
        jsd_quantized=row.jsd_float + 0.03,
        mismatches=2,
        bits=10,
    )
    assert missed(worse) == [
        "2 mismatches",
        "10 bits, more than 8",
        "AUROC 0.0060 ± 0.0010 below the float network's",
        "JSD 0.030 above the float network's",
    ]


def test_the_error_of_a_difference_is_that_of_the_same_jets():
    random = np.random.default_rng(0)
    background = random.random(3000) < 0.5
    first = random.normal(0, 1, 3000) + ~background
    paired = paired_auroc(first, first.copy(), background, replicas=20)
    assert paired.difference == (0, 0)
    assert paired.first == paired.second
    assert paired.first == bootstrap_auroc(first[~background], first[background], 20)
    nearly = paired_auroc(first, first + random.normal(0, 0.05, 3000), background, replicas=20)
    assert 0 < nearly.difference[1] < nearly.first[1] / 3


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


def test_bits_are_those_of_the_widest_hidden_weight_or_activation():
    recipe = load_recipe("cnn-nurd-qkeras-demo")
    # Its representation has 10 bits and its logits' weights 8, which are not of hidden layers.
    assert hidden_bits(recipe) == 8
    wide = load_recipe("cnn-nurd-qkeras-demo", ["quantization.layers.conv1.weights={bits: 9, integer: 0}"])
    assert hidden_bits(wide) == 9


def test_a_mistake_is_told_in_one_sentence(tmp_path, toy_jet_file):
    with pytest.raises(EdgeoodError, match="holds no run of a quantized twin"):
        pairs_in(tmp_path)
    with pytest.raises(
        EdgeoodError, match="there is no engine 'onnx'; choose of network, qonnx, onnxruntime"
    ):
        benchmark(tmp_path, [toy_jet_file], tmp_path, Comparison(("network", "onnx"), 10, 0))
    command = [sys.executable, "-m", "benchmarks.quantization", "--jets", str(toy_jet_file)]
    command += ["--runs-folder", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"benchmarks.quantization: {tmp_path} holds no run of a quantized twin")


@pytest.mark.slow
def test_two_runs_of_one_kind_are_refused(runs, tmp_path):
    for name in ("cnn-float", "cnn-qkeras"):
        (tmp_path / name).symlink_to(runs / name)
    assert len(pairs_in(tmp_path)) == 1
    (tmp_path / "again").symlink_to(runs / "cnn-qkeras")
    with pytest.raises(EdgeoodError, match=r"more than one run of a cnn of qkeras \(again, cnn-qkeras\)"):
        pairs_in(tmp_path)
    for name in ("again", "cnn-float"):
        (tmp_path / name).unlink()
    with pytest.raises(EdgeoodError, match="no float run with the inputs of cnn-qkeras"):
        pairs_in(tmp_path)
