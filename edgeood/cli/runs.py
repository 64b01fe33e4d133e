"""Verbs that make runs and add to them: ``edgeood train``, ``import``, ``tune``, ``evaluate``, ``export``."""

from pathlib import Path
from typing import Annotated

import typer

from edgeood.cli.options import (
    CopyOption,
    FormatOption,
    JetsOption,
    QuietOption,
    RunArgument,
    ScoreOption,
    SetOption,
    TeacherOption,
    UnseenOption,
)
from edgeood.export.targets import TARGETS
from edgeood.jets.readers.named import reading_as
from edgeood.tuning.cost import CostName


def train(
    recipe: Annotated[str, typer.Argument(help="Recipe file, or the name of a shipped one.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Run directory [runs/<recipe name>].")
    ] = None,
    jets: JetsOption = None,
    format: FormatOption = None,
    teacher: TeacherOption = None,
    set_: SetOption = None,
    devices: Annotated[int, typer.Option(min=0, help="GPUs or processes; 0 for what the recipe says.")] = 0,
    quiet: QuietOption = False,
) -> None:
    """Train a float or a quantized network; goes on where it was interrupted."""
    from edgeood.recipe import load_recipe
    from edgeood.training.train import train as make

    changes = [*(set_ or ()), *([f"training.devices={devices}"] if devices else [])]
    with reading_as(format):
        run = make(load_recipe(recipe, changes), out, jets=jets, teacher=teacher, progress=not quiet)
    typer.echo(f"run: {run.path}")


def import_(
    model: Annotated[
        Path, typer.Argument(help="A .keras file of QKeras layers, or a QONNX file (.onnx) as of Brevitas.")
    ],
    recipe: Annotated[
        str,
        typer.Option(
            "--recipe",
            help="Recipe file or shipped one: jets, classes, inputs, score; the network is the model's.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Run directory [runs/<recipe name>].")
    ] = None,
    jets: JetsOption = None,
    format: FormatOption = None,
    set_: SetOption = None,
) -> None:
    """Make a run of a quantized network that was trained elsewhere."""
    from edgeood.foreign.import_model import import_model

    with reading_as(format):
        run = import_model(model, recipe, out, jets=jets, changes=set_ or ())
    imported = run.manifest["imported"]
    typer.echo(
        f"run: {run.path} (the model's own logits on {imported['compared_jets']} jets; balanced accuracy "
        f"{imported['balanced_accuracy']:.3f})"
    )


def tune(
    recipe: Annotated[str, typer.Argument(help="Recipe file of a quantized twin, or a shipped one's name.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the search [runs/<recipe name>-tune].")
    ] = None,
    jets: JetsOption = None,
    format: FormatOption = None,
    teacher: TeacherOption = None,
    trials: Annotated[int, typer.Option(min=1, help="Trials in all; the same command goes on.")] = 30,
    epochs: Annotated[int, typer.Option(min=0, help="Of each trial; 0 for what the recipe says.")] = 0,
    space: Annotated[
        Path | None,
        typer.Option(help="YAML file: key of the recipe → list of choices [bit widths and sizes]."),
    ] = None,
    cost: Annotated[
        CostName,
        typer.Option(
            help="What is made small: effective bit operations, or look-up tables by the RTL's model."
        ),
    ] = "ebops",
    set_: SetOption = None,
) -> None:
    """Search bit widths and sizes: the Pareto front of AUROC against bit operations or look-up tables."""
    from edgeood.recipe import load_recipe
    from edgeood.tuning.study import tune as search

    with reading_as(format):
        report = search(
            load_recipe(recipe, set_ or ()),
            out,
            jets=jets,
            teacher=teacher,
            trials=trials,
            epochs=epochs or None,
            space=space,
            cost=cost,
            tell=typer.echo,
        )
    typer.echo(f"Pareto front: trials {', '.join(map(str, report['front']))}; see pareto.md")


def evaluate(
    run: RunArgument,
    jets: JetsOption = None,
    format: FormatOption = None,
    unseen: UnseenOption = False,
    out: CopyOption = None,
) -> None:
    """Detection and mass sculpting at a trigger's working points, AUROC and more, on held-out jets, with figures."""
    from rich.console import Console

    from edgeood.evaluation.evaluate_run import evaluate as measure
    from edgeood.evaluation.tables import rich_table
    from edgeood.run_copy import own_run

    with reading_as(format):
        own = own_run(run, out)
        measured = measure(own, jets, unseen=unseen)
    Console().print(rich_table(measured))
    typer.echo(f"figures and numbers: {own.path / 'evaluation'}")


def export(
    run: RunArgument,
    target: Annotated[
        str, typer.Option(help=f"One of {', '.join(TARGETS)}.", autocompletion=lambda: list(TARGETS))
    ] = "vitis",
    score: ScoreOption = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Part, clock, interface: target.key=value, as in a recipe; repeatable."),
    ] = None,
    version: Annotated[str, typer.Option(help="Of an emulator: its symbols carry it.")] = "1",
    build: Annotated[
        bool, typer.Option("--build", help="Synthesise and co-simulate, if the vendor's tool is on PATH.")
    ] = False,
    out: CopyOption = None,
) -> None:
    """Write the network with its fused score as ONNX, QONNX, an HLS project or an emulator library."""
    from edgeood.export import to
    from edgeood.run_copy import own_run

    path = to(own_run(run, out), target, score=score, changes=set_ or (), version=version)
    typer.echo(path)
    if build:
        from edgeood.hardware.vendor_tools import build_report

        typer.echo(build_report(path))
