"""Do all engines give the same bits? The slow ones on fewer jets, and nothing compared twice."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.quantization.jets import comparison_file
from benchmarks.quantization.scoring import identity_of
from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.export.record import exported
from edgeood.files.atomic import write_text
from edgeood.run import Run
from edgeood.runtime.verify import verify

TARGETS = {
    "qonnx": "qonnx",
    "onnxruntime": "onnx",
    "csim": "vitis",
    "vivado_csim": "vivado",
    "emulator": "emulator",
    "alkaid": "verilog",
    "rtl": "verilog",
}
"""Engine → the export that it runs; the network itself and the integer scorer need none."""
SIMULATIONS = ("csim", "vivado_csim", "emulator", "rtl")
"""Engines that simulate firmware step by step, some hundred jets a second."""
_ANCHOR = "onnxruntime"
"""What simulations are compared with."""


@dataclass(frozen=True)
class Comparison:
    """Which engines are compared on how many jets."""

    engines: tuple[str, ...]
    jets: int
    simulated_jets: int

    def parts(self) -> list[tuple[list[str], int]]:
        """Engines that are compared with each other, and on how many jets."""
        fast = [name for name in self.engines if name not in SIMULATIONS]
        slow = [name for name in self.engines if name in SIMULATIONS]
        parts = [(fast, self.jets)] if len(fast) > 1 else []
        return parts + ([([_ANCHOR, *slow], self.simulated_jets)] if slow else [])


def compare(
    run: Run,
    scores: Sequence[str],
    comparison: Comparison,
    files: Sequence[Path],
    folder: Path,
    tell: Callable[[str], None],
) -> dict[str, dict[str, Any]]:
    """Score → ``mismatches`` of scores and ``decision_mismatches`` of all pairs of engines, and ``compared``.

    That is engine → jets. What a comparison of a twin needs is exported first; a comparison of the same weights,
    thresholds, engines and jets is looked up (after a change of an engine, remove ``folder``).
    """
    found: dict[str, dict[str, Any]] = {
        name: {"mismatches": 0, "decision_mismatches": 0, "compared": {}} for name in scores
    }
    for engines, count in comparison.parts():
        jets = comparison_file(files, count, folder)
        key = hashlib.sha256(f"{identity_of(run)} {scores} {engines} {jets.name}".encode()).hexdigest()
        record = folder / f"compared-{run.path.name}-{key[:12]}.json"
        if not record.is_file():
            for score in scores:
                _export(run, score, engines, tell)
            tell(f"comparing {', '.join(engines)} of {run.path.name} on {count:,} jets")
            report = verify(run, jets, engines, scores)
            write_text(record, json.dumps(report, indent=1) + "\n")
        report = json.loads(record.read_text(encoding="utf-8"))
        for score, own in found.items():
            for kind in ("mismatches", "decision_mismatches"):
                own[kind] += sum(report["scores"][score][kind].values())
            for name in engines:
                jets_of = report["jets_by_engine"][name]
                own["compared"][name] = max(jets_of, own["compared"].get(name, 0))
    return found


def _export(run: Run, score: str, engines: Sequence[str], tell: Callable[[str], None]) -> None:
    for target in [TARGETS[name] for name in engines if name in TARGETS]:
        try:
            exported(run, score, target)
        except EdgeoodError:
            tell(f"exporting {score} of {run.path.name} to {target}")
            to(run, target, score=score)
