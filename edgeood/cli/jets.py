"""Verbs that make jets: ``edgeood generate``."""

from pathlib import Path
from typing import Annotated

import typer

from edgeood.cli.options import QuietOption, WorkersOption


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
