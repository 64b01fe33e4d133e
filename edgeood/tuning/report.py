"""The result of a search: its Pareto front as JSON, Markdown, figure, and recipes to train in full."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeood.evaluation.figures.pareto_front import pareto_figure
from edgeood.evaluation.figures.style import save_figure
from edgeood.evaluation.labels import jet_label, score_label
from edgeood.evaluation.tables import format_measured
from edgeood.files.atomic import write_text
from edgeood.files.together import replace_together
from edgeood.recipe import Recipe
from edgeood.tuning.cost import COSTS, CostName
from edgeood.tuning.space import Space, with_values

if TYPE_CHECKING:
    from edgeood.tuning.measure import ValidationJets


@dataclass
class Trial:
    """One trial, finished or refused."""

    number: int
    values: dict[str, Any]
    """key of the recipe → value"""
    run: str | None = None
    """its run directory in the folder of the study"""
    measured: dict[str, Any] | None = None
    """what :func:`edgeood.tuning.measure.measure` returned; None if it was refused"""
    refused: str | None = None
    """why it could not be trained or scored"""
    cost: CostName = "ebops"
    """what the search makes small"""

    def auroc(self, score: str) -> tuple[float, float]:
        """AUROC of a fused score and its bootstrap error."""
        assert self.measured is not None
        value, error = self.measured["scores"][score]["auroc"]
        return value, error

    def price(self, score: str) -> int:
        """What the network with that score costs, in the search's own measure."""
        assert self.measured is not None
        return int(self.measured["scores"][score][self.cost])

    def line(self, score: str) -> str:
        """The trial in one line."""
        if self.measured is None:
            return f"trial {self.number}: refused ({self.refused})"
        price = f"{self.price(score):,} {COSTS[self.cost].unit}"
        return f"trial {self.number}: AUROC {format_measured(self.auroc(score))}, {price}"


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Indices of (AUROC, cost) pairs that none beats in one without losing in the other, by rising cost.

    Of equal pairs the first is kept.
    """
    front: list[int] = []
    for i in sorted(range(len(points)), key=lambda i: (points[i][1], -points[i][0])):
        if not front or points[i][0] > points[front[-1]][0]:
            front.append(i)
    return front


def write_report(
    folder: Path,
    recipe: Recipe,
    epochs: int,
    space: Space,
    validation: "ValidationJets",
    trials: Sequence[Trial],
    cost: CostName = "ebops",
) -> dict[str, Any]:
    """Write the files of a search to ``folder``, all or none; returns the content of ``pareto.json``."""
    score = recipe.score.kind
    finished = [trial for trial in trials if trial.measured is not None]
    points = [(trial.auroc(score)[0], float(trial.price(score))) for trial in finished]
    front = [finished[i] for i in pareto_front(points)]
    report = {
        "recipe": recipe.name,
        "score": score,
        "background": recipe.data.background,
        "signals": list(validation.signals),
        "validation_jets": {
            recipe.data.background: int(validation.background.sum()),
            **{name: int(own.sum()) for name, own in validation.signals.items()},
        },
        "seed": recipe.seed,
        "epochs": epochs,
        "cost": cost,
        "space": space,
        "front": [trial.number for trial in front],
        "trials": [_entry(trial, score) for trial in trials],
    }
    figure = pareto_figure(
        [trial.price(score) for trial in finished],
        [trial.auroc(score) for trial in finished],
        front=[finished.index(trial) for trial in front],
        reference=next(
            (i for i, trial in enumerate(finished) if with_values(recipe, trial.values) == recipe), None
        ),
        xlabel=COSTS[cost].axis,
        ylabel=f"AUROC of {' and '.join(map(jet_label, validation.signals))} ({score_label(score)})",
    )
    with replace_together(folder, last="pareto.json") as new:
        _write_recipes(new / "pareto", recipe, front)
        save_figure(figure, new / "pareto")
        write_text(new / "pareto.md", _markdown(report, front, score))
        write_text(new / "pareto.json", json.dumps(report, indent=1) + "\n")
    return report


def _entry(trial: Trial, score: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"number": trial.number, "values": trial.values, "run": trial.run}
    if trial.measured is None:
        return {**entry, "refused": trial.refused}
    auroc, error = trial.auroc(score)
    return {**entry, "auroc": auroc, "error": error, trial.cost: trial.price(score), **trial.measured}


def _write_recipes(folder: Path, recipe: Recipe, front: Sequence[Trial]) -> None:
    """Recipes of the front with all epochs; those of an earlier, shorter search go."""
    folder.mkdir()
    for trial in front:
        name = f"{recipe.name}-trial-{trial.number}"
        own = with_values(recipe, {**trial.values, "name": name})
        (folder / f"trial-{trial.number}.yaml").write_text(own.to_yaml(), encoding="utf-8")


def _markdown(report: dict[str, Any], front: Sequence[Trial], score: str) -> str:
    jets = ", ".join(f"{count:,} {jet_label(name)}" for name, count in report["validation_jets"].items())
    refused = sum("refused" in trial for trial in report["trials"])
    keys = [key for key, choices in report["space"].items() if len(choices) > 1]
    cost = COSTS[report["cost"]]
    head = ["trial", cost.unit, "AUROC", *(f"`{key}`" for key in keys)]
    lines = [
        f"# Search around {report['recipe']}",
        "",
        f"{len(report['trials'])} trials, epochs: {report['epochs']}"
        + (f", {refused} refused" if refused else "")
        + f"; AUROC of {score_label(score)} on validation jets ({jets}), the mean over the signals, with the "
        f"bootstrap's error. {cost.meaning}",
        "",
        "| " + " | ".join(head) + " |",
        "|--:|--:|--:|" + "--:|" * len(keys),
    ]
    for trial in front:
        cells = [str(trial.number), f"{trial.price(score):,}", format_measured(trial.auroc(score))]
        lines.append("| " + " | ".join([*cells, *(str(trial.values[key]) for key in keys)]) + " |")
    return "\n".join([*lines, "", "Each line's recipe is `pareto/trial-<number>.yaml`."]) + "\n"
