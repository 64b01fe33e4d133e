"""How every command of the project ends: a mistake is one sentence, an interruption says how to go on.

====  ====================================================================
0     done
1     ``verify`` found a mismatch
2     a mistake, a missing right, a full disk, no memory: one sentence
70    a defect of ours, with its traceback on standard error
130   interrupted by Ctrl-C
141   whoever read our output has closed it
====  ====================================================================
"""

import errno
import os
import sys
import traceback
from collections.abc import Callable

import typer

from edgeood.errors import EdgeoodError, in_one_line

INTERRUPTED = 130
"""Exit code after Ctrl-C, as in a shell: 128 and the number of SIGINT. Typer ends the process with it."""
MISTAKE, DEFECT, CLOSED = 2, 70, 141
"""70 is EX_SOFTWARE of sysexits.h; 141 is 128 and the number of SIGPIPE, as in a shell."""

_REMEDIES = {
    errno.ENOSPC: "free some space and try again",
    errno.EDQUOT: "free some space and try again",
    errno.EACCES: "ask for the right, or choose another place",
    errno.EPERM: "ask for the right, or choose another place",
    errno.EROFS: "copy it to where you may write, or choose another place",
    errno.EMFILE: "raise the limit of open files (`ulimit -n`)",
}


def run_command(app: Callable[[], object], name: str, *, resumes: bool = True) -> None:
    """Run the Typer application ``app`` of the command ``name`` on ``sys.argv``; ends the process.

    What a user can mend is told in one line on standard error (``--debug`` shows its traceback as well); ``resumes``
    if the command, started again after Ctrl-C, keeps what was done by then. Exit codes: see the module.
    """
    # File names may hold bytes that are no UTF-8.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
        sys.stdout.flush()
    except SystemExit as end:
        # Typer itself makes an exit code of 1 of a closed pipe.
        if isinstance(end.__context__, BrokenPipeError):
            _leave_closed_output()
        if end.code == INTERRUPTED:
            remedy = "; run the same command again to go on" if resumes else ""
            typer.echo(f"{name}: interrupted{remedy}.", err=True)
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _leave_closed_output()
        raise
    except BrokenPipeError:
        _leave_closed_output()
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None or "--debug" in sys.argv[1:]:
            traceback.print_exc()
        if sentence is None:
            typer.echo(f"{name}: this is a defect of ours; please report it with the lines above.", err=True)
            sys.exit(DEFECT)
        typer.echo(f"{name}: {in_one_line(sentence)}", err=True)
        sys.exit(MISTAKE)


def _sentence(error: Exception) -> str | None:
    """What a user can do about an error; None if it is ours to mend."""
    if isinstance(error, EdgeoodError):
        return str(error)
    if isinstance(error, MemoryError):
        return f"there is not enough memory ({_line(error)}); take fewer jets at once, or a larger machine."
    if isinstance(error, UnicodeError):
        return f"a name or a text is not UTF-8 ({_line(error)}); rename or convert it."
    if isinstance(error, OSError) and error.errno is not None:
        where = " → ".join(os.fsdecode(one) for one in (error.filename, error.filename2) if _is_path(one))
        remedy = _REMEDIES.get(error.errno, "see to it and try again")
        return f"{where or 'this machine'}: {error.strerror or _line(error)}; {remedy}."
    return None


def _is_path(name: object) -> bool:
    return isinstance(name, str | bytes | os.PathLike)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _leave_closed_output() -> None:
    """End without a word: nobody listens, and the interpreter must not flush once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(CLOSED)
