"""Jets to measure on, which no run has seen, and jets to compare engines on."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.evaluation.selection import held_out_by, processes_of, selected_jets
from edgeood.jets.format import Jets, count_jets, iterate_jets, write_jets
from edgeood.recipe import Recipe

_BATCH = 4096


@dataclass(frozen=True)
class HeldOutJets:
    """Test jets of the background and of the signals."""

    jets: Jets
    background: NDArray[np.bool_]
    """(N,) whether a jet is of the background; all others are of the signals"""
    signals: tuple[str, ...]
    fingerprint: str
    """Changes with the files and the choice."""


def fingerprint_of(files: Sequence[Path], *choice: object) -> str:
    """SHA-256 of the names, sizes and times of files and of what was chosen from them."""
    about = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(json.dumps([about, *choice], default=str).encode()).hexdigest()


def files_of(recipes: Sequence[Recipe], files: Sequence[Path]) -> list[Path]:
    """The files that hold jets of a process that a recipe names: others belong to another task."""
    data = [recipe.data for recipe in recipes]
    known = {name for one in data for name in processes_of(one.classes, one.signals)}
    return [file for file in files if known & set(next(iterate_jets([file], 1)).processes)]


def held_out_jets(recipes: Sequence[Recipe], files: Sequence[Path], largest: int) -> HeldOutJets:
    """The first ``largest`` jets of each process, background or signal, that all ``recipes`` hold out.

    Raises :class:`EdgeoodError` if the recipes disagree about background or signals, or a process has no jets.
    """
    first = recipes[0].data
    background, signals = first.classes[first.background], first.signals
    for recipe in recipes:
        data = recipe.data
        if data.classes[data.background] != background or data.signals != signals or not signals:
            raise EdgeoodError(
                f"recipes '{recipes[0].name}' and '{recipe.name}' do not tell the same signals from the same "
                "background; compare runs of one task."
            )
    processes = processes_of(background, signals)
    jets = selected_jets(files, processes, held_out_by([recipe.data for recipe in recipes]), largest=largest)
    splits = [(recipe.data.train, recipe.data.validation) for recipe in recipes]
    return HeldOutJets(
        jets,
        np.isin(jets.process_names, background),
        tuple(signals),
        fingerprint_of(files, largest, splits, processes),
    )


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
