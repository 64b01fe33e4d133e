"""The command line: every verb is a thin call into the package."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from edgeood.entry_point import run_command

app = typer.Typer(
    name="edgeood",
    help="Anomaly triggers you can trust, from collider jets to FPGA firmware.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="Run directory made by `edgeood train`.")]
JetsArgument = Annotated[
    list[Path], typer.Argument(metavar="JETS...", help="Jet files (HDF5) or folders of them.")
]
JetsOption = Annotated[
    Optional[list[Path]],  # noqa: UP045 - typer reads the annotation at run time
    typer.Option("--jets", help="Jet files or folders, instead of the recipe's own; repeatable."),
]
ScoreOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--score", help="max_logit, mahalanobis_diagonal, of a float run also mahalanobis [the recipe's]."
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", help="No progress bars.")]


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Read by :func:`main`."""


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Where everything goes; resumes what it finds.")] = Path(
        "demo"
    ),
    jets: Annotated[int, typer.Option(help="Jets to generate.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes; 0 for one per core.")] = 0,
    quiet: QuietOption = False,
) -> None:
    """The whole story in minutes: generate, train, quantize, export, C-simulate, verify, compare."""
    from edgeood.demo import run_demo

    run_demo(out, jets=jets or None, workers=workers or None, progress=not quiet)


@app.command()
def generate(
    sample: Annotated[
        str, typer.Argument(help="demo, gandrakota2024, cheng2022, large-radius, or a YAML file.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the jet files.")],
    jets: Annotated[int, typer.Option(help="Jets in all; 0 for what the sample says.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes; 0 for one per core.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 1,
    fast: Annotated[
        bool, typer.Option("--fast", help="Without multiparton interactions; for tests.")
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Simulate jets with Pythia 8, a parametrised detector and FastJet."""
    from edgeood.jets.simulation.generate import generate as run

    folder = run(
        sample, out, jets=jets or None, workers=workers or None, seed=seed, fast=fast, progress=not quiet
    )
    typer.echo(f"jets: {folder}")


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="Recipe file, or the name of a shipped one.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Run directory [runs/<recipe name>].")
    ] = None,
    jets: JetsOption = None,
    teacher: Annotated[Optional[Path], typer.Option(help="Float run to distil from.")] = None,  # noqa: UP045
    set_: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--set", help="Change a key of the recipe: section.key=value; repeatable."),
    ] = None,
    devices: Annotated[int, typer.Option(min=0, help="GPUs or processes; 0 for what the recipe says.")] = 0,
    quiet: QuietOption = False,
) -> None:
    """Train a float or a quantized network; goes on where it was interrupted."""
    from edgeood.recipe import load_recipe
    from edgeood.training.train import train as run

    changes = [*(set_ or ()), *([f"training.devices={devices}"] if devices else [])]
    result = run(load_recipe(recipe, changes), out, jets=jets, teacher=teacher, progress=not quiet)
    typer.echo(f"run: {result.path}")


@app.command()
def tune(
    recipe: Annotated[str, typer.Argument(help="Recipe file of a quantized twin, or a shipped one's name.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the search [runs/<recipe name>-tune].")
    ] = None,
    jets: JetsOption = None,
    teacher: Annotated[Optional[Path], typer.Option(help="Float run to distil from.")] = None,  # noqa: UP045
    trials: Annotated[int, typer.Option(min=1, help="Trials in all; the same command goes on.")] = 30,
    epochs: Annotated[int, typer.Option(min=0, help="Of each trial; 0 for what the recipe says.")] = 0,
    space: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="YAML file: key of the recipe → list of choices [bit widths and sizes]."),
    ] = None,
    set_: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--set", help="Change a key of the recipe: section.key=value; repeatable."),
    ] = None,
) -> None:
    """Search bit widths and sizes: the Pareto front of AUROC against effective bit operations."""
    from edgeood.recipe import load_recipe
    from edgeood.tuning.study import tune as search

    report = search(
        load_recipe(recipe, set_ or ()),
        out,
        jets=jets,
        teacher=teacher,
        trials=trials,
        epochs=epochs or None,
        space=space,
        tell=typer.echo,
    )
    typer.echo(f"Pareto front: trials {', '.join(map(str, report['front']))}; see pareto.md")


@app.command()
def evaluate(run: RunArgument, jets: JetsOption = None) -> None:
    """AUROC, rejection, significance improvement and mass sculpting on held-out jets, with figures."""
    from rich.console import Console

    from edgeood.evaluation.evaluate_run import evaluate as measure
    from edgeood.evaluation.tables import rich_table

    Console().print(rich_table(measure(run, jets)))
    typer.echo(f"figures and numbers: {run / 'evaluation'}")


@app.command()
def export(
    run: RunArgument,
    target: Annotated[
        str, typer.Option(help="onnx, qonnx, vitis, vivado, quartus, catapult or emulator.")
    ] = "vitis",
    score: ScoreOption = None,
    version: Annotated[str, typer.Option(help="Of an emulator: its symbols carry it.")] = "1",
    build: Annotated[
        bool, typer.Option("--build", help="Synthesise and co-simulate, if the vendor's tool is on PATH.")
    ] = False,
) -> None:
    """Write the network with its fused score as ONNX, QONNX, an HLS project or an emulator library."""
    from edgeood.export import to
    from edgeood.run import Run

    path = to(Run.open(run), target, score=score, version=version)
    typer.echo(path)
    if build:
        from edgeood.hardware.vendor_tools import build_report

        typer.echo(build_report(path))


@app.command()
def score(
    run: RunArgument,
    jets: JetsArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="File of the scores (HDF5).")] = Path("scores.h5"),
    score: ScoreOption = None,
    quiet: QuietOption = False,
) -> None:
    """Score jets with ONNX Runtime on the CPU."""
    _score(run, jets, out, score, "onnxruntime", quiet)


@app.command()
def csim(
    run: RunArgument,
    jets: JetsArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="File of the scores (HDF5).")] = Path("csim.h5"),
    score: ScoreOption = None,
    quiet: QuietOption = False,
) -> None:
    """Score jets with the C-simulation of the HLS project; needs only g++."""
    _score(run, jets, out, score, "csim", quiet)


def _score(run: Path, jets: list[Path], out: Path, score: str | None, engine: str, quiet: bool) -> None:
    from edgeood.jets.format import count_jets
    from edgeood.progress import progress_bar
    from edgeood.runtime.score import score as score_jets

    with progress_bar(f"scoring jets ({engine})", count_jets(jets), not quiet) as advance:
        values = score_jets(run, jets, out, engine=engine, score=score, progress=advance)
    typer.echo(f"{len(values)} jets: {out}")


@app.command()
def verify(
    run: RunArgument,
    jets: JetsArgument,
    engines: Annotated[
        str,
        typer.Option(
            help="Comma-separated, of network, qonnx, onnxruntime, cpu, csim, vivado_csim, quartus_csim, "
            "catapult_csim, emulator."
        ),
    ] = "network,onnxruntime,csim",
    score: ScoreOption = None,
    quiet: QuietOption = False,
) -> None:
    """Compare the scores of every engine, bit for bit; exit 1 on any mismatch."""
    from edgeood.progress import progress_bar
    from edgeood.run import Run
    from edgeood.runtime.verify import print_report
    from edgeood.runtime.verify import verify as compare

    with progress_bar("C-simulating", None, not quiet) as advance:
        report = compare(
            Run.open(run), jets, engines.split(","), [score] if score else None, progress=advance
        )
    print_report(report)
    if report["mismatches"]:
        raise typer.Exit(1)


def main() -> None:
    """Entry point of the ``edgeood`` command."""
    run_command(app, "edgeood")
