"""``python -m benchmarks.firmware``: runs of ParticleNet-lite → what their RTL detects and costs, in one table."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.firmware.figure import firmware_figure
from benchmarks.firmware.report import markdown
from benchmarks.firmware.rows import Row, rows_of
from benchmarks.quantization.engines import Comparison
from benchmarks.quantization.jets import held_out_jets
from benchmarks.quantization.measures import Measuring
from benchmarks.quantization.rows import to_json
from benchmarks.quantization.runs import pairs_of
from benchmarks.quantization.tasks import Task
from edgeood.entry_point import run_command
from edgeood.errors import EdgeoodError
from edgeood.evaluation.bootstrap import REPLICAS
from edgeood.evaluation.figures import save_figure
from edgeood.files.atomic import write_text
from edgeood.jets.format import jet_files

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)

PUBLISHED_RESULTS = Path(__file__).parents[1] / "results"
WORK = "firmware-benchmark"
"""Folder beside the runs: scores, comparisons and costs, kept for the next call."""


def benchmark(
    runs_folder: Path,
    only: Sequence[str],
    jets: Sequence[Path],
    background: Sequence[Path],
    out: Path,
    comparison: Comparison,
    *,
    largest: int = 20_000,
    scores: Sequence[str] = (),
    limit_s: float | None = None,
    replicas: int = REPLICAS,
    tell: Callable[[str], None] = print,
) -> list[Row]:
    """Write ``firmware.json``, ``.md``, ``.png`` and ``.pdf`` to ``out``; returns the rows.

    Parameters
    ----------
    only : names of the twins in ``runs_folder``; their teachers lie there as well
    jets, background : as for the benchmark of quantization (:class:`benchmarks.quantization.__main__.Jets`)
    scores : fused scores to look at; default: all that firmware can compute
    limit_s : longest that one synthesis may take

    After an interruption the same call goes on. Raises :class:`EdgeoodError` for a twin that is not there or no
    ParticleNet-lite, or jets that a run has seen.
    """
    pairs = pairs_of(runs_folder, only)
    for pair in pairs:
        if pair.twin.recipe.network.kind != "particlenet_lite":
            raise EdgeoodError(
                f"RTL is written of a ParticleNet-lite alone, which {pair.twin.path} is not; leave it out."
            )
    task = Task.of(pairs, jet_files(list(jets)), jet_files(list(background)) if background else [])
    folder = runs_folder / WORK
    folder.mkdir(exist_ok=True)
    test = held_out_jets(task.recipes, task.files, largest, task.fresh)
    measuring = Measuring(test, replicas)
    rows: list[Row] = []
    for pair in pairs:
        rows += rows_of(pair, measuring, comparison, task.files, folder, limit_s, tell, scores)
        # What is measured is on disk before the next synthesis begins.
        write_text(out / "firmware.json", to_json(rows))
        write_text(out / "firmware.md", markdown(rows, test))
    save_figure(firmware_figure(rows), out / "firmware")
    tell(f"{out / 'firmware.md'}: {len(rows)} rows")
    return rows


@app.command()
def main(
    jets: Annotated[list[Path], typer.Option(help="Jet files or folders of them; repeatable.")],
    runs_folder: Annotated[Path, typer.Option(help="Folder of the finished runs, float and quantized.")],
    only: Annotated[list[str], typer.Option(help="A quantized run in --runs-folder; repeatable.")],
    background: Annotated[
        list[Path] | None,
        typer.Option(help="Background that no run has seen, instead of the test jets in --jets; repeatable."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = PUBLISHED_RESULTS,
    score: Annotated[list[str] | None, typer.Option(help="Fused score to look at; repeatable [all].")] = None,
    engines: Annotated[str, typer.Option(help="Comma-separated.")] = "network,onnxruntime,alkaid,rtl",
    test_jets: Annotated[
        int, typer.Option(help="Measure on at most so many jets of a process in --jets.")
    ] = 20_000,
    verify_jets: Annotated[int, typer.Option(help="Compare engines on so many jets.")] = 20_000,
    rtl_jets: Annotated[int, typer.Option(help="Compare the simulated RTL on so many jets.")] = 10_000,
    limit: Annotated[float, typer.Option(min=0, help="Minutes for one synthesis; 0 for no limit.")] = 60.0,
) -> None:
    """Float and quantized detection beside latency by simulation and resources by synthesis."""
    comparison = Comparison(tuple(engines.split(",")), verify_jets, rtl_jets)
    benchmark(
        runs_folder,
        only,
        jets,
        background or (),
        out,
        comparison,
        largest=test_jets,
        scores=score or (),
        limit_s=60 * limit or None,
        tell=typer.echo,
    )


if __name__ == "__main__":
    run_command(app, "benchmarks.firmware")
