"""Many cases of a family, and of each that fails the fewest mutations that make it fail."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from benchmarks.hardness.family import Family, Outcome, Verdict, steps_of
from benchmarks.hardness.workers import Worker

COMMAND_EVERY = 200
"""One case in so many is attempted by the command line as well."""


@dataclass(frozen=True)
class Finding:
    """A case that failed, as small as it could be made."""

    family: str
    number: int
    steps: tuple[int, ...]
    verdict: Verdict

    def line(self) -> str:
        """What was done and what came of it."""
        return f"{self.family}:{self.number} {'; '.join(self.verdict.story)} → {self.verdict.detail}"


@dataclass
class Tally:
    """Outcomes of the cases of one family."""

    family: str
    seed: int
    first: int
    """number of the first case"""
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    libraries: list[Finding] = field(default_factory=list)
    """crashes of a library, contained"""


def run_cases(
    family: Family[Any],
    seed: int,
    numbers: range,
    folder: Path,
    tell: Callable[[str], None] | None = None,
) -> Tally:
    """Run the cases with those numbers in ``folder``; ``tell`` is called with a line for each that fails."""
    tally = Tally(family.name, seed, numbers.start)
    began = time.monotonic()
    worker = Worker(family, seed, folder)
    try:
        for number in numbers:
            steps = steps_of(family, seed, number)
            command = number % COMMAND_EVERY == 0
            verdict = worker.run(number, steps, command=command)
            tally.counts[verdict.outcome.value] += 1
            if verdict.outcome in (Outcome.FINDING, Outcome.LIBRARY):
                found = _smallest(worker, Finding(family.name, number, steps, verdict), command)
                into = tally.findings if verdict.outcome is Outcome.FINDING else tally.libraries
                into.append(found)
                if tell:
                    tell(found.line())
    finally:
        worker.stop()
    tally.seconds = time.monotonic() - began
    return tally


def _smallest(worker: Worker, found: Finding, command: bool) -> Finding:
    """The same failure with as few mutations as possible."""
    for size in range(len(found.steps)):
        for steps in combinations(found.steps, size):
            verdict = worker.run(found.number, steps, command=command)
            if verdict.outcome is found.verdict.outcome:
                return Finding(found.family, found.number, steps, verdict)
    return found
