"""A worker process that runs many cases, is watched, and is replaced when a case ends it or takes too long."""

import contextlib
import json
import multiprocessing
import os
import re
import resource
import shutil
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.hardness.attempt import run_case
from benchmarks.hardness.commands import run_command_line, wrong_command
from benchmarks.hardness.family import Family, Outcome, Verdict

MOST_SECONDS = 10.0
_SPARE = 8 * 2**30
"""Bytes of address space beyond what the imports have: a case may ask for no more."""
_OTHERS_LOG = re.compile(r"\x1b\[[\d;]*m\d{4}-\d\d-\d\d [\d:.]+ \[[EW]:onnxruntime:.*?\x1b\[m", re.DOTALL)
"""What ONNX Runtime logs beside what it raises: in a process of the user's it is not ours to silence."""


class Worker:
    """Runs cases of one family, in a folder of its own, in a process that is forked after all imports.

    The calling process opens nothing that was mutated: it stays sound whatever the cases do to theirs, and what is
    forked from it begins anew.
    """

    def __init__(
        self, family: Family[Any], seed: int, folder: Path, most_seconds: float = MOST_SECONDS
    ) -> None:
        self.family, self.seed, self.folder, self.most_seconds = family, seed, folder, most_seconds
        self._process: Any = None
        self._pipe: Connection | None = None

    def run(self, number: int, steps: tuple[int, ...], *, command: bool = False) -> Verdict:
        """The verdict of one case, also if it does not come back; ``command``: also by the command line."""
        ended = self._once(number, steps)
        if not isinstance(ended, Verdict):
            # The machine may have been busy, or a library have been damaged by a case before this one.
            ended = self._once(number, steps)
        if not isinstance(ended, Verdict):
            return self._lost(number, steps, ended)
        if command and ended.outcome not in (Outcome.FINDING, Outcome.UNMADE):
            subject, story = self._made(number, steps)
            if wrong := wrong_command(self.family, subject, ended.outcome is Outcome.TOLD, self.folder):
                return Verdict(Outcome.FINDING, wrong, story)
        return ended

    def _once(self, number: int, steps: tuple[int, ...]) -> Verdict | int | None:
        """The verdict; else the exit code of a process that ended, or None of one that did not."""
        if self._process is None:
            self._start()
        assert self._pipe is not None
        self._pipe.send((number, steps))
        if not self._pipe.poll(self.most_seconds):
            self.stop()
            return None
        try:
            outcome, detail, story = json.loads(self._pipe.recv())
        except EOFError:
            self._process.join()
            code = int(self._process.exitcode)
            self.stop()
            return code
        return Verdict(Outcome(outcome), detail, tuple(story))

    def _lost(self, number: int, steps: tuple[int, ...], code: int | None) -> Verdict:
        """A case did not come back: the command line must survive what a library does not, and say so."""
        subject, story = self._made(number, steps)
        ended = (
            f"took more than {self.most_seconds:g} s" if code is None else f"the process ended with {code}"
        )
        arguments = self.family.surviving_command(subject)
        if arguments is None:
            return Verdict(Outcome.FINDING, ended, story)
        told, errors = run_command_line(arguments, self.folder)
        if told == 2 and len(errors.splitlines()) == 1 and "HDF5 library" in errors:
            return Verdict(Outcome.LIBRARY, ended, story)
        return Verdict(Outcome.FINDING, f"{ended}, the command with {told}", story)

    def _made(self, number: int, steps: tuple[int, ...]) -> tuple[Any, tuple[str, ...]]:
        _empty(self.folder)
        return self.family.made(self.seed, number, steps, self.folder)

    def _start(self) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=self._serve, args=(other,), daemon=True)
        self._process.start()
        other.close()

    def _serve(self, pipe: Connection) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        assert self._pipe is not None
        self._pipe.close()
        noise = self.folder.with_name(f"{self.folder.name}.noise")
        number = os.open(noise, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(number, stream)
        _limit_memory()
        while True:
            try:
                case, steps = pipe.recv()
            except EOFError:
                return
            _empty(self.folder)
            os.ftruncate(number, 0)
            verdict = run_case(self.family, self.seed, case, steps, self.folder)
            sys.stdout.flush()
            sys.stderr.flush()
            if verdict.outcome is not Outcome.FINDING and (text := _noise(number)):
                verdict = Verdict(Outcome.FINDING, f"wrote by the way: {text}", verdict.story)
            pipe.send(json.dumps([verdict.outcome, verdict.detail, verdict.story]))

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None


def _noise(number: int) -> str:
    text = os.pread(number, 10_000, 0).decode("utf-8", "replace")
    return " ".join(_OTHERS_LOG.sub("", text).split())[:300]


def _empty(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
    folder.mkdir(parents=True)


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * os.sysconf("SC_PAGE_SIZE") + _SPARE,) * 2)
