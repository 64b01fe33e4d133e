"""Do all engines give the same bits? Jets, and images chosen to find where they would not."""

import itertools
import json
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.atomic import write_text
from edgeood.errors import EdgeoodError
from edgeood.export import describe
from edgeood.fixed_point import FixedPoint
from edgeood.inputs import inputs_of
from edgeood.jets.format import Paths, read_jets
from edgeood.run import Run
from edgeood.runtime import ENGINES, Progress, open_engine
from edgeood.scores.fused import FUSED_SCORES

_CORNERS_OF_A_KIND = 16


def corner_images(pixels: int, kind: FixedPoint, seed: int = 0) -> NDArray[np.float32]:
    """(n, 1, pixels, pixels) images where rounding, saturation or overflow would go wrong first.

    Dense random ones within and beyond the range of the input type ``kind``, all zero, all at the highest value,
    far above and far below it, ties between two steps, subnormal numbers, and one hot pixel.
    """
    random = np.random.default_rng(seed)
    shape = (_CORNERS_OF_A_KIND, 1, pixels, pixels)
    dense = random.random(shape) * kind.high
    ties = (random.integers(kind.lowest_integer, kind.highest_integer + 1, shape) + 0.5) * kind.step
    hot = np.zeros(shape)
    hot.reshape(len(hot), -1)[np.arange(len(hot)), random.integers(0, pixels**2, len(hot))] = 4 * kind.high
    constant = [0.0, kind.high, kind.step / 2, kind.step, 1e6, -1e6, 1e-30, 1e-42, -1e-42]
    images = [dense, 2 * dense, dense - kind.high / 2, dense**8, ties, hot]
    images += [np.full((1, *shape[1:]), value) for value in constant]
    return np.concatenate(images).astype(np.float32)


def mismatches(first: NDArray, second: NDArray, step: float) -> NDArray[np.int64]:
    """Indices where two engines' scores are not the same integer number of steps, or no such number at all."""
    one, other = np.asarray(first, np.float64) / step, np.asarray(second, np.float64) / step
    if one.shape != other.shape:
        raise ValueError(f"cannot compare scores of shapes {one.shape} and {other.shape}")
    return np.flatnonzero(~((one == other) & (one == np.rint(one))))


def verify(
    run: Run,
    jets: Paths,
    engines: Sequence[str] = ENGINES,
    scores: Sequence[str] | None = None,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Compare the scores of every pair of engines, on jets and on :func:`corner_images`.

    ``scores`` defaults to every fused score that was exported. The report, also written to ``RUN/verify.json``,
    holds ``jets``, ``corner_images``, ``engines``, ``mismatches`` (in all), ``throughput_jets_per_s`` by engine
    and ``scores``: for each its step, mismatches by pair of engines, and the first that differ.
    Raises :class:`EdgeoodError` for a float run, fewer than two engines, or a missing export or tool.
    """
    if not run.quantized:
        raise EdgeoodError(
            f"{run.path} is a float run, whose engines differ in the last bits; verify its twin."
        )
    if len(set(engines)) < 2:
        raise EdgeoodError(f"there is nothing to compare {', '.join(engines)} with; name two engines.")
    kinds = list(scores) if scores else _exported(run)
    recipe = run.manifest["recipe"]
    images = inputs_of(read_jets(jets), recipe["inputs"])
    corners = corner_images(recipe["inputs"]["pixels"], FixedPoint(**recipe["quantization"]["input"]))
    taken = dict.fromkeys(engines, 0.0)
    report: dict[str, Any] = {}
    for kind in kinds:
        results = {}
        for name in engines:
            engine = open_engine(run, name, kind, workers=workers, progress=progress)
            start = time.perf_counter()
            values = engine(images)
            taken[name] += time.perf_counter() - start
            results[name] = np.concatenate([values, engine(corners)])
        report[kind] = _compare(results, describe(run, kind)["step"])
    summary = {
        "run": str(run.path),
        "jets": len(images),
        "corner_images": len(corners),
        "engines": list(engines),
        "mismatches": sum(sum(one["mismatches"].values()) for one in report.values()),
        "throughput_jets_per_s": {name: len(images) * len(kinds) / taken[name] for name in engines},
        "scores": report,
    }
    write_text(run.path / "verify.json", json.dumps(summary, indent=1) + "\n")
    return summary


def _exported(run: Run) -> list[str]:
    """Fused scores with an export; the recipe's, if there is none, for its error message."""
    found = [kind for kind in FUSED_SCORES if (run.export_folder(kind) / "score.json").is_file()]
    return found or [run.manifest["recipe"]["score"]["kind"]]


def _compare(results: dict[str, NDArray], step: float) -> dict[str, Any]:
    counts, examples = {}, []
    for one, other in itertools.combinations(results, 2):
        where = mismatches(results[one], results[other], step)
        counts[f"{one}={other}"] = len(where)
        for i in where[:3].tolist():
            examples.append({"image": i, one: float(results[one][i]), other: float(results[other][i])})
    return {"step": step, "mismatches": counts, "examples": examples}


def print_report(report: dict[str, Any]) -> None:
    """Show a report of :func:`verify` on the terminal."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{report['jets']} jets and {report['corner_images']} corner images")
    for column in ("score", "engines", "mismatches"):
        table.add_column(column, justify="right" if column == "mismatches" else "left")
    for kind, one in report["scores"].items():
        for pair, count in one["mismatches"].items():
            table.add_row(kind, pair.replace("=", " = "), str(count))
    console = Console()
    console.print(table)
    for engine, rate in report["throughput_jets_per_s"].items():
        console.print(f"{engine}: {rate:,.0f} jets/s")
