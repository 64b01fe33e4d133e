"""The fenced blocks of a Markdown page, and running them."""

import contextlib
import io
import re
import runpy
import shlex
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from edgeood.cli import main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))

_BATCH = ("--set", "training.epochs=1", "--set", "training.batch_size=32")
# Few jets have few for a working point, and directions that hardly vary, which take many bits.
_FEW = ("--set", "score.background_efficiency=0.2", "--set", "score.error_budget=0.3")
_FEW += ("--set", "data.train=0.4", "--set", "data.validation=0.3")
_SMALL = ("--set", "inputs.pixels=25")
SHORTER = {
    "edgeood generate": ("--jets", "600", "--fast"),
    "edgeood train": (*_BATCH, *_FEW),
    "edgeood train cnn-trigger": _SMALL,
    "edgeood import": ("--set", "training.batch_size=32", *_FEW),
    "edgeood calibrate": ("--efficiency", "0.4"),
    "edgeood tune": ("--trials", "2", "--epochs", "1", *_BATCH, *_FEW),
    "edgeood tune cnn-trigger": _SMALL,
    "python -m benchmarks.quantization.release": ("--out", "released"),
}
"""Beginning of a command → options that it gets besides, so that it takes seconds; an option of the page's own comes
after them, and wins where only one can."""

NOT_RUN = {
    "make demo": "minutes: tests/test_demo_story.py runs the story on fewer jets",
    "make test": "runs this test",
    "make check": "runs before this test",
    "make docs": "runs before this test",
    "vitis-run": "a vendor's tool",
    "vitis_hls": "a vendor's tool",
    "vivado_hls": "a vendor's tool",
}
"""Beginning of a command → why no test runs it."""


class Block(NamedTuple):
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        """Where it begins, for people."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


class Step(NamedTuple):
    """A command of a console block, and the output that the page shows for it."""

    command: str
    shown: str


def blocks_of(page: Path) -> list[Block]:
    """All fenced blocks, in their order."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```([^\n]*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return [Block(page, text[: one.start()].count("\n") + 1, one[1].strip(), one[2]) for one in found]


def steps_of(block: Block) -> list[Step]:
    """The commands of a console block."""
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert not parts[0], f"{block.place} does not begin with a command"
    steps = [part.partition("\n") for part in parts[1:]]
    return [Step(command, shown) for command, _, shown in steps]


def beginnings(command: str, table: Any) -> list[str]:
    """Keys of a table that a command begins with."""
    return [key for key in table if command.startswith(key)]


def shortened(command: str) -> list[str]:
    """A command as it is run: its words, with the options of :data:`SHORTER` before the page's own."""
    words = [_of_the_front(word) for word in shlex.split(command, comments=True)]
    extra = [option for key in beginnings(command, SHORTER) for option in SHORTER[key]]
    at = 2 if words[0] == "edgeood" else 3
    if "--trials" in words and "--trials" in extra:
        # The last one counts.
        return [*words, *extra]
    return [*words[:at], *extra, *words[at:]]


def _of_the_front(word: str) -> str:
    """Which trials a search ends with is chance: the page's example stands for one that is there."""
    file = Path(word)
    return str(min(file.parent.glob("trial-*.yaml"))) if file.name.startswith("trial-") else word


def run_command(words: list[str]) -> str:
    """Run one command in this process and this folder; what it printed. It must end well."""
    printed = io.StringIO()
    if words[0] == "edgeood":
        return _called(main, words, printed)
    if words[:2] == ["python", "-m"]:
        return _called(lambda: runpy.run_module(words[2], run_name="__main__"), words[2:], printed)
    assert words[:2] == ["cp", "-r"], f"no test knows how to run {words[0]}"
    shutil.copytree(words[2], words[3])
    return ""


def _called(call: Callable[[], Any], words: list[str], printed: io.StringIO) -> str:
    before, sys.argv, code = sys.argv, list(words), None
    try:
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            # Of a module that another test has imported already.
            warnings.filterwarnings("ignore", ".*found in sys.modules", RuntimeWarning, "runpy")
            call()
    except SystemExit as end:
        code = end.code
    finally:
        sys.argv = before
    assert not code, f"{shlex.join(words)} ended with {code}\n{printed.getvalue()}"
    return printed.getvalue()


def run_page(page: Path, folder: Path) -> None:
    """Run every Python and console block of a page in ``folder``, in their order; Python blocks share their names."""
    names: dict[str, Any] = {"__name__": "__page__"}
    with contextlib.chdir(folder):
        for block in blocks_of(page):
            if block.language == "python":
                code = compile("\n" * block.line + block.text, block.place, "exec")
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(code, names)
            elif block.language == "console":
                for step in steps_of(block):
                    run_step(block, step)


def run_step(block: Block, step: Step) -> None:
    """Run a command, unless it is of those that no test runs, and compare what it printed with what the page shows."""
    if beginnings(step.command, NOT_RUN):
        return
    try:
        printed = run_command(shortened(step.command))
    except (AssertionError, OSError) as error:
        raise AssertionError(f"{block.place}: $ {step.command}: {error}") from error
    if step.shown.strip():
        assert step.shown.split() == printed.split(), f"{block.place}: $ {step.command}"
