"""Which runs are compared: every quantized twin of a folder with the float network that taught it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.quantization.designs import Design, design_of
from edgeood.checksums import sha256_of
from edgeood.errors import EdgeoodError
from edgeood.recipe import Recipe
from edgeood.run import Run

_SHAPE = ("kind", "blocks", "neighbours", "dynamic", "hidden", "representation")
"""Keys of a network, as far as it has them, that its twin shares: pooling and rectifier may be others."""


@dataclass(frozen=True)
class Pair:
    """A quantized twin and what it is measured against."""

    twin: Run
    teacher: Run
    """the float run of the same inputs, classes and shape"""
    full: Run | None
    """a float ParticleNet of full size that sees as much of a candidate, for twins of ParticleNet-lite"""

    @property
    def design(self) -> Design:
        """What tells the twin from others."""
        return design_of(self.twin.recipe)

    @property
    def runs(self) -> list[Run]:
        """All of them."""
        return [self.twin, self.teacher, *([self.full] if self.full else [])]


def pairs_in(folder: Path) -> list[Pair]:
    """The pairs of the finished runs in the subfolders of ``folder``, in the order of their designs.

    Raises :class:`EdgeoodError` if there is no twin, two of one design, no teacher for one or several that may be it,
    or several full networks that a twin may be compared with.
    """
    runs = [Run.open(file.parent) for file in sorted(folder.glob("*/run.json"))]
    twins = [run for run in runs if run.quantized]
    if not twins:
        raise EdgeoodError(f"{folder} holds no run of a quantized twin; train some with `edgeood train`.")
    floats = [run for run in runs if not run.quantized]
    designs: dict[Design, list[Run]] = {}
    for run in twins:
        designs.setdefault(design_of(run.recipe), []).append(run)
    pairs = []
    for design in sorted(designs, key=lambda one: one.place):
        twin = _only(designs[design], design.label)
        assert twin is not None
        full = None
        if design.network == "particlenet_lite":
            own = [run for run in floats if _is_full(run.recipe, twin.recipe)]
            full = _only(own, "a float ParticleNet for the same task and of the same identities")
        pairs.append(Pair(twin, _teacher_of(twin, floats, folder), full))
    return pairs


def pairs_of(folder: Path, twins: Sequence[str]) -> list[Pair]:
    """The twins of these names in ``folder`` with the float runs there that taught them, several of a design or not.

    Raises :class:`EdgeoodError` if there is no such run, or no teacher for it or several that may be it.
    """
    runs = {file.parent.name: Run.open(file.parent) for file in sorted(folder.glob("*/run.json"))}
    floats = [run for run in runs.values() if not run.quantized]
    pairs = []
    for name in twins:
        if name not in runs or not runs[name].quantized:
            raise EdgeoodError(
                f"{folder} holds no run of a quantized twin '{name}'; train it with `edgeood train`."
            )
        pairs.append(Pair(runs[name], _teacher_of(runs[name], floats, folder), None))
    return pairs


def task_of(recipe: Recipe) -> tuple[Any, ...]:
    """What is told from what: the processes of the background and those of each signal."""
    data = recipe.data
    return data.classes[data.background], tuple(data.signals.items())


def tasks_of(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """The pairs that tell the same signals from the same background, together."""
    tasks: dict[str, list[Pair]] = {}
    for pair in pairs:
        tasks.setdefault(repr(task_of(pair.twin.recipe)), []).append(pair)
    return list(tasks.values())


def _teacher_of(twin: Run, floats: Sequence[Run], folder: Path) -> Run:
    """The float run that fits; of several, the one that the twin names."""
    fitting = [run for run in floats if _fits(run.recipe, twin.recipe)]
    if not fitting:
        raise EdgeoodError(
            f"{folder} holds no float run with the inputs, classes and network of {twin.path.name}; put its teacher "
            "there."
        )
    if len(fitting) > 1:
        named = _named_by(twin, fitting)
        if len(named) != 1:
            names = ", ".join(run.path.name for run in fitting)
            raise EdgeoodError(
                f"{folder} holds several runs that may have taught {twin.path.name} ({names}), which names none of "
                "them; keep its teacher."
            )
        fitting = named
    return fitting[0]


def _fits(teacher: Recipe, twin: Recipe) -> bool:
    return (
        teacher.inputs == twin.inputs
        and list(teacher.data.classes) == list(twin.data.classes)
        and _shape(teacher) == _shape(twin)
    )


def _shape(recipe: Recipe) -> dict[str, Any]:
    settings = recipe.network.model_dump()
    return {key: settings[key] for key in _SHAPE if key in settings}


def _named_by(twin: Run, runs: Sequence[Run]) -> list[Run]:
    """Those of ``runs`` whose weights the twin's manifest names; if it names none, the one at its recipe's path.

    A folder of runs may have been moved: then the path's last name counts.
    """
    if digest := twin.manifest.get("teacher"):
        return [run for run in runs if sha256_of(run.network_file) == digest]
    distillation = twin.recipe.distillation
    if distillation is None or distillation.teacher is None:
        return []
    path = Path(distillation.teacher)
    there = [run for run in runs if run.path.resolve() == path.resolve()]
    return there or [run for run in runs if run.path.name == path.name]


def _is_full(recipe: Recipe, twin: Recipe) -> bool:
    identities = [getattr(one.inputs, "identity", False) for one in (recipe, twin)]
    return (
        recipe.network.kind == "particlenet"
        and identities[0] == identities[1]
        and task_of(recipe) == task_of(twin)
    )


def _only(runs: Sequence[Run], what: str) -> Run | None:
    if len(runs) > 1:
        names = ", ".join(run.path.name for run in runs)
        raise EdgeoodError(f"{runs[0].path.parent} holds more than one run of {what} ({names}); keep one.")
    return runs[0] if runs else None
