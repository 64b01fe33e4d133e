"""What exported designs cost: clocks by simulation, resources by synthesis, estimates, and what vendors' tools said.

Every figure is kept apart by its provenance:

==============  ==========================================================================================
cycle-sim       clocks, counted in a simulation of the RTL (:mod:`edgeood.hardware.cycles`)
yosys-xcup      cells after synthesis for UltraScale+ (:mod:`edgeood.hardware.yosys`)
model           alkaid's own estimate of look-up tables, before any synthesis
vitis, vivado   reports of these tools, where they were run (:mod:`edgeood.hardware.vendor_reports`)
==============  ==========================================================================================
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edgeood.errors import EdgeoodError
from edgeood.export.record import RECORD, exported, read_record
from edgeood.files.atomic import write_text
from edgeood.files.reading import read_json
from edgeood.hardware.cost_table import markdown
from edgeood.hardware.cycles import count_cycles
from edgeood.hardware.vendor_tools import TOOLS
from edgeood.hardware.yosys import synthesise
from edgeood.run import Run
from edgeood.scores.fused import FUSED_SCORES

Tell = Callable[[str], None]


def cost(
    runs: Sequence[Path],
    out: Path,
    scores: Sequence[str] | None = None,
    *,
    limit_s: float | None = None,
    tell: Tell = lambda line: None,
) -> dict[str, Any]:
    """Measure exported designs of runs, and write ``cost.json`` and ``cost.md`` into the folder ``out``.

    Parameters
    ----------
    scores : fused scores to look at; default: those that were exported
    limit_s : longest that one synthesis may take
    tell : gets a line before each step that may take long

    Whatever was measured before is in the user's cache, by content: after an interruption the same command goes on.
    Returns ``{"rows": [...]}``, for each run and score ``run``, ``network``, ``score``, ``clock_ns``, ``figures``
    (provenance → name → value, unit, provenance) and ``missing``, a sentence for each measurement that was not made.
    Raises :class:`EdgeoodError` if no design was exported at all.
    """
    rows = []
    for path in runs:
        run = Run.open(path)
        for score in scores or [one for one in FUSED_SCORES if (run.export_folder(one) / RECORD).is_file()]:
            rows.append(_row(run, score, limit_s, tell))
    if not any(row["figures"] for row in rows):
        reasons = [reason for row in rows for reason in row["missing"]]
        raise EdgeoodError(
            reasons[0]
            if reasons
            else f"{runs[0]} has no export; run `edgeood export {runs[0]} --target verilog`."
        )
    report = {"rows": rows}
    write_text(out / "cost.json", json.dumps(report, indent=1) + "\n")
    write_text(out / "cost.md", markdown(report))
    return report


def _row(run: Run, score: str, limit_s: float | None, tell: Tell) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    missing: list[str] = []
    clock_ns = None
    try:
        project = exported(run, score, "verilog")
    except EdgeoodError as error:
        missing.append(str(error))
    else:
        about = read_record(run, score)["artefacts"]["verilog"]
        clock_ns, top = about["target"]["clock_ns"], about["top"]
        figures["model"] = {"lut": {"value": about["estimated_luts"], "unit": "lut", "provenance": "model"}}

        def measured(what: str, measure: Callable[[], dict[str, Any]]) -> None:
            tell(f"{run.path} {score}: {what}")
            try:
                found = measure()["figures"]
            except EdgeoodError as error:
                missing.append(str(error))
            else:
                figures[next(iter(found.values()))["provenance"]] = found

        measured("simulation", lambda: count_cycles(run, score, clock_ns))
        measured("synthesis", lambda: synthesise(project, top, limit_s))
    for target in TOOLS:
        file = run.export_folder(score) / f"{target}-report.json"
        if file.is_file():
            report = read_json(file, "build the project again.", ("synthesis",))
            figures[target] = report["synthesis"]["figures"]
    return {
        "run": str(run.path),
        "network": run.recipe.name,
        "score": score,
        "clock_ns": clock_ns,
        "figures": figures,
        "missing": missing,
    }
