"""Released detectors whose card, vectors, model or example was damaged, edited or exchanged."""

import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.hardness.families.run_material import few_jets
from benchmarks.hardness.family import Family, Outcome
from benchmarks.hardness.mutations.folder_files import file_mutated
from edgeood.files.model_card import CARD
from edgeood.released import EXAMPLE, VECTORS, load_released, released_names
from edgeood.resources import released_folder
from edgeood.scores.fused import FUSED_SCORES


class Told(NamedTuple):
    """What a detector says of jets and of itself."""

    scores: NDArray[np.float64]
    threshold: float
    step: float
    wrong_vectors: int


@dataclass
class Copy:
    """A copy of a released detector, and the score that it is asked for; None for its own."""

    path: Path
    base: str
    score: str | None


class Cards(Family[Copy]):
    """Small folders: a card and what it names."""

    name = "cards"
    share = 0.06
    most_steps = 2

    def __init__(self, material: Path) -> None:
        self.jets = few_jets(material / "jets.h5")
        self.answers = {
            (base, score): self._told(released_folder() / base, score)
            for base in released_names()
            for score in (None, *FUSED_SCORES)
        }

    def begin(self, rng: random.Random, folder: Path) -> Copy:
        """A copy of what a detector reads of its folder."""
        base, score = rng.choice(sorted(self.answers, key=str))
        subject = Copy(folder / "detector", base, score)
        shutil.copytree(
            released_folder() / base, subject.path, ignore=shutil.ignore_patterns("*.qonnx.onnx", "network.*")
        )
        return subject

    def mutate(self, subject: Copy, rng: random.Random) -> str:
        """The card, most of all."""
        others = [name for name in (VECTORS, EXAMPLE, "run.json") if (subject.path / name).is_file()]
        models = sorted(one.relative_to(subject.path).as_posix() for one in subject.path.rglob("*.onnx"))
        name = CARD if rng.random() < 0.8 or not others else rng.choice([*others, *models])
        same = [released_folder() / base / name for base in released_names()]
        return f"{subject.base}: {file_mutated(subject.path / name, same, rng)}"

    def attempt(self, subject: Copy) -> Told:
        """Load it, score with it, ask for all that it tells."""
        return self._told(subject.path, subject.score)

    def _told(self, folder: Path, score: str | None) -> Told:
        detector = load_released(folder, score)
        assert repr(detector)
        assert detector.needs.constituents
        return Told(detector(self.jets), detector.threshold, detector.step, detector.check())

    def judge(self, subject: Copy, answer: Told) -> tuple[Outcome, str]:
        """Scores, threshold, step and vectors are those that were released with the model."""
        names = (subject.base, *(base for base in released_names() if base != subject.base))
        for base in names:
            for score in FUSED_SCORES if subject.score is None else (subject.score,):
                right = self.answers[base, score]
                if np.array_equal(answer.scores, right.scores) and answer[1:] == right[1:]:
                    own = base == subject.base
                    return (Outcome.SAME if own else Outcome.OTHER), ""
        return Outcome.FINDING, "another answer than what was released, without a word"

    def may_write(self, subject: Copy) -> Sequence[str]:
        """Nothing."""
        return ()
