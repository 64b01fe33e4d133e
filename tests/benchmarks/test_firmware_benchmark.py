"""The benchmark of RTL: a small design through the whole chain, from jets to simulated clocks and synthesised cells."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from test_quantization_benchmark import CANDIDATES, COMMON, LITE

from benchmarks.firmware.__main__ import benchmark
from benchmarks.firmware.report import REACH
from benchmarks.firmware.rows import FIGURES, figures_of, neighbours_of
from benchmarks.quantization.engines import Comparison
from benchmarks.quantization.runs import pairs_of
from edgeood.errors import EdgeoodError
from edgeood.export.record import read_record
from edgeood.recipe import ParticleNetLite, parse_recipe
from edgeood.run import Run
from edgeood.training.train import train

ROOT = Path(__file__).parents[2]
INPUTS = {**CANDIDATES, "constituents": 4}
ENGINES = Comparison(("network", "onnxruntime", "alkaid", "rtl"), jets=300, simulated_jets=200)
REQUIRED = {
    *("detector", "network", "inputs", "score", "bits", "ebops", "auroc_float", "auroc_quantized", "error"),
    *(
        "working_point",
        "jsd_at_working_point",
        "cycles",
        "ii",
        "clock_ns",
        "latency_ns",
        "lut",
        "ff",
        "dsp",
        "bram",
    ),
    *("provenance", "mismatches", "jets"),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, toy_jet_file: Path) -> Path:
    """A float network in which all others are neighbours, and its twin of few bits."""
    folder = tmp_path_factory.mktemp("runs")
    network = {**LITE, "neighbours": 3}
    quantization = {
        "toolkit": "brevitas",
        "input": {"bits": 15, "integer": 4},
        "representation": {"bits": 8, "integer": 3},
        "weights": {"bits": 4, "integer": 1},
    }
    twin = {"distillation": {}, "quantization": quantization}
    for name, teacher, more in (("float", None, {}), ("twin", folder / "float", twin)):
        recipe = parse_recipe({"name": name, "inputs": INPUTS, "network": network, **COMMON, **more}, name)
        train(recipe, folder / name, jets=[toy_jet_file], teacher=teacher, progress=False)
    return folder


@pytest.mark.slow
def test_a_small_design_goes_through_the_whole_chain(runs, toy_jet_file, tmp_path):
    rows = benchmark(
        runs,
        ["twin"],
        [toy_jet_file],
        [],
        tmp_path,
        ENGINES,
        largest=110,
        replicas=20,
        tell=lambda line: None,
    )
    written = json.loads((tmp_path / "firmware.json").read_text(encoding="utf-8"))
    assert [row["score"] for row in written] == ["max_logit", "mahalanobis_diagonal"]
    record = read_record(Run.open(runs / "twin"), "max_logit")["artefacts"]["verilog"]
    for row in written:
        assert set(row) >= REQUIRED
        assert row["neighbours"] == "all"
        assert row["mismatches"] == 0
        assert row["ii"] == 1
        assert row["latency_ns"] == row["cycles"] * row["clock_ns"]
        # A design without memories and with logic; the measured figures say by which tool.
        assert row["bram"] == 0
        assert row["lut"] > 100
        assert row["provenance"]["lut"] == "yosys-xcup"
        assert row["provenance"]["cycles"] == "cycle-sim"
        assert row["compared"] == {"network": 300, "onnxruntime": 300, "alkaid": 300, "rtl": 200}
    assert written[0]["lut_estimate"] == record["estimated_luts"]
    text = (tmp_path / "firmware.md").read_text(encoding="utf-8")
    assert f"| {rows[0].lut:,.0f} |" in text
    assert text.count("not measured") == len(REACH)
    with Image.open(tmp_path / "firmware.png") as image:
        assert min(image.size) > 400


def test_a_twin_that_is_not_there_is_told(runs):
    with pytest.raises(EdgeoodError, match="no run of a quantized twin 'twim'"):
        pairs_of(runs, ["twim"])
    with pytest.raises(EdgeoodError, match="no run of a quantized twin 'float'"):
        pairs_of(runs, ["float"])


def test_figures_never_change_their_provenance():
    figures = {"model": {"lut": {"value": 7}}, "yosys-xcup": {"lut": {"value": 9}, "ff": {"value": None}}}
    found = figures_of(figures)
    assert (found["lut_estimate"], found["lut"], found["ff"], found["cycles"]) == (7, 9, None, None)
    assert found["provenance"] == {"lut": "yosys-xcup", "lut_estimate": "model"}
    assert set(found) == {*FIGURES, "provenance"}


def test_with_room_for_all_others_nothing_is_chosen():
    assert neighbours_of(ParticleNetLite(neighbours=6), 16) == "6 nearest"
    assert neighbours_of(ParticleNetLite(neighbours=15), 16) == "all"


def test_the_command_tells_a_mistake_in_one_sentence(tmp_path):
    command = [
        sys.executable,
        "-m",
        "benchmarks.firmware",
        "--jets",
        str(tmp_path / "none"),
        "--runs-folder",
        str(tmp_path),
    ]
    done = subprocess.run([*command, "--only", "twin"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "twin" in done.stderr
