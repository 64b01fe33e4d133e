"""The results table: one row for each system, score and signal."""

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from benchmarks.physics.measures import AT, MEASURES, Measured, Truth, measure, measure_auroc, over_seeds
from benchmarks.physics.scales import Scale
from benchmarks.physics.scoring import Scores
from benchmarks.physics.side_by_side import side_by_side
from benchmarks.physics.systems import OURS, System
from benchmarks.physics.trainings import groups_of
from edgeood.evaluation.combination import ensemble, ova_ava
from edgeood.evaluation.labels import FLATTENED
from edgeood.evaluation.mass.flattening import flattened
from edgeood.evaluation.published import PUBLISHED, PublishedResult
from edgeood.run import Run

FEWEST_SEEDS = 3
"""A standard deviation over fewer trainings says little; the bootstrap's error stands instead."""


@dataclass(frozen=True)
class Row:
    """One line of ``physics.json``. Measures that are infinite or undefined are null there.

    So are all but the AUROC of scores that no paper has.
    """

    table: str
    system: str
    score: str
    signal: str
    decorrelated: bool
    auroc: float | None
    error: float | None
    """Of the AUROC."""
    error_from: Literal["seeds", "bootstrap"]
    """Standard deviation over trainings, or of the test sample alone."""
    published: float | None
    """AUROC of the paper."""
    rejection50: float | None
    sic50: float | None
    max_sic: float | None
    jsd: float | None
    js_distance: float | None
    wasserstein_gev: float | None
    spearman_mass: float | None
    jets: int
    """Trained on (by each member)."""
    epochs: int
    seeds: int
    """Different seeds that the row is made of: repetitions, or members of an ensemble."""
    constituents: int
    """Leading constituents of a jet that the network can see."""
    test_background: int
    """Background jets that are tested on."""
    errors: Mapping[str, float | None] = field(default_factory=dict)
    """Error of every measure, of the same origin as that of the AUROC."""
    published_measures: Mapping[str, tuple[float, float | None]] = field(default_factory=dict)
    """Measure → the paper's value and error."""
    at_working_points: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Background efficiency, below one half → ``efficiency`` and ``sic`` of the signal (where a trigger works),
    ``jsd`` and ``wasserstein_gev`` of the background, each a value and its error, and of the latter two what chance
    gives, ``jsd_chance`` and ``wasserstein_gev_chance``."""

    @property
    def above_published(self) -> float | None:
        """How far the AUROC is above the paper's; None if there are not both."""
        return None if self.auroc is None or self.published is None else self.auroc - self.published


def compared(rows: Iterable[Row]) -> list[tuple[Row, float]]:
    """Rows beside a published AUROC, and how far each is above it.

    A score flattened in mass is no score of the papers.
    """
    own = [(row, row.above_published) for row in rows if not row.score.endswith(FLATTENED)]
    return [(row, above) for row, above in own if above is not None]


def published_line(system: System, score: str) -> PublishedResult | None:
    """The paper's line about a system's score; None if there is none.

    A system that names a published model, and a score that the paper has, must be found: raises KeyError.
    """
    if system.decorrelated:
        score = score.removesuffix(FLATTENED)
    if not system.published or score not in system.labels or score in OURS:
        return None
    for line in PUBLISHED:
        if (line.model, line.score) == (system.published, system.labels[score]):
            return line
    raise KeyError(f"{system.published}, {system.labels[score]}")


def rows_of_systems(
    systems: Sequence[System],
    scale: Scale,
    scores: Mapping[str, Scores],
    truth: Truth,
    work: Path,
    tell: Callable[[str], None] = print,
    *,
    at_once: int | None = None,
) -> list[Row]:
    """Every row of the systems from the ``scores`` of their runs, run name → score name → (N,) of the test jets.

    Measured side by side, ``at_once`` of them: :func:`side_by_side`.
    """
    jobs = [
        (system, scale, {name: scores[name] for name in _runs(system, scale)}, truth, work)
        for system in systems
    ]
    tell(f"measuring {len(jobs)} systems")
    rows = {own[0].system: own for own in side_by_side(rows_of, jobs, at_once)}
    return [row for system in systems for row in rows[system.name]]


def _runs(system: System, scale: Scale) -> list[str]:
    return [training.name for group in groups_of(system, scale) for training in group]


def rows_of(
    system: System, scale: Scale, scores: Mapping[str, Scores], truth: Truth, work: Path
) -> list[Row]:
    """Every row of one system: the papers' scores in full, the others' AUROC; see :func:`rows_of_systems`."""
    groups = groups_of(system, scale)
    combined = [_combined(system, [scores[training.name] for training in group]) for group in groups]
    runs = [Run.open(training.folder(work)) for group in groups for training in group]
    own = truth.is_background
    about = {
        "table": system.table,
        "system": system.name,
        "decorrelated": system.decorrelated,
        "jets": max(run.manifest["jets"]["train"] for run in runs),
        "epochs": max(run.recipe.training.epochs for run in runs),
        "seeds": len({training.seed for group in groups for training in group}),
        "constituents": _constituents(runs[0], truth),
        "test_background": int(own.sum()),
    }
    combined = [{**scores, **flattened(scores, system.labels, truth.mass_gev, own)} for scores in combined]
    # Over seeds, the errors are not the bootstrap's.
    replicas = 0 if _seeded(combined) else scale.replicas
    rows = []
    for score in combined[0]:
        full = score.removesuffix(FLATTENED) in system.labels
        measured = measure if full else measure_auroc
        by_seed = [measured(own[score], truth, system.signals, replicas) for own in combined]
        for signal in system.signals:
            repetitions = [measured[signal] for measured in by_seed]
            rows.append(_row(system, score, signal, repetitions, truth, about))
    return rows


def _seeded(repetitions: Sequence[object]) -> bool:
    return len(repetitions) >= FEWEST_SEEDS


def _combined(system: System, members: Sequence[Mapping[str, NDArray[Any]]]) -> Mapping[str, NDArray[Any]]:
    if system.combination == "ensemble":
        return ensemble(members)
    if system.combination == "ova_ava":
        all_vs_all, one_vs_all = members
        return ova_ava(one_vs_all, all_vs_all)
    (only,) = members
    return only


def _constituents(run: Run, truth: Truth) -> int:
    result: int = min(truth.constituents, getattr(run.recipe.inputs, "constituents", truth.constituents))
    return result


def _row(
    system: System,
    score: str,
    signal: str,
    repetitions: Sequence[Measured],
    truth: Truth,
    about: Mapping[str, Any],
) -> Row:
    seeded = _seeded(repetitions)
    measured = over_seeds(repetitions) if seeded else repetitions[0]
    line = published_line(system, score)
    paper = {**line.detection.get(signal, {}), **line.sculpting} if line else {}
    paper = {name: pair for name, pair in paper.items() if name in MEASURES}
    values: dict[str, Any] = {
        **about,
        **{name: _pair(measured, name)[0] for name in MEASURES},
        "seeds": about["seeds"] if seeded or system.combination == "ensemble" else 1,
        "score": score,
        "signal": signal,
        "error": finite(measured["auroc"][1]),
        "error_from": "seeds" if seeded else "bootstrap",
        "published": paper["auroc"][0] if "auroc" in paper else None,
        "published_measures": paper,
        "errors": {name: _pair(measured, name)[1] for name in MEASURES},
        "at_working_points": _at_working_points(measured, truth.chance),
    }
    return Row(**values)


def _pair(measured: Measured, name: str) -> tuple[float | None, float | None]:
    value, error = measured.get(name, (math.nan, math.nan))
    return finite(value), finite(error)


def _at_working_points(measured: Measured, chance: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """The measures at a background efficiency, by that; empty if none was measured."""
    found: dict[str, dict[str, Any]] = {}
    for name in measured:
        measure, _, share = name.partition(AT)
        if share:
            found.setdefault(share, {})[measure] = _pair(measured, name)
            if name in chance:
                found[share][f"{measure}_chance"] = chance[name]
    return {share: found[share] for share in sorted(found, key=float, reverse=True)}


def finite(value: float) -> float | None:
    """The value, None where it is infinite or undefined: JSON has neither."""
    return value if math.isfinite(value) else None


def to_json(rows: Sequence[Row]) -> str:
    """The rows as a JSON list, one row a line."""
    lines = [json.dumps(dataclasses.asdict(row), ensure_ascii=False) for row in rows]
    return "[\n" + ",\n".join(lines) + "\n]\n"
