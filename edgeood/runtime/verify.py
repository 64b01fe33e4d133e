"""Do all engines give the same bits? Jets, and inputs chosen to find where they would not."""

import itertools
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.export.record import RECORD, read_record
from edgeood.files.atomic import write_text
from edgeood.files.output import check_writable
from edgeood.fixed_point import FixedPoint
from edgeood.inputs import inputs_of
from edgeood.inputs.trigger_candidates import PT
from edgeood.jets.format import Paths, read_jets
from edgeood.resources import is_released
from edgeood.run import Run
from edgeood.runtime import Decided, Progress, open_engine
from edgeood.scores.fused import FUSED_SCORES
from edgeood.scores.fused.mass_blind import MASS_TYPE

_CORNERS_OF_EACH_SORT = 16
_AT_MOST = {"qonnx": 1000}
"""Jets for an engine that is an interpreter; it gets all corners."""
USUAL_ENGINES = ("network", "onnxruntime", "csim")
OF_RELEASED = ("network", "onnxruntime", "cpu")
"""Those that need nothing which a released detector has not."""


def corner_inputs(shape: tuple[int, ...], input_type: FixedPoint, seed: int = 0) -> NDArray[np.float32]:
    """Inputs (n, …) of this ``shape`` where rounding, saturation or overflow would go wrong first.

    ``shape`` is that of one image (1, P, P) or of one jet's candidates (N, F), of ``input_type``. Dense random
    numbers within and beyond its range, all zero, all at the highest value, far above and far below it, ties
    between two steps, subnormal numbers, and one hot number; of candidates, also jets of every size from none
    to N on a coarse grid, where many are equally far from each other, with angles in the empty places.
    """
    random = np.random.default_rng(seed)
    many = (_CORNERS_OF_EACH_SORT, *shape)
    dense = random.random(many) * input_type.high
    halves = random.integers(input_type.lowest_integer, input_type.highest_integer + 1, many) + 0.5
    ties = halves * input_type.step
    hot = np.zeros(many)
    hot.reshape(len(hot), -1)[np.arange(len(hot)), random.integers(0, dense[0].size, len(hot))] = (
        4 * input_type.high
    )
    constant = [0.0, input_type.high, input_type.step / 2, input_type.step, 1e6, -1e6, 1e-30, 1e-42, -1e-42]
    corners = [dense, 2 * dense, dense - input_type.high / 2, dense**8, ties, hot]
    corners += [np.full((1, *shape), value) for value in constant]
    if len(shape) == 2:
        coarse = random.integers(-2, 3, (2 * (shape[0] + 1), *shape)) / 4
        size = np.arange(len(coarse)) // 2
        there = np.arange(shape[0]) < size[:, None]
        coarse[..., PT] = np.where(there, random.integers(1, 200, there.shape) * input_type.step, 0)
        corners.append(coarse)
    return np.concatenate(corners).astype(np.float32)


def corner_masses(count: int, mass_type: FixedPoint = MASS_TYPE, seed: int = 0) -> NDArray[np.float32]:
    """Masses (count,) in GeV where rounding or saturation to ``mass_type`` would go wrong first.

    Ties between two steps, both ends of the type, and masses below and far beyond them, each in turn.
    """
    random = np.random.default_rng(seed)
    words = random.integers(0, mass_type.highest_integer + 1, count)
    ends = np.array([0, mass_type.highest_integer, mass_type.highest_integer + 0.5, 1e30, -1, 1e-42])
    sorts = [words, words + 0.5, words + 0.25, ends[np.arange(count) % len(ends)]]
    return (np.choose(np.arange(count) % len(sorts), sorts) * mass_type.step).astype(np.float32)


def mismatches(first: NDArray[Any], second: NDArray[Any], step: float) -> NDArray[np.int64]:
    """Indices where two engines' scores are not the same integer number of steps, or no such number at all."""
    one, other = np.asarray(first, np.float64) / step, np.asarray(second, np.float64) / step
    if one.shape != other.shape:
        raise ValueError(f"cannot compare scores of shapes {one.shape} and {other.shape}")
    return np.flatnonzero(~((one == other) & (one == np.rint(one))))


def verify(
    run: Run,
    jets: Paths,
    engines: Sequence[str] | None = None,
    scores: Sequence[str] | None = None,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Compare the scores and decisions of every pair of engines, on jets and on :func:`corner_inputs`.

    ``engines`` defaults to :data:`USUAL_ENGINES`, of a released detector of the package to :data:`OF_RELEASED`,
    ``scores`` to every fused score that was exported. The report, also written to ``RUN/verify.json`` unless the run is
    such a detector, holds ``jets``, ``jets_by_engine`` (QONNX execution takes only the first ones), ``corner_inputs``,
    ``engines``, ``mismatches`` (in all), ``throughput_jets_per_s`` by engine and ``scores``: for each its step, whether
    its decision is ``mass_blind``, ``mismatches`` of scores and ``decision_mismatches`` by pair of engines, and the
    first scores that differ (counted from the corners, which come before the jets).
    Raises :class:`EdgeoodError` for a float run, one whose files are not those recorded, fewer than two engines, or
    a missing export or tool.
    """
    if not run.quantized:
        raise EdgeoodError(
            f"{run.path} is a float run, whose engines differ in the last bits; verify its twin."
        )
    released = is_released(run.path)
    engines = engines or (OF_RELEASED if released else USUAL_ENGINES)
    if len(set(engines)) < 2:
        raise EdgeoodError(f"there is nothing to compare {', '.join(engines)} with; name two engines.")
    run.check_files()
    if not released:
        check_writable(run.path)
    chosen = list(scores) if scores else _exported(run)
    recipe = run.manifest["recipe"]
    known = read_jets(jets)
    inputs, mass = inputs_of(known, recipe["inputs"], f"run {run.path}"), known.jets["mass"]
    corners = corner_inputs(inputs.shape[1:], FixedPoint(**recipe["quantization"]["input"]))
    taken = dict.fromkeys(engines, 0.0)
    report: dict[str, Any] = {}
    for score in chosen:
        results = {}
        opened = {name: open_engine(run, name, score, workers=workers, progress=progress) for name in engines}
        record = read_record(run, score)
        masses = corner_masses(len(corners), _mass_type(record))
        for name, engine in opened.items():
            some = slice(_AT_MOST.get(name))
            start = time.perf_counter()
            decided = engine.decide(inputs[some], mass[some])
            taken[name] += time.perf_counter() - start
            on_corners = engine.decide(corners, masses)
            results[name] = Decided(
                np.concatenate([on_corners.scores, decided.scores]),
                np.concatenate([on_corners.anomalous, decided.anomalous]),
            )
        report[score] = {"mass_blind": "decision" in record, **_compare(results, record["step"])}
    counted = {name: len(inputs[: _AT_MOST.get(name)]) for name in engines}
    summary = {
        "run": str(run.path),
        "jets": len(inputs),
        "jets_by_engine": counted,
        "corner_inputs": len(corners),
        "engines": list(engines),
        "mismatches": sum(
            sum(one[kind].values())
            for one in report.values()
            for kind in ("mismatches", "decision_mismatches")
        ),
        "throughput_jets_per_s": {name: count * len(chosen) / taken[name] for name, count in counted.items()},
        "scores": report,
    }
    if not released:
        write_text(run.path / "verify.json", json.dumps(summary, indent=1) + "\n")
    return summary


def _exported(run: Run) -> list[str]:
    """Fused scores with an export; the recipe's, if there is none, for its error message."""
    found = [score for score in FUSED_SCORES if (run.export_folder(score) / RECORD).is_file()]
    return found or [run.manifest["recipe"]["score"]["kind"]]


def _mass_type(record: Mapping[str, Any]) -> FixedPoint:
    """Of the mass word that a decision reads; any, if none does."""
    return FixedPoint(**record["decision"]["mass_type"]) if "decision" in record else MASS_TYPE


def _compare(results: Mapping[str, Decided], step: float) -> dict[str, Any]:
    counts, decisions, examples = {}, {}, []
    for one, other in itertools.combinations(results, 2):
        first, second = results[one], results[other]
        shared = slice(min(len(first.scores), len(second.scores)))
        where = mismatches(first.scores[shared], second.scores[shared], step)
        counts[f"{one}={other}"] = len(where)
        decisions[f"{one}={other}"] = int((first.anomalous[shared] != second.anomalous[shared]).sum())
        for i in where[:3].tolist():
            examples.append({"input": i, one: float(first.scores[i]), other: float(second.scores[i])})
    return {"step": step, "mismatches": counts, "decision_mismatches": decisions, "examples": examples}


def print_report(report: dict[str, Any]) -> None:
    """Show a report of :func:`verify` on the terminal."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{report['jets']} jets and {report['corner_inputs']} corner inputs")
    for column in ("score", "engines"):
        table.add_column(column)
    for column in ("mismatches", "of decisions"):
        table.add_column(column, justify="right")
    for score, one in report["scores"].items():
        for pair, count in one["mismatches"].items():
            decisions = one["decision_mismatches"][pair]
            table.add_row(score, pair.replace("=", " = "), str(count), str(decisions))
    console = Console()
    console.print(table)
    for engine, rate in report["throughput_jets_per_s"].items():
        console.print(f"{engine}: {rate:,.0f} jets/s")
