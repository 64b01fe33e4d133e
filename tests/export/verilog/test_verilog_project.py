"""`edgeood export --target verilog`: what the folder holds, and what is refused."""

import json
import re

import numpy as np
import pytest
from quantized_runs import quantized_run
from rtl_runs import SCORES, narrow_run

from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.export.record import read_record
from edgeood.export.verilog import stimulus
from edgeood.export.verilog.ports import Ports
from edgeood.fixed_point import FixedPoint
from edgeood.scores.fused.network import fused_network

pytest.importorskip("alkaid", reason="RTL needs the extra 'rtl'")


@pytest.mark.parametrize("score", SCORES)
def test_the_project_says_what_it_is(score):
    run = narrow_run(mass_blind=True)
    folder = to(run, "verilog", score=score)
    network, about = fused_network(run, score), read_record(run, score)["artefacts"]["verilog"]
    assert Ports.read(about["ports"]) == Ports.of(network)
    assert (about["top"], about["interval"]) == ("tiny_twin_1_trigger", 1)
    readme = (folder / "README.md").read_text()
    assert f"read at the output **{about['latency']}** edges later" in readme
    assert f"| `out_score` | out | {network.score_type.bits} |" in readme
    assert "| `in_mass` | in | 9 |" in readme
    assert "create_clock -name clk -period 5 " in (folder / "constraints.xdc").read_text()
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in (folder / "rtl" / "alkaid" / "LICENSE").read_text()
    assert "LGPL-3.0-or-later" in (folder / "rtl" / "alkaid" / "NOTICE").read_text()
    # Only alkaid's own modules have names that another network's could have.
    modules = re.findall(
        r"^module (\w+)", "\n".join(one.read_text() for one in (folder / "rtl").glob("*.v")), re.M
    )
    assert len(modules) > 5
    assert all(name.startswith(about["top"]) for name in modules)


def test_a_slower_clock_has_fewer_registers_and_equal_exports_equal_bytes():
    run = narrow_run()

    def export(clock: float) -> tuple[int, str]:
        folder = to(run, "verilog", changes=[f"target.clock_ns={clock}"])
        digest = json.loads((folder.parent / "score.json").read_text())["artefacts"]["verilog"]["sha256"]
        return read_record(run, "mahalanobis_diagonal")["artefacts"]["verilog"]["latency"], digest

    first = export(5.0)
    assert export(10.0)[0] < first[0]
    assert export(5.0) == first


def test_a_convolutional_network_is_refused_in_one_sentence():
    with pytest.raises(EdgeoodError, match="not built yet for convolutional networks"):
        to(quantized_run(), "verilog")


def test_words_hold_every_number_at_its_place():
    ports = Ports((2, 3), FixedPoint(5, 2), FixedPoint(4, 4, False), FixedPoint(8, 4))
    inputs = np.array([[[0.25, -0.25, 3.75], [-4, 0, 100]]], np.float32)
    ((data, mass),) = ports.words(inputs, [11.5])
    word = int(data, 16)
    found = [word >> 5 * place & 31 for place in range(6)]
    assert found == [1, 31, 15, 16, 0, 15]
    assert (word >> 30, int(mass, 16)) == (0, 12)


def test_the_bench_knows_what_a_reset_drops():
    clocks = [(0, False), (1, False), (2, False), (None, True), (3, False), (4, True), (5, False)]
    # A jet that has left before the edge of the reset is not lost; one that enters with it is.
    assert stimulus.jets_that_leave(clocks, 2) == [0, 1, 5]
    assert stimulus.jets_that_leave(clocks, 9) == [5]
