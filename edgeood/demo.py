"""``edgeood demo``: one jet's whole way, from Pythia to a bit-exact firmware score."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeood.errors import EdgeoodError
from edgeood.files.atomic import write_text
from edgeood.files.output import output_folder
from edgeood.files.reading import read_json
from edgeood.files.recovery import recover
from edgeood.run import Run

SCORES = ("max_logit", "mahalanobis", "mahalanobis_diagonal")
"""What the story compares: the scores of GZ24, and the one that fits on a chip."""

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

SAMPLE = "demo"
_WALL = "wall_s.json"
FLOAT_RECIPE = "cnn-nurd-demo"
QUANTIZED_RECIPE = "cnn-nurd-qkeras-demo"


class _Story:
    """Announces every step and keeps its wall time, also across interruptions."""

    def __init__(self, folder: Path, console: "Console") -> None:
        self.console = console
        self.file = folder / _WALL
        there = self.file.is_file()
        self.wall_s: dict[str, float] = read_json(self.file, "remove it.") if there else {}
        self.number = 0

    @contextmanager
    def step(self, name: str, what: str) -> Iterator[None]:
        """Time a step; a finished one that is only looked up again keeps the time of its work."""
        self.number += 1
        self.console.print(f"[bold]{self.number}. {name}[/bold]  {what}")
        start = time.monotonic()
        yield
        wall_s = round(time.monotonic() - start, 2)
        self.wall_s[name] = max(wall_s, self.wall_s.get(name, 0.0))
        write_text(self.file, json.dumps(self.wall_s, indent=1))
        self.console.print(f"   {wall_s:.1f} s")


def _write_held_out(float_run: Run, jets: Path, path: Path) -> int:
    """Write the jets that no training has seen to one file; return their number."""
    from edgeood.evaluation.held_out import held_out_jets
    from edgeood.jets.format import write_jets

    held_out = held_out_jets(float_run.recipe, [jets])
    write_jets(path, held_out, {"sample": SAMPLE, "split": "test"})
    return len(held_out)


def _sculpting_at_half(metrics: dict[str, Any]) -> dict[str, dict[str, float]]:
    """score → jsd and wasserstein_gev of the background's mass spectrum with its upper half kept."""
    return {
        score: {key: measured["0.5"][key][0] for key in ("jsd", "wasserstein_gev")}
        for score, measured in metrics["sculpting"].items()
        if score in SCORES
    }


def _auroc(metrics: dict[str, Any]) -> dict[str, list[float]]:
    """score → [AUROC of top against QCD, bootstrap error]."""
    return {score: metrics["signals"]["top"][score]["auroc"] for score in SCORES}


def summarise(
    metrics: dict[str, dict[str, Any]],
    trained: int,
    held_out: int,
    report: dict[str, Any],
    wall_s: dict[str, float],
) -> dict[str, Any]:
    """The contents of ``summary.json``.

    Parameters
    ----------
    metrics : ``float`` and ``quantized``: what :func:`edgeood.evaluation.evaluate_run.evaluate` returned
    trained, held_out : jets trained on, and jets that every engine scored
    report : what :func:`edgeood.runtime.verify.verify` returned
    wall_s : step → wall time in seconds
    """
    return {
        "jets": {"train": trained, "test": held_out},
        "auroc": {run: _auroc(measured) for run, measured in metrics.items()},
        "sculpting": {run: _sculpting_at_half(measured) for run, measured in metrics.items()},
        "parity": {
            "jets": held_out,
            "engines": report["engines"],
            "mismatches": {name: sum(one["mismatches"].values()) for name, one in report["scores"].items()},
        },
        "throughput_jets_per_s": report["throughput_jets_per_s"],
        "wall_s": wall_s,
    }


HEADS = ("score", "network", "AUROC", "JSD", "W₂ [GeV]", "mismatches")


def summary_rows(summary: dict[str, Any]) -> list[tuple[str, ...]]:
    """Rows under :data:`HEADS`: every score of the float network and of its quantized twin.

    JSD and W₂ are between the QCD mass spectrum and that of its 50 % most anomalous jets; mismatches are scores
    that differ between any two engines.
    """
    from edgeood.evaluation.tables import format_measured

    parity = summary["parity"]
    rows: list[tuple[str, ...]] = []
    for score in summary["auroc"]["float"]:
        for run in ("float", "quantized"):
            own, wrong = summary["sculpting"][run][score], parity["mismatches"].get(score)
            rows.append(
                (
                    score,
                    run,
                    format_measured(summary["auroc"][run][score]),
                    f"{own['jsd']:.3f}",
                    f"{own['wasserstein_gev']:.1f}",
                    "–" if run == "float" or wrong is None else f"{wrong} of {parity['jets']}",
                )
            )
    return rows


def summary_markdown(summary: dict[str, Any]) -> str:
    """The table that the demo ends with, and the speed of every engine, as Markdown."""
    lines = ["| " + " | ".join(HEADS) + " |", "|---|---|--:|--:|--:|--:|"]
    lines += ["| " + " | ".join(row) + " |" for row in summary_rows(summary)]
    return "\n".join(lines) + "\n\n" + _speeds(summary) + "\n"


def _speeds(summary: dict[str, Any]) -> str:
    return "jets/s: " + ", ".join(f"{name} {v:,.0f}" for name, v in summary["throughput_jets_per_s"].items())


def _summary_table(summary: dict[str, Any]) -> "Table":
    from rich.table import Table

    # Without lines, so that 80 columns hold it.
    title = "top against QCD: float network, quantized twin, firmware"
    table = Table(title=title, box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for head in HEADS:
        table.add_column(head, justify="left" if head in HEADS[:2] else "right", no_wrap=True)
    for row in summary_rows(summary):
        table.add_row(*row, end_section=row[1] == "quantized")
    return table


def run_demo(
    out: str | os.PathLike[str] = "demo",
    *,
    jets: int | None = None,
    workers: int | None = None,
    progress: bool = True,
    overrides: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Walk the whole story in the folder ``out`` and return what ``out/summary.json`` holds.

    Interrupted, it goes on from the last finished shard, epoch or step.

    Parameters
    ----------
    jets : jets to generate (default: what the sample says)
    workers : generator and C-simulation processes (default: one per core)
    overrides : ``section.key=value`` for both recipes (tests make them smaller)
    """
    from rich.console import Console

    from edgeood.evaluation.evaluate_run import evaluate
    from edgeood.export import to
    from edgeood.jets.simulation.generate import generate
    from edgeood.progress import progress_bar
    from edgeood.recipe import load_recipe
    from edgeood.runtime.verify import verify
    from edgeood.scores.fused import FUSED_SCORES
    from edgeood.training.train import train

    folder = output_folder(out, option="--out")
    if folder.is_dir() and not (folder / _WALL).is_file() and set(os.listdir(folder)) - {"jets"}:
        raise EdgeoodError(f"{folder} is not empty and holds no demo of ours; choose another --out.")
    folder.mkdir(parents=True, exist_ok=True)
    recover(folder)
    console = Console(quiet=not progress)
    story = _Story(folder, console)
    with story.step("generate", "quark, gluon, W, Z and top jets: Pythia 8, detector, FastJet"):
        sample = generate(SAMPLE, folder / "jets", jets=jets, workers=workers, progress=progress)
    with story.step("train", "float CNN, QCD against W/Z, with NuRD against jet mass; scores, thresholds"):
        recipe = load_recipe(FLOAT_RECIPE, overrides)
        float_run = train(recipe, folder / "float", jets=[sample], progress=progress)
    with story.step("quantize", "its quantized twin in QKeras, distilled from the float network"):
        recipe = load_recipe(QUANTIZED_RECIPE, overrides)
        quantized_run = train(
            recipe, folder / "quantized", jets=[sample], teacher=float_run.path, progress=progress
        )
    with story.step("evaluate", "AUROC and mass sculpting of both, with figures"):
        metrics = {
            name: evaluate(run, [sample])
            for name, run in (("float", float_run), ("quantized", quantized_run))
        }
    with story.step("export", "QONNX, ONNX and an HLS project, one for each fused score"):
        for score in FUSED_SCORES:
            for target in ("qonnx", "onnx", "vitis"):
                to(quantized_run, target, score=score)
    with story.step("verify", "network = ONNX Runtime = C-simulation, on jets never trained on"):
        test_file = folder / "test.h5"
        held_out = _write_held_out(float_run, sample, test_file)
        with progress_bar("C-simulating", None, progress) as advance:
            report = verify(quantized_run, test_file, scores=FUSED_SCORES, workers=workers, progress=advance)

    trained = int(float_run.manifest["jets"]["train"])
    summary = summarise(metrics, trained, held_out, report, story.wall_s)
    write_text(folder / "summary.json", json.dumps(summary, indent=1) + "\n")
    write_text(folder / "summary.md", summary_markdown(summary))
    console.print(_summary_table(summary))
    console.print(_speeds(summary))
    console.print(f"figures: {float_run.path / 'evaluation'}, {quantized_run.path / 'evaluation'}")
    console.print(
        f"numbers: {folder / 'summary.json'}, {folder / 'summary.md'}; wall time {sum(story.wall_s.values()):.0f} s"
    )
    return summary
