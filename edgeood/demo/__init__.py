"""``edgeood demo``: one jet's whole way, from Pythia to a bit-exact firmware score."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeood.demo.summary import (
    DECISION_HEADS,
    HEADS,
    console_table,
    decision_rows,
    speeds,
    summarise,
    summary_markdown,
    summary_rows,
)
from edgeood.errors import EdgeoodError
from edgeood.files.atomic import write_text
from edgeood.files.output import output_folder
from edgeood.files.reading import read_json
from edgeood.files.recovery import recover
from edgeood.run import Run

if TYPE_CHECKING:
    from rich.console import Console

SAMPLE, BACKGROUND = "demo", "demo-background"
CALIBRATED, REPORTED = 2, 3
"""Seeds of fresh background: to fit the thresholds on, and to report them on."""
TRIGGER = 0.01
"""Background efficiency of the decision, where there are jets enough; that of the recipe else."""
_ENOUGH = 10_000
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

    from edgeood.commissioning.calibrate import calibrate
    from edgeood.evaluation.evaluate_run import evaluate
    from edgeood.export import to
    from edgeood.jets.format import count_jets
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
        fresh = {
            seed: generate(
                BACKGROUND,
                folder / f"background-{seed}",
                jets=jets and jets // 2,
                workers=workers,
                seed=seed,
                progress=progress,
            )
            for seed in (CALIBRATED, REPORTED)
        }
    with story.step("train", "float CNN, QCD against W/Z, with NuRD against jet mass; scores, thresholds"):
        recipe = load_recipe(FLOAT_RECIPE, overrides)
        float_run = train(recipe, folder / "float", jets=[sample], progress=progress)
    with story.step("quantize", "its quantized twin in QKeras, distilled from the float network"):
        recipe = load_recipe(QUANTIZED_RECIPE, overrides)
        quantized_run = train(
            recipe, folder / "quantized", jets=[sample], teacher=float_run.path, progress=progress
        )
    with story.step("calibrate", "its thresholds on fresh QCD jets, one for each jet mass"):
        few = count_jets(fresh[CALIBRATED]) < _ENOUGH
        efficiency = quantized_run.recipe.score.background_efficiency if few else TRIGGER
        calibrate(quantized_run, [fresh[CALIBRATED]], (efficiency,), unseen=True)
        quantized_run = Run.open(quantized_run.path)
    with story.step(
        "evaluate", "decision, AUROC and mass sculpting, on other fresh and held-out jets, with figures"
    ):
        metrics = {
            name: evaluate(run, [sample, fresh[REPORTED]], unseen=True)
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
    console.print(
        console_table(
            "top against QCD: float network, quantized twin, firmware", HEADS, summary_rows(summary)
        )
    )
    console.print(speeds(summary))
    point = f"{100 * efficiency:g} % of QCD"
    console.print(
        console_table(f"what passes at {point}, as firmware decides", DECISION_HEADS, decision_rows(summary))
    )
    console.print(f"figures: {float_run.path / 'evaluation'}, {quantized_run.path / 'evaluation'}")
    console.print(
        f"numbers: {folder / 'summary.json'}, {folder / 'summary.md'}; wall time {sum(story.wall_s.values()):.0f} s"
    )
    return summary
