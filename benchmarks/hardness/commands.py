"""The command line in a process of its own, without the time that its imports take."""

import os
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from benchmarks.hardness.family import Family
from benchmarks.hardness.listing import changed, listing

MOST_SECONDS_OF_A_COMMAND = 30


def wrong_command(family: Family[Any], subject: Any, refused: bool, folder: Path) -> str | None:
    """What is wrong with the attempt of a family by the command line; ``refused`` if the function did."""
    arguments = family.command(subject)
    if arguments is None:
        return None
    before = listing(folder)
    code, errors = run_command_line(arguments, folder)
    lines = errors.splitlines()
    if code not in (0, 2) or (code == 2) != refused:
        return f"`edgeood {arguments[0]}` ended with {code}: {' '.join(errors[-300:].split())}"
    # A warning at most, where it is done.
    if len(lines) > 1 or (refused and not lines) or not all(line.startswith("edgeood: ") for line in lines):
        return f"`edgeood {arguments[0]}` did not write one line: {' '.join(errors[:300].split())}"
    return changed(before, listing(folder), () if refused else family.may_write(subject))


def run_command_line(arguments: list[str], folder: Path) -> tuple[int, str]:
    """Exit code of ``edgeood`` with those arguments, −signal if one ended it, and what it wrote to standard error."""
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(errors.fileno(), 2)
            os._exit(_main(arguments, folder))
        code = _wait(child)
        errors.seek(0)
        return code, errors.read().decode("utf-8", "replace")


def _main(arguments: list[str], folder: Path) -> int:
    # The streams of the parent may hold what it has not written yet.
    sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
    try:
        from edgeood.cli import main

        os.chdir(folder)
        sys.argv = ["edgeood", *arguments]
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _wait(child: int) -> int:
    end = time.monotonic() + MOST_SECONDS_OF_A_COMMAND
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGALRM
