"""How every command of the project ends: a mistake is one sentence, an interruption says how to go on."""

import sys
from collections.abc import Callable

import typer

from edgeood.errors import EdgeoodError

INTERRUPTED = 130
"""Exit code after Ctrl-C, as in a shell: 128 and the number of SIGINT. Typer ends the process with it."""


def run_command(app: Callable[[], object], name: str, *, resumes: bool = True) -> None:
    """Run the Typer application ``app`` of the command ``name`` on ``sys.argv``; ends the process.

    Exit code 2 after an :class:`EdgeoodError`, told in one line on standard error (``--debug`` shows its
    traceback), and 130 after Ctrl-C; ``resumes`` if the command, started again, keeps what was done by then.
    """
    try:
        app()
    except EdgeoodError as error:
        if "--debug" in sys.argv[1:]:
            raise
        typer.echo(f"{name}: {error}", err=True)
        sys.exit(2)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            remedy = "; run the same command again to go on" if resumes else ""
            typer.echo(f"{name}: interrupted{remedy}.", err=True)
        raise
