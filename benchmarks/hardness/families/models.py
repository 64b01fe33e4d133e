"""ONNX models whose graph, weights, interface or description was changed; alone, or in the folder of a run."""

import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnx

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
from benchmarks.hardness.mutations.damage import damaged
from benchmarks.hardness.mutations.network_graph import network_mutated

_OUT = "scores.h5"
_ENGINE = "onnxruntime"


@dataclass
class Model:
    """A model, where it will lie, and what damages its bytes once it is written."""

    file: Path
    given: Path
    """what is scored with: the model itself, or the folder of its run"""
    base: str
    score: str
    network: Any
    vouched: bool
    """its digest is recorded beside it"""
    damage: list[Callable[[bytes], bytes]] = field(default_factory=list)


class Models(Family[Model]):
    """Models of runs and of released detectors."""

    name = "models"
    share = 0.1
    most_steps = 2

    def __init__(self, material: Path) -> None:
        self.material = material
        self.jets = few_jets(material / "jets.h5")
        names = [*sealed_runs(material), *other_runs(material)]
        known = [name for name in names if (material / name / "export").is_dir()]
        self.answers = {
            key: scores for key, scores in answers(material, known, self.jets).items() if key[1] == _ENGINE
        }
        self.networks = {key: onnx.load(self._file(material / key[0], key[2])) for key in self.answers}

    def _file(self, run: Path, score: str) -> Path:
        return run / "export" / score / "score.onnx"

    def begin(self, rng: random.Random, folder: Path) -> Model:
        """A model alone, in a run whose records know it, or in one without digests."""
        base, _, score = rng.choice(sorted(self.answers))
        way = rng.choice(("alone", "alone", "alone", "without digests", "without digests", "recorded"))
        network = onnx.ModelProto()
        network.CopyFrom(self.networks[base, _ENGINE, score])
        if way == "alone":
            file = folder / "model.onnx"
            return Model(file, file, base, score, network, vouched=False)
        run = folder / "run"
        shutil.copytree(self.material / base, run)
        vouched = way == "recorded" and not base.startswith("old")
        if not vouched:
            without_digests(run)
        return Model(self._file(run, score), run, base, score, network, vouched)

    def mutate(self, subject: Model, rng: random.Random) -> str:
        """The model, or the bytes of its file."""
        where = f"{subject.base} {subject.score} {'alone' if subject.file == subject.given else 'in its run'}"
        if rng.random() < 0.85:
            return f"{where}: {network_mutated(subject.network, rng)}"
        own = rng.randrange(2**63)
        subject.damage.append(lambda content: damaged(content, random.Random(own))[0])
        return f"{where}: {damaged(b'x' * 5000, random.Random(own))[1]}"

    def finish(self, subject: Model) -> None:
        """Write the model, and a file beside it that weights may be read from."""
        content = subject.network.SerializeToString()
        for damage in subject.damage:
            content = damage(content)
        subject.file.write_bytes(content)
        subject.file.with_name("weights.bin").write_bytes(bytes(4096))

    def attempt(self, subject: Model) -> Any:
        """Score with it."""
        alone = subject.file == subject.given
        out = subject.given.with_name(_OUT)
        return edgeood.score(subject.given, self.jets, out, score=None if alone else subject.score)

    def judge(self, subject: Model, answer: Any) -> tuple[Outcome, str]:
        """The scores of the model as it was, where a digest knows it; else some number for each jet."""
        right = self.answers[subject.base, _ENGINE, subject.score]
        return verdict_on_scores(answer, right, "a model that was changed" if subject.vouched else None)

    def may_write(self, subject: Model) -> Sequence[str]:
        """The file of scores."""
        return (_OUT,)

    def command(self, subject: Model) -> list[str] | None:
        """``edgeood score``, which takes a run."""
        if subject.file == subject.given:
            return None
        out = str(subject.given.with_name(_OUT))
        return ["score", str(subject.given), str(self.jets), "-o", out, "--score", subject.score, "--quiet"]
