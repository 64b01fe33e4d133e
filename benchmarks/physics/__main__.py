"""``python -m benchmarks.physics``: jets, trainings and the results table, resumable at any moment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.physics.jets import background_folder_of, folder_of, read_test_jets
from benchmarks.physics.measures import truth_of
from benchmarks.physics.report import markdown
from benchmarks.physics.rows import Row, rows_of_systems, to_json
from benchmarks.physics.scales import Scale, load_scale
from benchmarks.physics.scoring import scores_of_runs
from benchmarks.physics.systems import BACKGROUND, SetName, System, systems_named
from benchmarks.physics.trainings import groups_of, train_all, trainings_of
from edgeood.entry_point import run_command
from edgeood.files.atomic import write_text

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)

PUBLISHED_RESULTS = Path(__file__).parents[1] / "results"


def benchmark(
    scale_name: str,
    work: Path,
    out: Path,
    *,
    given: Mapping[SetName, Path | None],
    backgrounds: Mapping[SetName, Path | None],
    only: list[str],
    settings: list[str],
    train: bool = True,
    report: bool = True,
    at_once: int | None = None,
) -> list[Row]:
    """Train what is missing and write ``out/physics.json`` and ``out/physics.md``; returns the rows.

    ``given`` are folders of jets for the sets, ``backgrounds`` of background that no training sees, instead of
    generated ones. ``only`` names the systems to train; the report is of every system of the scale (and of ``only``)
    whose runs are finished.
    """
    scale = load_scale(scale_name)
    complete = systems_named([]) + systems_named(scale.ablations)
    chosen = systems_named(only) if only else complete
    reported = list({system.name: system for system in (*complete, *chosen)}.values())
    needed = reported if report else chosen
    set_names: list[SetName] = sorted({system.jets for system in needed})
    folders = {set_name: folder_of(set_name, scale, given.get(set_name), work) for set_name in set_names}

    def background(set_name: SetName) -> Path:
        trained_on = {folders[set_name], given.get(set_name) or folders[set_name]}
        return background_folder_of(set_name, scale, backgrounds.get(set_name), work, trained_on)

    # What is given and cannot be used is told before anything is trained.
    fresh = {name: background(name) for name in set_names if report and backgrounds.get(name)}
    if train:
        train_all(trainings_of(chosen, scale), scale, folders, work, settings, typer.echo, at_once=at_once)
    if not report:
        return []
    finished = [system for system in reported if _is_finished(system, scale, work)]
    rows = []
    for set_name in set_names:
        own = [system for system in finished if system.jets == set_name]
        if own:
            jets = folders[set_name], fresh.get(set_name) or background(set_name)
            rows += _rows_of_set(set_name, own, scale, *jets, work, at_once)
    missing = [system.name for system in reported if system not in finished]
    write_text(out / "physics.json", to_json(rows))
    write_text(out / "physics.md", markdown(rows, scale_name, scale, missing))
    typer.echo(
        f"{out / 'physics.md'}: {len(rows)} rows" + (f"; missing: {', '.join(missing)}" * bool(missing))
    )
    return rows


def _is_finished(system: System, scale: Scale, work: Path) -> bool:
    return all(
        (training.folder(work) / "run.json").is_file()
        for group in groups_of(system, scale)
        for training in group
    )


def _rows_of_set(
    set_name: SetName,
    systems: list[System],
    scale: Scale,
    folder: Path,
    background: Path,
    work: Path,
    at_once: int | None,
) -> list[Row]:
    signals = {signal for system in systems for signal in system.signals}
    test = read_test_jets(set_name, folder, background, signals, scale.test_jets)
    runs = [training.folder(work) for training in trainings_of(systems, scale)]
    scores = scores_of_runs(runs, test, work / f"scores-{set_name}", typer.echo, at_once=at_once)
    truth = truth_of(test.jets, BACKGROUND[set_name], scale.replicas)
    return rows_of_systems(systems, scale, scores, truth, work, typer.echo, at_once=at_once)


@app.command()
def main(
    scale: Annotated[str, typer.Option(help="smoke, cpu, gpu or paper: see scales.yaml.")] = "smoke",
    work: Annotated[
        Path | None,
        typer.Option(help="Folder of jets, runs and scores; resumes what it finds [physics-SCALE]."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of physics.json and physics.md [benchmarks/results; smoke: in --work]."),
    ] = None,
    jets_a: Annotated[Path | None, typer.Option(help="Jets of set A, instead of generated ones.")] = None,
    jets_b: Annotated[Path | None, typer.Option(help="Jets of set B, instead of generated ones.")] = None,
    background_a: Annotated[
        Path | None,
        typer.Option(help="QCD of set A that no training sees, to report on, instead of generated jets."),
    ] = None,
    background_b: Annotated[
        Path | None,
        typer.Option(help="QCD of set B that no training sees, to report on, instead of generated jets."),
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Train this system only; repeatable.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change every recipe, as training.devices=4; repeatable."),
    ] = None,
    at_once: Annotated[
        int | None,
        typer.Option(min=1, help="Trainings and scorings at a time [number of cores; with a GPU: 1]."),
    ] = None,
    train_only: Annotated[bool, typer.Option("--train-only", help="Write no report.")] = False,
    report_only: Annotated[bool, typer.Option("--report-only", help="Train nothing.")] = False,
) -> None:
    """Train every system of CC22 and GZ24 and write the results beside the published ones."""
    folder = work or Path(f"physics-{scale}")
    benchmark(
        scale,
        folder,
        out or (folder / "results" if scale == "smoke" else PUBLISHED_RESULTS),
        given={"a": jets_a, "b": jets_b},
        backgrounds={"a": background_a, "b": background_b},
        only=only or [],
        settings=settings or [],
        train=not report_only,
        report=not train_only,
        at_once=at_once,
    )


if __name__ == "__main__":
    run_command(app, "benchmarks.physics")
