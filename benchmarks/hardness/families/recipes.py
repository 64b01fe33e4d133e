"""Recipes, samples and search spaces as YAML, and values behind ``--set``."""

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from benchmarks.hardness.family import Family, Outcome
from benchmarks.hardness.mutations.damage import damaged
from benchmarks.hardness.mutations.plain_values import mutated, places_of
from benchmarks.hardness.mutations.yaml_text import SCALARS, line_mutated, rewritten
from edgeood.jets.simulation.sample import Sample, load_sample, parse_sample, samples_folder
from edgeood.recipe import Recipe, load_recipe, parse_recipe, shipped_recipes
from edgeood.recipe.operation import operated
from edgeood.resources import recipes_folder
from edgeood.tuning.space import read_space

_ODD_PARTS = ("0", "-1", "1", "99", "9" * 400, "x", " ", "kind", "²", "٣", "\0", "[key]", "__class__")
_SPACE = "quantization.weights.bits: [4, 6, 8]\nnetwork.blocks.0.filters: [4, 8]\ntraining.epochs: [1, 2]\n"
_SEARCHED = "cnn-trigger-brevitas"


@dataclass
class Written:
    """A YAML file and assignments to it."""

    path: Path
    base: str
    sort: str
    text: bytes
    assignments: list[str] = field(default_factory=list)
    sound: bool = True
    """nothing so far changes what it says"""


class Recipes(Family[Written]):
    """What a user writes by hand."""

    name = "recipes"
    share = 0.22

    def __init__(self, material: Path) -> None:
        folders = {"recipe": recipes_folder(), "sample": samples_folder()}
        self.texts = {
            (sort, path.stem): path.read_bytes()
            for sort, folder in folders.items()
            for path in sorted(folder.glob("*.yaml"))
        }
        self.texts["space", _SEARCHED] = self.texts["target", _SEARCHED] = b""
        self.searched = load_recipe(_SEARCHED)
        self.keys = {
            name: [tuple(map(str, place)) for place in places_of(load_recipe(name).model_dump(mode="json"))]
            for name in shipped_recipes()
        }

    def begin(self, rng: random.Random, folder: Path) -> Written:
        """A shipped file, or a search space."""
        sort = rng.choice(("recipe",) * 7 + ("sample", "space", "target"))
        base = rng.choice(sorted(name for one, name in self.texts if one == sort))
        text = _SPACE.encode() if sort == "space" else self.texts[sort, base]
        return Written(folder / "written.yaml", base, sort, text)

    def mutate(self, subject: Written, rng: random.Random) -> str:
        """A value, a line, the way it is written, bytes, or an assignment."""
        sort = rng.choice(("value",) * 3 + ("line", "line", "written otherwise", "bytes") + ("set",) * 3)
        if subject.sort == "target" or (sort == "set" and subject.sort == "recipe"):
            return self._assign(subject, rng)
        try:
            content = yaml.safe_load(subject.text)
        except (yaml.YAMLError, ValueError, RecursionError, UnicodeError):
            sort = "bytes"
        if sort == "written otherwise":
            subject.text, told = rewritten(content, rng)
            return told
        subject.sound = False
        if sort == "value":
            content, told = mutated(content, rng)
            subject.text = yaml.safe_dump(content, sort_keys=False).encode("utf-8", "surrogatepass")
        elif sort in ("line", "set"):
            subject.text, told = line_mutated(subject.text, rng)
        else:
            subject.text, told = damaged(subject.text, rng)
        return f"{subject.sort} {subject.base}: {told}"

    def _assign(self, subject: Written, rng: random.Random) -> str:
        subject.sound = False
        parts = list(rng.choice(self.keys[subject.base]))
        if subject.sort == "target":
            parts = ["target", rng.choice(("part", "clock_ns", "interface", "io_type"))]
        for _ in range(rng.choice((0, 0, 0, 0, 1, 2))):
            place = rng.randrange(len(parts) + 1)
            parts[place : place + rng.randrange(2)] = [rng.choice(_ODD_PARTS)]
        key = ".".join(parts) * rng.choice((1,) * 30 + (300,))
        assignment = key + rng.choice(("=",) * 30 + ("",)) + rng.choice(SCALARS)
        subject.assignments.append(assignment)
        return f"{subject.sort} {subject.base}: --set {assignment[:80]!r}"

    def finish(self, subject: Written) -> None:
        """Write the file."""
        subject.path.write_bytes(subject.text)

    def attempt(self, subject: Written) -> Any:
        """Read it."""
        if subject.sort == "sample":
            return load_sample(subject.path)
        if subject.sort == "space":
            return read_space(subject.path, self.searched)
        if subject.sort == "target":
            return operated(self.searched, subject.assignments)
        return load_recipe(subject.path, subject.assignments)

    def judge(self, subject: Written, answer: Any) -> tuple[Outcome, str]:
        """What was read can be written and is then read as the same; a change that says nothing changes nothing."""
        if isinstance(answer, Recipe):
            if parse_recipe(answer.model_dump(mode="json"), "again") != answer:
                return Outcome.FINDING, "a recipe that is another one once it is written and read again"
            if parse_recipe(yaml.safe_load(answer.to_yaml()), "again") != answer:
                return Outcome.FINDING, "a recipe that is another one once it is YAML"
            original: Any = load_recipe(subject.base)
        elif isinstance(answer, Sample):
            if parse_sample(answer.model_dump(mode="json"), "again") != answer:
                return Outcome.FINDING, "a sample that is another one once it is written and read again"
            original = load_sample(subject.base)
        else:
            if not all(isinstance(choices, list) and choices for choices in answer.values()):
                return Outcome.FINDING, "a search space with a key without choices"
            original = yaml.safe_load(_SPACE)
        same = answer == original
        if subject.sound and not same:
            return Outcome.FINDING, "another content, although nothing was changed that matters"
        return (Outcome.SAME if same else Outcome.OTHER), ""

    def must_answer(self, subject: Written) -> bool:
        """Whether only the way it is written was changed."""
        return subject.sound
