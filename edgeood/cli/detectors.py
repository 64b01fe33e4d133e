"""Verbs that score jets with a run: ``edgeood score``, ``csim``, ``verify``."""

from pathlib import Path
from typing import Annotated

import typer

from edgeood.cli.options import (
    FormatOption,
    JetsArgument,
    QuietOption,
    RunArgument,
    ScoreOption,
    SkipOption,
    SortOption,
)
from edgeood.jets.readers.named import reading_as
from edgeood.runtime import ENGINES


def score(
    run: RunArgument,
    jets: JetsArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="File of the scores (HDF5).")] = Path("scores.h5"),
    score: ScoreOption = None,
    per_event: Annotated[
        str | None, typer.Option(help="One score for each event: max or sum of those of its jets.")
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            help=f"One of {', '.join(ENGINES)}: the same bits, at other speeds.",
            autocompletion=lambda: list(ENGINES),
        ),
    ] = "onnxruntime",
    format: FormatOption = None,
    skip_bad: SkipOption = False,
    sort: SortOption = False,
    quiet: QuietOption = False,
) -> None:
    """Score jets, with ONNX Runtime on the CPU or another engine."""
    with reading_as(format):
        _score(run, jets, out, score, engine, skip_bad, sort, quiet, per_event)


def csim(
    run: RunArgument,
    jets: JetsArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="File of the scores (HDF5).")] = Path("csim.h5"),
    score: ScoreOption = None,
    format: FormatOption = None,
    skip_bad: SkipOption = False,
    sort: SortOption = False,
    quiet: QuietOption = False,
) -> None:
    """Score jets with the C-simulation of the HLS project; needs only g++."""
    with reading_as(format):
        _score(run, jets, out, score, "csim", skip_bad, sort, quiet)


def _score(
    run: Path,
    jets: list[Path],
    out: Path,
    score: str | None,
    engine: str,
    skip_bad: bool,
    sort: bool,
    quiet: bool,
    per_event: str | None = None,
) -> None:
    from edgeood.jets.files import candidates
    from edgeood.jets.format import Reading, known_count
    from edgeood.jets.hdf5.probe import crashing_files
    from edgeood.progress import progress_bar
    from edgeood.runtime.onnxruntime import silence_log
    from edgeood.runtime.score import score_to_file

    silence_log()
    reading = Reading(skip_bad, sort, crashing_files(candidates(jets)))
    with progress_bar(f"scoring jets ({engine})", known_count(jets, reading), not quiet) as advance:
        count = score_to_file(
            run, jets, out, engine, score=score, progress=advance, reading=reading, per_event=per_event
        )
    told = f" ({reading.summary()})" if reading.summary() else ""
    typer.echo(f"{count} {'events' if per_event else 'jets'}{told}: {out}")


def verify(
    run: RunArgument,
    jets: JetsArgument,
    engines: Annotated[
        str | None,
        typer.Option(
            help=f"Comma-separated, of {', '.join(ENGINES)} [network,onnxruntime,csim; released: cpu, not csim]."
        ),
    ] = None,
    score: ScoreOption = None,
    format: FormatOption = None,
    quiet: QuietOption = False,
) -> None:
    """Compare the scores of every engine, bit for bit; exit 1 on any mismatch."""
    from edgeood.jets.files import candidates
    from edgeood.jets.hdf5.probe import refuse_crashing
    from edgeood.progress import progress_bar
    from edgeood.run import Run
    from edgeood.runtime.onnxruntime import silence_log
    from edgeood.runtime.verify import print_report
    from edgeood.runtime.verify import verify as compare

    silence_log()
    with reading_as(format):
        refuse_crashing(candidates(jets))
    with reading_as(format), progress_bar("C-simulating", None, not quiet) as advance:
        named = engines.split(",") if engines is not None else None
        report = compare(Run.open(run), jets, named, [score] if score else None, progress=advance)
    print_report(report)
    if report["mismatches"]:
        raise typer.Exit(1)
