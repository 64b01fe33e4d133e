"""Which trainings the systems need, and doing them: one run directory each, shared by all systems."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.physics.jets import folder_for
from benchmarks.physics.scales import Scale, recipe_of
from benchmarks.physics.side_by_side import side_by_side
from benchmarks.physics.systems import REFERENCE, Member, SetName, System
from edgeood.errors import EdgeoodError
from edgeood.recipe import Recipe, load_recipe


@dataclass(frozen=True)
class Training:
    """One member with one seed."""

    jets: SetName
    member: Member
    seed: int

    @property
    def name(self) -> str:
        """Name of the run directory."""
        return f"{self.member.name}-seed{self.seed}"

    def folder(self, work: Path) -> Path:
        """The run directory."""
        return work / "runs" / self.name


def groups_of(system: System, scale: Scale) -> list[list[Training]]:
    """Trainings whose scores are combined into one, for each repetition of a system.

    A headline system is repeated with other seeds; an ensemble is one group of several seeds; OVA-AVA is one
    group of two members.
    """
    if system.combination == "ensemble":
        (member,) = system.members
        return [[Training(system.jets, member, seed) for seed in range(1, scale.ensemble + 1)]]
    repetitions = scale.headline_seeds if system.headline else 1
    return [
        [Training(system.jets, member, seed) for member in system.members]
        for seed in range(1, repetitions + 1)
    ]


def trainings_of(systems: Iterable[System], scale: Scale) -> list[Training]:
    """Every training that the systems need, once."""
    needed: dict[str, Training] = {}
    for system in systems:
        for group in groups_of(system, scale):
            needed |= {training.name: training for training in group}
    return list(needed.values())


def check_split(recipe: Recipe, jets: SetName) -> None:
    """Raise :class:`EdgeoodError` unless ``recipe`` leaves the test jets of the set's reference untouched."""
    reference = load_recipe(REFERENCE[jets])
    parts = [data.train + data.validation for data in (recipe.data, reference.data)]
    if parts[0] > parts[1] + 1e-9:
        raise EdgeoodError(
            f"recipe '{recipe.name}' trains and validates on {parts[0]:g} of the events and '{reference.name}' "
            f"on {parts[1]:g}; give both the same test jets."
        )


def train_one(recipe: Recipe, folder: Path, jets: Path) -> tuple[str, float | None]:
    """Train ``recipe`` on the files of ``jets`` into ``folder``, or go on with it.

    Returns the run directory's name and the seconds that it took, None if it was finished before.
    """
    from edgeood.training.train import train

    before = (folder / "run.json").is_file()
    start = time.perf_counter()
    train(recipe, folder, jets=[jets], progress=False)
    return folder.name, None if before else time.perf_counter() - start


def train_all(
    trainings: Sequence[Training],
    scale: Scale,
    folders: dict[SetName, Path],
    work: Path,
    settings: Sequence[str] = (),
    tell: Callable[[str], None] = print,
    *,
    at_once: int | None = None,
) -> None:
    """Train what is not trained yet; what was interrupted goes on.

    Side by side, ``at_once`` of them: :func:`side_by_side`.

    Raises :class:`EdgeoodError` if a run directory in ``work`` holds another recipe, a training raises
    something, or a process was killed.
    """
    waiting = []
    for training in trainings:
        recipe = recipe_of(training.member, training.seed, scale, settings)
        check_split(recipe, training.jets)
        jets = folder_for(training.member, recipe, folders[training.jets], work)
        waiting.append((recipe, training.folder(work), jets))
    for number, (name, seconds) in enumerate(side_by_side(train_one, waiting, at_once), start=1):
        how = "trained before" if seconds is None else f"{seconds / 60:.1f} min"
        tell(f"[{number}/{len(waiting)}] {name}: {how}")
