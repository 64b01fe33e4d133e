"""``python -m benchmarks.cpu_speed``: bit-exact scoring on one core, C-simulation beside the rest."""

import importlib.metadata
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated

import torch
import typer

from benchmarks.cpu_speed.jets import first_jets, made_up_jets
from benchmarks.cpu_speed.networks import random_run
from benchmarks.cpu_speed.report import HEADER, as_line, as_markdown
from benchmarks.cpu_speed.timing import Row, timed
from benchmarks.particlenet_speed.report import machine
from edgeood.entry_point import run_command
from edgeood.errors import EdgeoodError
from edgeood.files.atomic import write_text
from edgeood.inputs import inputs_of
from edgeood.recipe import load_recipe
from edgeood.run import Run
from edgeood.scores.fused import FUSED_SCORES

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)
RESULTS = Path(__file__).parents[1] / "results"
RECIPES = ("cnn-nurd-qkeras", "particlenet-lite-qkeras")
_FITTED_ON = 2000


@app.command()
def cpu_speed(
    jets: Annotated[int, typer.Option(help="jets to score", min=64)] = 20_000,
    csim_jets: Annotated[int, typer.Option(help="of them, also by C-simulation", min=1)] = 2_000,
    jets_file: Annotated[list[Path] | None, typer.Option(help="jet files, or folders; else made up")] = None,
    recipe: Annotated[list[str] | None, typer.Option(help="quantized recipes, with random weights")] = None,
    run: Annotated[list[Path] | None, typer.Option(help="trained runs, instead of recipes")] = None,
    score: Annotated[list[str] | None, typer.Option(help="both fused scores by default")] = None,
    rounds: Annotated[int, typer.Option(help="measurements of each engine", min=1)] = 5,
    out: Annotated[Path, typer.Option(help="folder of the report")] = RESULTS,
) -> None:
    """Time C-simulation, ONNX Runtime and integer scoring on one core, and write ``cpu_speed.{json,md}``."""
    torch.set_num_threads(1)
    sample = first_jets(jets_file, jets) if jets_file else made_up_jets(jets)
    source = "read from files" if jets_file else "made up"
    rows: list[Row] = []
    typer.echo(HEADER, nl=False)
    with tempfile.TemporaryDirectory() as folder:
        names: list[str | Path] = list(run) if run else list(recipe or RECIPES)
        for i, name in enumerate(names):
            if run:
                one = Run.open(name)
                inputs = inputs_of(sample, one.recipe.inputs.model_dump())
            else:
                settings = load_recipe(name)
                inputs = inputs_of(sample, settings.inputs.model_dump())
                one = random_run(settings, inputs[:_FITTED_ON], Path(folder) / str(i))
            for score_name in score or FUSED_SCORES:
                rows.append(timed(one, score_name, inputs, source, csim_jets, rounds))
                typer.echo(as_line(rows[-1]), nl=False)
    compiler = subprocess.run(["g++", "--version"], capture_output=True, text=True, check=True).stdout
    on = {
        "cpu": str(machine()["cpu"]),
        "compiler": compiler.splitlines()[0],
        "onnxruntime": importlib.metadata.version("onnxruntime"),
        "clock": "processor time",
        "rounds": str(rounds),
        "weights": "trained" if run else "random",
    }
    write_text(out / "cpu_speed.md", as_markdown(rows, on))
    record = {"machine": on, "rows": [row._asdict() for row in rows]}
    write_text(out / "cpu_speed.json", json.dumps(record, indent=1) + "\n")
    if wrong := sum(row.mismatches for row in rows):
        raise EdgeoodError(f"{wrong} scores differ between engines; see {out / 'cpu_speed.md'}.")


if __name__ == "__main__":
    run_command(app, "benchmarks.cpu_speed", resumes=False)
