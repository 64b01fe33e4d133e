"""Do all engines give the same bits? Jets, and inputs chosen to find where they would not."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.export.record import RECORD, read_record
from edgeood.files.atomic import write_text
from edgeood.files.output import check_writable
from edgeood.fixed_point import FixedPoint
from edgeood.inputs import inputs_of
from edgeood.jets.format import Paths, iterate_jets
from edgeood.resources import is_released
from edgeood.run import Run
from edgeood.runtime import Decided, Progress, open_engine
from edgeood.runtime.parity.comparison import Comparison
from edgeood.runtime.parity.corners import corner_inputs, corner_masses
from edgeood.scores.fused import FUSED_SCORES
from edgeood.scores.fused.mass_blind import MASS_TYPE

_AT_MOST = {"qonnx": 1000}
"""Jets for an engine that is an interpreter; it gets all corners."""
_BATCH = 4096
USUAL_ENGINES = ("network", "onnxruntime", "csim")
OF_RELEASED = ("network", "onnxruntime", "cpu")
"""Those that need nothing which a released detector has not."""


def verify(
    run: Run,
    jets: Paths,
    engines: Sequence[str] | None = None,
    scores: Sequence[str] | None = None,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Compare the scores and decisions of every pair of engines, on jets and on :func:`corner_inputs`, as a stream.

    ``engines`` defaults to :data:`USUAL_ENGINES`, of a released detector of the package to :data:`OF_RELEASED`,
    ``scores`` to every fused score that was exported. The report, also written to ``RUN/verify.json`` unless the run is
    such a detector, holds ``jets``, ``jets_by_engine`` (QONNX execution takes only the first ones), ``corner_inputs``,
    ``engines``, ``mismatches`` (in all), ``throughput_jets_per_s`` by engine and ``scores``: for each its step, whether
    its decision is ``mass_blind``, ``mismatches`` of scores and ``decision_mismatches`` by pair of engines, and the
    first scores that differ (counted from the corners, which come before the jets).
    Raises :class:`EdgeoodError` for a float run, one whose files are not those recorded, fewer than two engines, or
    a missing export or tool.
    """
    if not run.quantized:
        raise EdgeoodError(
            f"{run.path} is a float run, whose engines differ in the last bits; verify its twin."
        )
    released = is_released(run.path)
    engines = engines or (OF_RELEASED if released else USUAL_ENGINES)
    if len(set(engines)) < 2:
        raise EdgeoodError(f"there is nothing to compare {', '.join(engines)} with; name two engines.")
    run.check_files()
    if not released:
        check_writable(run.path)
    chosen = list(scores) if scores else _exported(run)
    recipe, who = run.manifest["recipe"], f"run {run.path}"
    input_type = FixedPoint(**recipe["quantization"]["input"])
    benches: dict[str, _Bench] = {}
    count = corners = 0
    for known in iterate_jets(jets, _BATCH):
        inputs, mass = inputs_of(known, recipe["inputs"], who), known.jets["mass"]
        if not count:
            # Engines are compiled for jets that they can read.
            hard = corner_inputs(inputs.shape[1:], input_type)
            corners = len(hard)
            for score in chosen:
                benches[score] = _Bench(run, score, engines, workers, progress)
                benches[score].on_corners(hard)
        for bench in benches.values():
            bench.on_jets(inputs, mass, count, corners)
        count += len(inputs)
    summary: dict[str, Any] = {
        "run": str(run.path),
        "jets": count,
        "jets_by_engine": {name: min(count, _AT_MOST.get(name, count)) for name in engines},
        "corner_inputs": corners,
        "engines": list(engines),
    }
    report = {score: bench.report() for score, bench in benches.items()}
    kinds = ("mismatches", "decision_mismatches")
    summary["mismatches"] = sum(sum(one[kind].values()) for one in report.values() for kind in kinds)
    taken = {name: sum(bench.taken[name] for bench in benches.values()) for name in engines}
    summary["throughput_jets_per_s"] = {
        name: jets_done * len(chosen) / taken[name] for name, jets_done in summary["jets_by_engine"].items()
    }
    summary["scores"] = report
    if not released:
        write_text(run.path / "verify.json", json.dumps(summary, indent=1) + "\n")
    return summary


class _Bench:
    """The engines of one score, side by side."""

    def __init__(
        self, run: Run, score: str, engines: Sequence[str], workers: int | None, progress: Progress | None
    ) -> None:
        self.engines = {
            name: open_engine(run, name, score, workers=workers, progress=progress) for name in engines
        }
        self.record = read_record(run, score)
        self.taken = dict.fromkeys(engines, 0.0)
        """Seconds that each engine took for jets"""
        self._comparison = Comparison(engines, self.record["step"])

    def on_corners(self, corners: NDArray[np.float32]) -> None:
        """The first inputs of all."""
        masses = corner_masses(len(corners), _mass_type(self.record))
        self._comparison.add(
            0, {name: engine.decide(corners, masses) for name, engine in self.engines.items()}
        )

    def on_jets(
        self, inputs: NDArray[np.float32], mass_gev: NDArray[np.float32], before: int, corners: int
    ) -> None:
        """Further jets, ``before`` of which and ``corners`` were compared already."""
        results: dict[str, Decided] = {}
        for name, engine in self.engines.items():
            left = _AT_MOST.get(name, before + len(inputs)) - before
            if left <= 0:
                continue
            start = time.perf_counter()
            results[name] = engine.decide(inputs[:left], mass_gev[:left])
            self.taken[name] += time.perf_counter() - start
        self._comparison.add(corners + before, results)

    def report(self) -> dict[str, Any]:
        """What :func:`verify` tells of a score."""
        return {"mass_blind": "decision" in self.record, **self._comparison.report()}


def _exported(run: Run) -> list[str]:
    """Fused scores with an export; the recipe's, if there is none, for its error message."""
    found = [score for score in FUSED_SCORES if (run.export_folder(score) / RECORD).is_file()]
    return found or [run.manifest["recipe"]["score"]["kind"]]


def _mass_type(record: Mapping[str, Any]) -> FixedPoint:
    """Of the mass word that a decision reads; any, if none does."""
    return FixedPoint(**record["decision"]["mass_type"]) if "decision" in record else MASS_TYPE


def print_report(report: dict[str, Any]) -> None:
    """Show a report of :func:`verify` on the terminal."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{report['jets']} jets and {report['corner_inputs']} corner inputs")
    for column in ("score", "engines"):
        table.add_column(column)
    for column in ("mismatches", "of decisions"):
        table.add_column(column, justify="right")
    for score, one in report["scores"].items():
        for pair, count in one["mismatches"].items():
            decisions = one["decision_mismatches"][pair]
            table.add_row(score, pair.replace("=", " = "), str(count), str(decisions))
    console = Console()
    console.print(table)
    for engine, rate in report["throughput_jets_per_s"].items():
        console.print(f"{engine}: {rate:,.0f} jets/s")
