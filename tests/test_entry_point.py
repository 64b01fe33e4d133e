"""How a command ends: its exit code, and one line on standard error."""

import errno
import os
import signal
import subprocess
import sys

import pytest
import typer

from edgeood.entry_point import run_command
from edgeood.errors import EdgeoodError


@pytest.fixture
def ended(monkeypatch, capsys):
    """Exit code and standard error of a command ``example`` whose body is ``work``."""
    monkeypatch.setattr(sys, "argv", ["example"])
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job may ignore it

    def run(work, **options: bool) -> tuple[int, str]:
        app = typer.Typer(pretty_exceptions_enable=False)
        app.command()(work)
        with pytest.raises(SystemExit) as end:
            run_command(app, "example", **options)
        return int(end.value.code or 0), capsys.readouterr().err

    yield run
    signal.signal(signal.SIGINT, before)


def interrupted() -> None:
    signal.raise_signal(signal.SIGINT)


def mistaken() -> None:
    raise EdgeoodError("there is no jet; give one.")


def done() -> None:
    pass


def test_ctrl_c_says_how_to_go_on(ended):
    assert ended(interrupted) == (130, "example: interrupted; run the same command again to go on.\n")


def test_ctrl_c_promises_nothing_of_a_command_that_keeps_nothing(ended):
    assert ended(interrupted, resumes=False) == (130, "example: interrupted.\n")


def test_a_mistake_is_told_in_one_line(ended):
    assert ended(mistaken) == (2, "example: there is no jet; give one.\n")


def test_a_finished_command_says_nothing(ended):
    assert ended(done) == (0, "")


def refused() -> None:
    raise PermissionError(errno.EACCES, "Permission denied", "scores.h5")


def full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def large() -> None:
    raise MemoryError("Unable to allocate 9.1 TiB")


def unreadable() -> None:
    b"\xff".decode()


def defective() -> None:
    raise KeyError("threshold")


@pytest.mark.parametrize(
    ("work", "sentence"),
    [
        (refused, "scores.h5: Permission denied; ask for the right, or choose another place."),
        (full, "this machine: No space left on device; free some space and try again."),
        (
            large,
            "there is not enough memory (Unable to allocate 9.1 TiB); take fewer jets at once, or a larger",
        ),
        (unreadable, "a name or a text is not UTF-8 ('utf-8' codec can't decode"),
    ],
)
def test_what_the_system_refuses_is_told_in_one_line(work, sentence, ended):
    code, error = ended(work)
    assert code == 2
    assert error.startswith(f"example: {sentence}")
    assert error.count("\n") == 1


def test_a_defect_of_ours_keeps_its_traceback_and_has_a_code_of_its_own(ended):
    code, error = ended(defective)
    assert code == 70
    assert "Traceback" in error
    assert "KeyError: 'threshold'" in error
    assert error.endswith("example: this is a defect of ours; please report it with the lines above.\n")


def test_debug_shows_the_traceback_of_a_mistake_and_keeps_its_code(ended, monkeypatch):
    def work() -> None:
        monkeypatch.setattr(sys, "argv", ["example", "--debug"])
        mistaken()

    code, error = ended(work)
    assert code == 2
    assert "Traceback" in error
    assert error.endswith("example: there is no jet; give one.\n")


SPEAKS = """
import sys, typer
from edgeood.entry_point import run_command

def much() -> None:
    for _ in range(100_000):
        typer.echo("a line")

def name(name: str) -> None:
    typer.echo(name)

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(name if len(sys.argv) > 1 else much)
run_command(app, "example")
"""


def test_a_closed_pipe_ends_the_command_without_a_word():
    speaking = subprocess.Popen(
        [sys.executable, "-c", SPEAKS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert speaking.stdout
    assert speaking.stderr
    speaking.stdout.readline()
    speaking.stdout.close()
    assert speaking.stderr.read() == ""
    assert speaking.wait() == 141
    speaking.stderr.close()


def test_names_that_are_no_utf_8_are_told_all_the_same():
    done = subprocess.run([sys.executable, "-c", SPEAKS, os.fsdecode(b"jets-\xff.h5")], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"jets-\\udcff.h5\n"
