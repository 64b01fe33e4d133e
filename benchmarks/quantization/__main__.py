"""``python -m benchmarks.quantization``: float runs and their twins → one table and one figure."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.quantization.engines import SIMULATIONS, Comparison
from benchmarks.quantization.figure import quantization_figure
from benchmarks.quantization.jets import files_of, held_out_jets
from benchmarks.quantization.report import markdown
from benchmarks.quantization.rows import Row, rows_of, to_json
from benchmarks.quantization.runs import pairs_in, tasks_of
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


def benchmark(
    runs_folder: Path,
    jets: Sequence[Path],
    out: Path,
    comparison: Comparison,
    *,
    test_jets: int = 20_000,
    replicas: int = REPLICAS,
    tell: Callable[[str], None] = print,
) -> list[Row]:
    """Write ``quantization.json``, ``.md``, ``.png`` and ``.pdf`` to ``out``; returns the rows.

    At most ``test_jets`` jets of each process are measured on. What takes long is kept in
    ``runs_folder/benchmark`` and not done again.
    """
    unknown = [name for name in comparison.engines if name not in ENGINES]
    if unknown:
        raise EdgeoodError(f"there is no engine '{unknown[0]}'; choose of {', '.join(ENGINES)}.")
    files = jet_files(list(jets))
    folder = runs_folder / WORK
    folder.mkdir(exist_ok=True)
    rows, tests = [], []
    for pairs in tasks_of(pairs_in(runs_folder)):
        recipes = list({run.path: run.recipe for pair in pairs for run in pair.runs}.values())
        own = files_of(recipes, files)
        test = held_out_jets(recipes, own, test_jets)
        for pair in pairs:
            rows += rows_of(pair, test, comparison, own, folder, replicas, tell)
        tests.append((pairs[0].network, test))
    write_text(out / "quantization.json", to_json(rows))
    write_text(out / "quantization.md", markdown(rows, tests))
    save_figure(quantization_figure(rows), out / "quantization")
    tell(f"{out / 'quantization.md'}: {len(rows)} rows")
    return rows


@app.command()
def main(
    jets: Annotated[list[Path], typer.Option(help="Jet files or folders of them; repeatable.")],
    runs_folder: Annotated[Path, typer.Option(help="Folder of the finished runs, float and quantized.")],
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = PUBLISHED_RESULTS,
    engines: Annotated[str, typer.Option(help="Comma-separated.")] = "network,onnxruntime,csim",
    test_jets: Annotated[int, typer.Option(help="Measure on at most so many jets of a process.")] = 20_000,
    verify_jets: Annotated[int, typer.Option(help="Compare engines on so many jets.")] = 20_000,
    csim_jets: Annotated[
        int, typer.Option(help=f"Compare {' and '.join(SIMULATIONS)} on so many jets.")
    ] = 2_000,
) -> None:
    """Compare float networks and their quantized twins: AUROC, mass sculpting, EBOPs, bit equality."""
    comparison = Comparison(tuple(engines.split(",")), verify_jets, csim_jets)
    benchmark(runs_folder, jets, out, comparison, test_jets=test_jets, tell=typer.echo)


if __name__ == "__main__":
    run_command(app, "benchmarks.quantization")
