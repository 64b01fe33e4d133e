"""``python -m benchmarks.quantization``: float runs and their twins → one table and one figure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.quantization.engines import SIMULATIONS, Comparison
from benchmarks.quantization.figure import quantization_figure
from benchmarks.quantization.jets import held_out_jets
from benchmarks.quantization.measures import Measuring
from benchmarks.quantization.report import markdown
from benchmarks.quantization.rows import Row, rows_of, to_json
from benchmarks.quantization.runs import pairs_in, tasks_of
from benchmarks.quantization.tasks import Task
from edgeood.entry_point import run_command
from edgeood.errors import EdgeoodError
from edgeood.evaluation.bootstrap import REPLICAS
from edgeood.evaluation.figures import save_figure
from edgeood.files.atomic import write_text
from edgeood.jets.format import jet_files
from edgeood.runtime import ENGINES

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)

PUBLISHED_RESULTS = Path(__file__).parents[1] / "results"
WORK = "benchmark"
"""Folder beside the runs: scores and comparisons, kept for the next call."""


@dataclass(frozen=True)
class Jets:
    """Where the jets lie that twins are measured on."""

    files: Sequence[Path]
    """jet files or folders: of the known classes the test jets count, of the signals all"""
    background: Sequence[Path] = ()
    """jet files or folders of background that no run was trained on and no threshold fitted on"""
    largest: int = 20_000
    """measured on at most so many of each process in ``files``"""


def benchmark(
    runs_folder: Path,
    jets: Jets,
    out: Path,
    comparison: Comparison | None,
    *,
    replicas: int = REPLICAS,
    tell: Callable[[str], None] = print,
) -> list[Row]:
    """Write ``quantization.json``, ``.md``, ``.png`` and ``.pdf`` to ``out``; returns the rows.

    Without a ``comparison`` the engines are left out. Scores and comparisons are kept in ``runs_folder/benchmark`` and
    not made again.

    Raises :class:`EdgeoodError` for an engine that there is none of, runs that cannot be paired
    (:func:`~benchmarks.quantization.runs.pairs_in`), or jets that a run has seen.
    """
    unknown = [name for name in (comparison.engines if comparison else ()) if name not in ENGINES]
    if unknown:
        raise EdgeoodError(f"there is no engine '{unknown[0]}'; choose of {', '.join(ENGINES)}.")
    pairs, files = pairs_in(runs_folder), jet_files(list(jets.files))
    given = jet_files(list(jets.background)) if jets.background else []
    # Whatever is wrong with the jets is told before anything takes long.
    tasks = [Task.of(task, files, given) for task in tasks_of(pairs)]
    if foreign := set(given) - {file for task in tasks for file in task.fresh}:
        raise EdgeoodError(f"{min(foreign)} holds no background of any run in {runs_folder}; leave it out.")
    folder = runs_folder / WORK
    folder.mkdir(exist_ok=True)
    rows, tests = [], []
    for task in tasks:
        test = held_out_jets(task.recipes, task.files, jets.largest, task.fresh)
        measuring = Measuring(test, replicas)
        for pair in task.pairs:
            rows += rows_of(pair, measuring, comparison, task.files, folder, tell)
        tests.append(([pair.design.network for pair in task.pairs], test))
    write_text(out / "quantization.json", to_json(rows))
    write_text(out / "quantization.md", markdown(rows, tests))
    save_figure(quantization_figure(rows), out / "quantization")
    tell(f"{out / 'quantization.md'}: {len(rows)} rows")
    return rows


@app.command()
def main(
    jets: Annotated[list[Path], typer.Option(help="Jet files or folders of them; repeatable.")],
    runs_folder: Annotated[Path, typer.Option(help="Folder of the finished runs, float and quantized.")],
    background: Annotated[
        list[Path] | None,
        typer.Option(help="Background that no run has seen, instead of the test jets in --jets; repeatable."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = PUBLISHED_RESULTS,
    engines: Annotated[str, typer.Option(help="Comma-separated.")] = "network,onnxruntime,csim",
    test_jets: Annotated[
        int, typer.Option(help="Measure on at most so many jets of a process in --jets.")
    ] = 20_000,
    verify: Annotated[bool, typer.Option("--verify/--no-verify", help="Compare the engines.")] = True,
    verify_jets: Annotated[int, typer.Option(help="Compare engines on so many jets.")] = 20_000,
    csim_jets: Annotated[
        int, typer.Option(help=f"Compare {' and '.join(SIMULATIONS)} on so many jets.")
    ] = 2_000,
) -> None:
    """Compare float networks and their quantized twins: detection, mass sculpting, EBOPs, bit equality."""
    comparison = Comparison(tuple(engines.split(",")), verify_jets, csim_jets) if verify else None
    benchmark(runs_folder, Jets(jets, background or (), test_jets), out, comparison, tell=typer.echo)


if __name__ == "__main__":
    run_command(app, "benchmarks.quantization")
