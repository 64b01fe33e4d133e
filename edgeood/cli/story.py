"""``edgeood demo``."""

from pathlib import Path
from typing import Annotated

import typer

from edgeood.cli.options import QuietOption, WorkersOption


def demo(
    out: Annotated[Path, typer.Option("--out", help="Where everything goes; resumes what it finds.")] = Path(
        "demo"
    ),
    jets: Annotated[int, typer.Option(min=0, help="Jets to generate; 0 for what the sample says.")] = 0,
    workers: WorkersOption = 0,
    quiet: QuietOption = False,
) -> None:
    """The whole story in minutes: generate, train, quantize, export, C-simulate, verify, compare."""
    from edgeood.demo import run_demo

    run_demo(out, jets=jets or None, workers=workers or None, progress=not quiet)
