"""Jets to measure on, which no run has seen, and jets to compare engines on."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.quantization.runs import task_of
from edgeood.checksums import sha256_of
from edgeood.errors import EdgeoodError
from edgeood.evaluation.selection import held_out_by, processes_of, selected_jets, unknown_to
from edgeood.jets.format import Jets, count_jets, iterate_jets, write_jets
from edgeood.recipe import Data, Recipe
from edgeood.run import Run

_BATCH = 4096


@dataclass(frozen=True)
class HeldOutJets:
    """Test jets of the background and of the signals."""

    jets: Jets
    background: NDArray[np.bool_]
    """(N,) whether a jet is of the background"""
    signals: Mapping[str, NDArray[np.bool_]]
    """signal → (N,) whether a jet is of it"""
    fresh: bool
    """whether the background is of files that no run was trained on, not of the test jets of the split"""
    fingerprint: str
    """Changes with the files and the choice."""

    @property
    def mass_gev(self) -> NDArray[np.float64]:
        """(N,)"""
        return self.jets.jets["mass"].astype(np.float64)


def fingerprint_of(files: Sequence[Path], *choice: object) -> str:
    """SHA-256 of the names, sizes and times of files and of what was chosen from them."""
    about = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(json.dumps([about, *choice], default=str).encode()).hexdigest()


def files_of(recipes: Sequence[Recipe], files: Sequence[Path]) -> list[Path]:
    """The files that hold jets of a process that a recipe names: others belong to another task."""
    data = [recipe.data for recipe in recipes]
    known = [name for one in data for name in processes_of(one.classes, one.signals)]
    return [file for file in files if _holds(file, known)]


def background_files_of(recipe: Recipe, files: Sequence[Path]) -> list[Path]:
    """The files that hold jets of a recipe's background."""
    return [file for file in files if _holds(file, recipe.data.classes[recipe.data.background])]


def _holds(file: Path, processes: Sequence[str]) -> bool:
    first = next(iterate_jets([file], 1), None)
    return first is not None and not set(processes).isdisjoint(first.processes)


def check_fresh(runs: Sequence[Run], files: Sequence[Path]) -> None:
    """Raise :class:`EdgeoodError` if a run was trained on one of ``files``, or a threshold of it fitted there."""
    digests = {file: sha256_of(file) for file in files}
    for run in runs:
        fitted = run.manifest.get("calibration", {}).get("files", {})
        for recorded, what in (
            (run.manifest["data"], f"{run.path.name} was trained on"),
            (fitted, f"the thresholds of {run.path.name} were fitted on"),
        ):
            known = set(files) - unknown_to(recorded, digests)
            if known:
                raise EdgeoodError(f"{min(known)} holds jets that {what}; give --background of another seed.")


def check_uncalibrated(runs: Sequence[Run], files: Sequence[Path]) -> None:
    """Raise :class:`EdgeoodError` if thresholds of a run were fitted on all background jets of one of ``files``."""
    calibrations = {run: run.manifest.get("calibration", {}) for run in runs}
    whole = {run: own["files"] for run, own in calibrations.items() if own.get("unseen")}
    digests = {file: sha256_of(file) for file in files} if whole else {}
    for run, recorded in whole.items():
        if known := set(digests) - unknown_to(recorded, digests):
            raise EdgeoodError(
                f"{min(known)} holds the jets that the thresholds of {run.path.name} were fitted on; leave it out, or "
                "give fresh jets with --background."
            )


def held_out_jets(
    recipes: Sequence[Recipe], files: Sequence[Path], largest: int, fresh: Sequence[Path] = ()
) -> HeldOutJets:
    """The first ``largest`` jets of each process, background or signal, that all ``recipes`` hold out.

    Of the background all jets of ``fresh`` files instead, if there are some; all jets then have as many constituents
    as the files that keep fewer, as more of the background's would tell them from the signals.

    Raises :class:`EdgeoodError` if the recipes disagree about background or signals, or a process has no jets.
    """
    first = recipes[0].data
    background, signals = first.classes[first.background], first.signals
    for recipe in recipes:
        if task_of(recipe) != task_of(recipes[0]) or not signals:
            raise EdgeoodError(
                f"recipes '{recipes[0].name}' and '{recipe.name}' do not tell the same signals from the same "
                "background; compare runs of one task."
            )
    splits = _splits(recipes)
    free, of_signals = held_out_by(list(splits.values())), processes_of(signals)
    if fresh:
        parts = [
            selected_jets(files, of_signals, free, largest=largest),
            selected_jets(fresh, background, free, unseen=fresh, what="fresh jets"),
        ]
        width = min(part.constituents.shape[1] for part in parts)
        jets = Jets.concatenate([Jets(p.jets, p.constituents[:, :width], p.processes) for p in parts])
    else:
        jets = selected_jets(files, processes_of(background, signals), free, largest=largest)
    names = jets.process_names
    return HeldOutJets(
        jets,
        np.isin(names, background),
        {name: np.isin(names, members) for name, members in signals.items()},
        bool(fresh),
        fingerprint_of([*files, *fresh], largest, bool(fresh), sorted(splits), background, of_signals),
    )


def _splits(recipes: Sequence[Recipe]) -> dict[str, Data]:
    """One of the recipes' data for every way to split jets."""
    return {
        repr([list(one.classes.values()), one.train, one.validation]): one
        for one in (recipe.data for recipe in recipes)
    }


def comparison_file(files: Sequence[Path], count: int, folder: Path) -> Path:
    """A file of ``count`` jets of all processes, trained on or not: engines must agree about any jet.

    Every file gives the same share of its jets, so that no process is left out. Made once. Raises
    :class:`EdgeoodError` if there are fewer jets.
    """
    target = folder / f"jets-{fingerprint_of(files, count)[:12]}.h5"
    if target.is_file():
        return target
    present = count_jets(files)
    if count > present:
        raise EdgeoodError(
            f"engines cannot be compared on {count} jets, as there are {present}; generate more."
        )
    parts, seen, taken = [], 0, 0
    for jets in iterate_jets(files, _BATCH):
        # The jets whose number, times count / present, passes a whole number: evenly spread, exactly ``count``.
        numbers = np.arange(seen, seen + len(jets), dtype=np.int64)
        chosen = (numbers + 1) * count // present > numbers * count // present
        seen, taken = seen + len(jets), taken + int(chosen.sum())
        parts.append(jets[chosen])
    write_jets(target, Jets.concatenate(parts), {"jets": count})
    return target
