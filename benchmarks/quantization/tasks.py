"""Twins of one task, and the jet files that concern them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.quantization.jets import background_files_of, check_fresh, check_uncalibrated, files_of
from benchmarks.quantization.runs import Pair
from edgeood.recipe import Recipe


@dataclass(frozen=True)
class Task:
    """Twins that tell the same signals from the same background, and the jet files that concern them."""

    pairs: Sequence[Pair]
    recipes: Sequence[Recipe]
    files: Sequence[Path]
    fresh: Sequence[Path]
    """of the background alone; empty if the test jets of ``files`` are measured on"""

    @classmethod
    def of(cls, pairs: Sequence[Pair], files: Sequence[Path], background: Sequence[Path]) -> "Task":
        """Of all jet files those of the task. Raises :class:`EdgeoodError` if a run has seen its background."""
        runs = list({run.path: run for pair in pairs for run in pair.runs}.values())
        recipes = [run.recipe for run in runs]
        own, fresh = files_of(recipes, files), background_files_of(recipes[0], background)
        if fresh:
            check_fresh(runs, fresh)
        else:
            check_uncalibrated(runs, own)
        return cls(pairs, recipes, own, fresh)
