"""Verbs that make jet files: ``edgeood generate``, ``convert``."""

from pathlib import Path
from typing import Annotated

import typer

from edgeood.cli.options import FormatOption, JetsArgument, QuietOption, SkipOption, SortOption, WorkersOption
from edgeood.jets.readers.named import reading_as


def generate(
    sample: Annotated[
        str, typer.Argument(help="demo, gandrakota2024, cheng2022, large-radius, or a YAML file.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the jet files.")],
    jets: Annotated[int, typer.Option(min=0, help="Jets in all; 0 for what the sample says.")] = 0,
    workers: WorkersOption = 0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 1,
    fast: Annotated[
        bool, typer.Option("--fast", help="Without multiparton interactions; for tests.")
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Simulate jets with Pythia 8, a parametrised detector and FastJet."""
    from edgeood.jets.simulation.generate import generate as simulate

    folder = simulate(
        sample, out, jets=jets or None, workers=workers or None, seed=seed, fast=fast, progress=not quiet
    )
    typer.echo(f"jets: {folder}")


def convert(
    jets: JetsArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="The file (HDF5).")],
    format: FormatOption = None,
    process: Annotated[
        str | None, typer.Option(help="Name of the jets' process, where the files tell none.")
    ] = None,
    skip_bad: SkipOption = False,
    sort: SortOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write jets of any known format as one file of ours, in constant memory."""
    from edgeood.jets.convert import convert as write
    from edgeood.jets.files import candidates
    from edgeood.jets.format import Reading, known_count
    from edgeood.jets.hdf5.probe import crashing_files
    from edgeood.progress import progress_bar

    with reading_as(format):
        reading = Reading(skip_bad, sort, crashing_files(candidates(jets)))
        with progress_bar("converting", known_count(jets, reading), not quiet) as advance:
            count = write(jets, out, process=process, reading=reading, progress=advance)
    told = f" ({reading.summary()})" if reading.summary() else ""
    typer.echo(f"{count} jets{told}: {out}")
