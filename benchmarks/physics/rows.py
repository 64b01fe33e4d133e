"""The results table: one row for each system, score and signal."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.physics.jets import TestJets
from benchmarks.physics.measures import MEASURES, Measured, measure, over_seeds
from benchmarks.physics.scales import Scale
from benchmarks.physics.systems import BACKGROUND, System
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
    """One line of ``physics.json``. Measures that are infinite or undefined are null there."""

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


def published_line(system: System, score: str) -> PublishedResult | None:
    """The paper's line about a system's score; None if there is none.

    A system that names a published model, and a score that the paper has, must be found: raises KeyError.
    """
    if system.decorrelated:
        score = score.removesuffix(FLATTENED)
    if not system.published or score not in system.labels:
        return None
    for line in PUBLISHED:
        if (line.model, line.score) == (system.published, system.labels[score]):
            return line
    raise KeyError(f"{system.published}, {system.labels[score]}")


def rows_of(
    system: System,
    scale: Scale,
    scores: Mapping[str, Mapping[str, NDArray[np.float64]]],
    test: TestJets,
    work: Path,
) -> list[Row]:
    """Every row of a system from the ``scores`` of its runs, run name → score name → (N,) of the test jets."""
    groups = groups_of(system, scale)
    combined = [_combined(system, [scores[training.name] for training in group]) for group in groups]
    runs = [Run.open(training.folder(work)) for group in groups for training in group]
    names, mass = test.jets.process_names, test.jets.jets["mass"].astype(np.float64)
    background = BACKGROUND[system.jets]
    about = {
        "table": system.table,
        "system": system.name,
        "decorrelated": system.decorrelated,
        "jets": max(run.manifest["jets"]["train"] for run in runs),
        "epochs": max(run.recipe.training.epochs for run in runs),
        "seeds": len({training.seed for group in groups for training in group}),
        "constituents": _constituents(runs[0], test),
        "test_background": int(np.isin(names, background).sum()),
    }
    own = np.isin(names, background)
    combined = [{**scores, **flattened(scores, system.labels, mass, own)} for scores in combined]
    rows = []
    for score in combined[0]:
        by_seed = [
            measure(own[score], mass, names, background, system.signals, scale.replicas) for own in combined
        ]
        for signal in system.signals:
            repetitions = [measured[signal] for measured in by_seed]
            rows.append(_row(system, score, signal, repetitions, about))
    return rows


def _combined(system: System, members: Sequence[Mapping[str, NDArray[Any]]]) -> Mapping[str, NDArray[Any]]:
    if system.combination == "ensemble":
        return ensemble(members)
    if system.combination == "ova_ava":
        all_vs_all, one_vs_all = members
        return ova_ava(one_vs_all, all_vs_all)
    (only,) = members
    return only


def _constituents(run: Run, test: TestJets) -> int:
    in_file = test.jets.constituents.shape[1]
    result: int = min(in_file, getattr(run.recipe.inputs, "constituents", in_file))
    return result


def _row(
    system: System, score: str, signal: str, repetitions: Sequence[Measured], about: Mapping[str, Any]
) -> Row:
    seeded = len(repetitions) >= FEWEST_SEEDS
    measured = over_seeds(repetitions) if seeded else repetitions[0]
    line = published_line(system, score)
    paper = {**line.detection.get(signal, {}), **line.sculpting} if line else {}
    paper = {name: pair for name, pair in paper.items() if name in MEASURES}
    values: dict[str, Any] = {
        **about,
        **{name: finite(measured[name][0]) for name in MEASURES},
        "seeds": about["seeds"] if seeded or system.combination == "ensemble" else 1,
        "score": score,
        "signal": signal,
        "error": finite(measured["auroc"][1]),
        "error_from": "seeds" if seeded else "bootstrap",
        "published": paper["auroc"][0] if "auroc" in paper else None,
        "published_measures": paper,
        "errors": {name: finite(measured[name][1]) for name in MEASURES},
    }
    return Row(**values)


def finite(value: float) -> float | None:
    """The value, None where it is infinite or undefined: JSON has neither."""
    return value if math.isfinite(value) else None


def to_json(rows: Sequence[Row]) -> str:
    """The rows as a JSON list, one row a line."""
    lines = [json.dumps(dataclasses.asdict(row), ensure_ascii=False) for row in rows]
    return "[\n" + ",\n".join(lines) + "\n]\n"
