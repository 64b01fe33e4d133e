"""How a command ends: its exit code, and one line on standard error."""

import signal
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
