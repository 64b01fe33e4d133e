"""Verbs that score jets with a run: ``edgeood score``, ``csim``, ``verify``."""

from pathlib import Path
from typing import Annotated

import typer

from edgeood.cli.options import JetsArgument, QuietOption, RunArgument, ScoreOption
from edgeood.runtime import ENGINES


def score(
    run: RunArgument,
    jets: JetsArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="File of the scores (HDF5).")] = Path("scores.h5"),
    score: ScoreOption = None,
    quiet: QuietOption = False,
) -> None:
    """Score jets with ONNX Runtime on the CPU."""
    _score(run, jets, out, score, "onnxruntime", quiet)


def csim(
    run: RunArgument,
    jets: JetsArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="File of the scores (HDF5).")] = Path("csim.h5"),
    score: ScoreOption = None,
    quiet: QuietOption = False,
) -> None:
    """Score jets with the C-simulation of the HLS project; needs only g++."""
    _score(run, jets, out, score, "csim", quiet)


def _score(run: Path, jets: list[Path], out: Path, score: str | None, engine: str, quiet: bool) -> None:
    from edgeood.jets.format import count_jets
    from edgeood.progress import progress_bar
    from edgeood.runtime.score import score as score_jets

    with progress_bar(f"scoring jets ({engine})", count_jets(jets), not quiet) as advance:
        values = score_jets(run, jets, out, engine=engine, score=score, progress=advance)
    typer.echo(f"{len(values)} jets: {out}")


def verify(
    run: RunArgument,
    jets: JetsArgument,
    engines: Annotated[
        str, typer.Option(help=f"Comma-separated, of {', '.join(ENGINES)}.")
    ] = "network,onnxruntime,csim",
    score: ScoreOption = None,
    quiet: QuietOption = False,
) -> None:
    """Compare the scores of every engine, bit for bit; exit 1 on any mismatch."""
    from edgeood.progress import progress_bar
    from edgeood.run import Run
    from edgeood.runtime.verify import print_report
    from edgeood.runtime.verify import verify as compare

    with progress_bar("C-simulating", None, not quiet) as advance:
        report = compare(
            Run.open(run), jets, engines.split(","), [score] if score else None, progress=advance
        )
    print_report(report)
    if report["mismatches"]:
        raise typer.Exit(1)
