"""The command line: every verb is a thin call into the package, in one file per group of verbs."""

import platform
from typing import Annotated

import typer

from edgeood.cli.commissioning import calibrate
from edgeood.cli.detectors import csim, score, verify
from edgeood.cli.hardware import cost
from edgeood.cli.jets import convert, generate
from edgeood.cli.runs import evaluate, export, import_, train, tune
from edgeood.cli.story import demo
from edgeood.cli.warned import warnings_in_one_line
from edgeood.entry_point import run_command
from edgeood.version import __version__

VERBS = (
    demo,
    generate,
    convert,
    train,
    import_,
    tune,
    calibrate,
    evaluate,
    export,
    score,
    csim,
    verify,
    cost,
)
"""In the order of the help page. A new one is a function in this package and a name here."""

app = typer.Typer(
    name="edgeood",
    help="Anomaly triggers you can trust, from collider jets to FPGA firmware.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for verb in VERBS:
    app.command(verb.__name__.rstrip("_"))(verb)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"edgeood {__version__} (Python {platform.python_version()}, {platform.platform()})")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version and leave."),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Both are read before any verb: here, and by :func:`edgeood.entry_point.run_command`."""
    context.with_resource(warnings_in_one_line())


def main() -> None:
    """Entry point of the ``edgeood`` command."""
    run_command(app, "edgeood")
