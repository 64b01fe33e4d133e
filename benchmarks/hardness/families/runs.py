"""Run folders with a damaged, edited, exchanged or missing file; opened, scored, read, and exported again."""

import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import edgeood
from benchmarks.hardness.families.run_material import (
    answers,
    few_jets,
    other_runs,
    sealed_runs,
    verdict_on_scores,
)
from benchmarks.hardness.families.seals import without_digests
from benchmarks.hardness.family import Family, Outcome
from benchmarks.hardness.mutations.folder_files import file_mutated
from edgeood.export.record import read_record
from edgeood.run import Run

_OUT = "scores.h5"
_READ_FOR_A_SCORE = (
    "run.json",
    "scores.npz",
    "network.safetensors",
    "score.json",
    "score.onnx",
    "card.json",
)


@dataclass
class Folder:
    """A copy of a run, and what will be done with it."""

    path: Path
    base: str
    engine: str
    score: str
    way: str
    vouched: bool = True
    """every file that counts has a recorded digest"""


class Runs(Family[Folder]):
    """Runs of this release, of release 0.1, and released detectors."""

    name = "runs"
    share = 0.12
    most_steps = 2

    def __init__(self, material: Path) -> None:
        import torch

        # Threads of torch do not live on in a process that is forked.
        torch.set_num_threads(1)
        self.jets = few_jets(material / "jets.h5")
        self.material = material / "runs"
        self.material.mkdir()
        names = [*sealed_runs(self.material), *other_runs(self.material)]
        self.answers = answers(self.material, names, self.jets)
        self.files = sorted(path for path in self.material.rglob("*") if path.is_file())

    def begin(self, rng: random.Random, folder: Path) -> Folder:
        """A copy of a run."""
        base, engine, score = rng.choice(sorted(self.answers))
        shutil.copytree(self.material / base, folder / "run")
        way = rng.choice(("score",) * 12 + ("open",) * 3 + ("read",) * 3 + ("export",))
        if way == "export" and not base.startswith("new"):
            way = "score"
        # Release 0.1 recorded no digests but those of what its exports are made from.
        subject = Folder(folder / "run", base, engine, score, way, vouched=not base.startswith("old"))
        if rng.random() < 0.4 and base.startswith("new"):
            subject.vouched = False
            without_digests(subject.path)
        return subject

    def mutate(self, subject: Folder, rng: random.Random) -> str:
        """One file."""
        files = sorted(path for path in subject.path.rglob("*") if path.is_file())
        if not files:
            return "nothing left to change"
        counting = [path for path in files if path.name in _READ_FOR_A_SCORE]
        file = rng.choice(counting if counting and rng.random() < 0.85 else files)
        others = [path for path in self.files if path.name == file.name]
        others += [path for path in files if path.suffix == file.suffix and path != file]
        # Digests of a released detector of release 0.1 stand in its card.
        subject.vouched = subject.vouched and file.name != "card.json"
        told = file_mutated(file, others, rng)
        where = file.relative_to(subject.path).parent.as_posix()
        return f"{subject.base}{' without digests' * (not subject.vouched)}: {where}/{told}"

    def attempt(self, subject: Folder) -> Any:
        """Score with it, look at all that it says, or export it again and then score."""
        if subject.way == "open":
            run = Run.open(subject.path)
            run.check_files()
            return run.recipe, run.quantized, run.classes, run.domain, run.load_scores()
        if subject.way == "read":
            run = Run.open(subject.path)
            return read_record(run, subject.score), run.score_parameters(subject.score)
        if subject.way == "export":
            edgeood.export.to(Run.open(subject.path), "onnx", score=subject.score)
        out = subject.path.with_name(_OUT)
        return edgeood.score(subject.path, self.jets, out, engine=subject.engine, score=subject.score)

    def judge(self, subject: Folder, answer: Any) -> tuple[Outcome, str]:
        """Scores are those of the run as it was, wherever digests tell it; else some number for each jet."""
        if subject.way in ("open", "read"):
            return Outcome.SAME, ""
        right = self.answers[subject.base, subject.engine, subject.score]
        vouched = "a run that was damaged or edited" if subject.vouched else None
        return verdict_on_scores(answer, right, vouched)

    def may_write(self, subject: Folder) -> Sequence[str]:
        """The file of scores; of an export its folder."""
        return (_OUT, "run/export") if subject.way == "export" else (_OUT,)

    def command(self, subject: Folder) -> list[str] | None:
        """``edgeood score``, of what the command line scores with."""
        if subject.way != "score" or subject.engine != "onnxruntime":
            return None
        out = str(subject.path.with_name(_OUT))
        return ["score", str(subject.path), str(self.jets), "-o", out, "--score", subject.score, "--quiet"]
