"""Verbs about chips: ``edgeood cost``."""

from pathlib import Path
from typing import Annotated

import typer

from edgeood.cli.options import ScoreOption


def cost(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Runs with a Verilog export.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of cost.json and cost.md.")] = Path("."),
    score: ScoreOption = None,
    limit: Annotated[float, typer.Option(min=0, help="Minutes for one synthesis; 0 for no limit.")] = 60.0,
) -> None:
    """Latency in clocks by simulation and resources by synthesis of exported RTL, each with its provenance."""
    from edgeood.hardware.cost import cost as measure

    report = measure(runs, out, [score] if score else None, limit_s=60 * limit or None, tell=typer.echo)
    for row in report["rows"]:
        for reason in row["missing"]:
            typer.echo(f"{row['run']} {row['score']}: {reason}")
    typer.echo(f"cost: {out / 'cost.md'}")
