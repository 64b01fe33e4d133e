"""What a family of cases is: something sound, ways to mutate it, what is done with it, and what the answer should be.

A case is made of a seed and its number alone, so that it can be made again. Every mutation of a case has random
numbers of its own: a case that fails is made again without some of them, until what is left can be told in one line.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

Subject = TypeVar("Subject")
Mutation = Callable[[Subject, random.Random], str]
"""Changes a subject in place; returns what it did, in words."""


class Outcome(StrEnum):
    """How a case ended."""

    SAME = "same answer"
    OTHER = "another sound answer"
    TOLD = "one sentence"
    LIBRARY = "a library's own crash, contained"
    UNMADE = "could not be made"
    """of mutations that contradict each other: there was nothing to attempt"""
    FINDING = "finding"


@dataclass(frozen=True)
class Verdict:
    """The outcome of a case, and what there is to say of it."""

    outcome: Outcome
    detail: str = ""
    story: tuple[str, ...] = ()
    """its mutations, in words"""


class Family(ABC, Generic[Subject]):
    """One sort of thing that is mutated; made once, in a folder for what its cases start from."""

    name: ClassVar[str]
    share: ClassVar[float]
    """of all cases of a run of every family"""
    most_steps: ClassVar[int] = 3

    @abstractmethod
    def __init__(self, material: Path) -> None:
        """Write what the cases start from."""

    @abstractmethod
    def begin(self, rng: random.Random, folder: Path) -> Subject:
        """Something sound, in an empty folder that is the case's own."""

    @abstractmethod
    def mutate(self, subject: Subject, rng: random.Random) -> str:
        """Mutate it once; returns what was done, in words."""

    def finish(self, subject: Subject) -> None:
        """Write what is still in memory only; most subjects are files already."""
        return

    def made(
        self, seed: int, number: int, steps: Sequence[int], folder: Path
    ) -> tuple[Subject, tuple[str, ...]]:
        """The subject of a case, in an empty folder, and its mutations in words."""
        subject = self.begin(numbers_of(seed, self.name, number, "begin"), folder)
        story = tuple(self.mutate(subject, numbers_of(seed, self.name, number, step)) for step in steps)
        self.finish(subject)
        return subject, story

    @abstractmethod
    def attempt(self, subject: Subject) -> Any:
        """Do with it what a user does; raises what that raises."""

    @abstractmethod
    def judge(self, subject: Subject, answer: Any) -> tuple[Outcome, str]:
        """Whether an answer is right."""

    def must_answer(self, subject: Subject) -> bool:
        """Whether nothing that was done to it is a reason to refuse it."""
        return False

    def may_write(self, subject: Subject) -> Sequence[str]:
        """Names, in the folder of the case, under which a successful attempt may leave something."""
        return ()

    def command(self, subject: Subject) -> list[str] | None:
        """The same attempt as arguments of ``edgeood``, if there is one."""
        return None

    def surviving_command(self, subject: Subject) -> list[str] | None:
        """Arguments of ``edgeood`` that must end in a sentence even if a library crashes on the subject."""
        return self.command(subject)


def numbers_of(seed: int, family: str, number: int, part: object) -> random.Random:
    """The random numbers of one part of a case."""
    return random.Random(f"{seed}/{family}/{number}/{part}")


def steps_of(family: Family[Any], seed: int, number: int) -> tuple[int, ...]:
    """The mutations of a case, by number."""
    return tuple(range(1 + numbers_of(seed, family.name, number, "steps").randrange(family.most_steps)))
