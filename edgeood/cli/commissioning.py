"""Verbs that operate a finished run: ``edgeood calibrate``."""

from pathlib import Path
from typing import Annotated

import typer

from edgeood.cli.options import CopyOption, FormatOption, RunArgument, UnseenOption
from edgeood.jets.readers.named import reading_as


def calibrate(
    run: RunArgument,
    jets: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[BACKGROUND]...", help="Jet files or folders [those of the training]."),
    ] = None,
    efficiency: Annotated[
        list[float] | None,
        typer.Option("--efficiency", help="Share of the background that passes; repeatable [0.01]."),
    ] = None,
    format: FormatOption = None,
    unseen: UnseenOption = False,
    out: CopyOption = None,
) -> None:
    """Fit a twin's thresholds, one for all masses and one for each, so that the decision is blind to mass."""
    from edgeood.commissioning.calibrate import calibrate as fit
    from edgeood.run_copy import own_run

    with reading_as(format):
        report = fit(own_run(run, out), jets, efficiency or [0.01], unseen=unseen)
    typer.echo(f"{report['jets']} background jets; export again what was exported")
    for score, points in report["scores"].items():
        for share, own in points.items():
            typer.echo(
                f"{score} at {100 * float(share):g} %: threshold {own['threshold_integer']} for all masses, thresholds "
                f"in mass known to {own['error']:.0f} steps"
            )
