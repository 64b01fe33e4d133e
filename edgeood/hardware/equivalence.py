"""A proof that a piece of traced logic, written as RTL, has the bits of another Verilog module for all inputs.

yosys joins the two at their inputs and lets its SAT solver look for an input on which they differ. That there is none
is a proof, where a simulation tries some; it is for small pieces: a rounding, a choice of neighbours, a table.
"""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgeood.errors import EdgeoodError
from edgeood.export.verilog.project import static_modules
from edgeood.hardware.yosys import check_yosys, run_script

_INPUT = re.compile(r"^\s*\\in_given\s.*?([01]+)\s*$", re.M)
_PROVEN = "SAT proof finished - no model found: SUCCESS!"
_REFUTED = "SAT proof finished - model found: FAIL!"


def combinational(given: Sequence[Any], results: Sequence[Any]) -> tuple[dict[str, str], int, int]:
    """Verilog of traced numbers without registers, with the widths of its ports.

    ``given`` and ``results`` are alkaid's traced numbers. Returns the modules by name, of which ``logic0`` has the
    ports ``model_inp`` (the given numbers, the first in the lowest bits) and ``model_out``, and the bits of both.
    """
    from alkaid.codegen import RTLModel
    from alkaid.codegen.rtl.verilog.fsm import fsm_logic_gen
    from alkaid.trace import trace

    logic = trace(list(given), list(results), keep_dead_inputs=True)
    machine = RTLModel(logic, "unused", prj_name="piece", latency_cutoff=1e9).fsm
    texts = fsm_logic_gen(machine, "piece")
    widths = [sum(sum(interval.kif) for interval in ends) for ends in (logic.inp_qint, logic.out_qint)]
    return {name: text for name, text in texts.items() if name != "piece"}, widths[0], widths[1]


def counterexample(
    logic: tuple[dict[str, str], int, int], meaning: str, limit_s: float | None = None
) -> int | None:
    """An input on which ``logic`` (of :func:`combinational`) and ``meaning`` differ; None: proven that there is none.

    ``meaning`` is Verilog with a module ``meaning(input [I-1:0] given, output [O-1:0] result)``, without registers, of
    the same widths. Raises :class:`EdgeoodError` if yosys is missing, fails, finds other widths, or takes longer than
    ``limit_s``.
    """
    modules, taken, made = logic
    piece = (
        f"module piece(input [{taken - 1}:0] given, output [{made - 1}:0] result);\n"
        "    logic0 wrapped (.model_inp(given), .model_out(result));\nendmodule\n"
    )
    check_yosys("a proof")
    texts = [file.read_text(encoding="utf-8") for file in static_modules()]
    with tempfile.TemporaryDirectory(prefix="edgeood-proof-") as folder:
        read = []
        for place, text in enumerate([*texts, *modules.values(), piece, meaning]):
            (Path(folder) / f"{place}.v").write_text(text, encoding="utf-8")
            read.append(f"read_verilog -defer -sv {place}.v")
        lines = []
        for top in ("piece", "meaning"):
            # Parameters are settled from a top module downwards, one top at a time.
            settle = [f"hierarchy -check -top {top}", "proc", "flatten", "memory_map", "opt"]
            lines += [*read, *settle, f"design -stash {top}"]
        lines += [f"design -copy-from {top} {top}" for top in ("piece", "meaning")]
        lines += ["miter -equiv -flatten -make_outputs meaning piece both"]
        lines += ["sat -prove trigger 0 -show in_given both"]
        told = run_script(lines, Path(folder), limit_s, "prove two modules equal")
    if _PROVEN in told:
        return None
    if _REFUTED not in told:
        raise EdgeoodError("yosys' solver came to no end; prove a smaller piece.")
    (found,) = _INPUT.findall(told)
    return int(found, 2)
