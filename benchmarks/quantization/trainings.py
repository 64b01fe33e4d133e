"""``python -m benchmarks.quantization.trainings``: the float networks and twins that the table compares."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
import yaml
from pydantic import BaseModel, ConfigDict, Field

from benchmarks.physics.side_by_side import side_by_side
from edgeood.entry_point import run_command
from edgeood.errors import EdgeoodError
from edgeood.recipe import Recipe, load_recipe
from edgeood.yaml_files import read_yaml, validated

FILE = Path(__file__).with_name("trainings.yaml")

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)


class Training(BaseModel):
    """One run of the table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: str = Field(description="shipped recipe")
    jets: Literal["a", "b"] = Field(description="set that it is trained on")
    teacher: str | None = Field(None, description="run that a twin is distilled from")
    changes: dict[str, Any] = Field({}, description="recipe key → value, as after `edgeood train --set`")
    table: Literal["quantization", "firmware"] = Field(
        "quantization",
        description="benchmark that it is for: that of quantization has one twin of a design, whatever its channels",
    )

    def changed_recipe(self) -> Recipe:
        """The recipe to train. Raises :class:`EdgeoodError` if it is missing or not valid."""
        assignments = [
            f"{key}={yaml.safe_dump(value, default_flow_style=True, width=10**6)}"
            for key, value in self.changes.items()
        ]
        return load_recipe(self.recipe, assignments)


def load_trainings(file: Path = FILE) -> dict[str, Training]:
    """Run → its training, teachers before their twins.

    Raises :class:`EdgeoodError` for a table that is not valid, or a teacher that does not stand before its twin.
    """
    table = read_yaml(file, file.parent, "table of trainings")
    trainings: dict[str, Training] = {}
    for name, entry in table.items():
        training = validated(Training, entry, f"{file}: {name}", "training")
        if training.teacher and training.teacher not in trainings:
            raise EdgeoodError(f"{file}: no run '{training.teacher}' stands before '{name}', its twin.")
        trainings[name] = training
    return trainings


def train_one(name: str, training: Training, jets: Path, out: Path) -> str:
    """Train one run into ``out``/``name``, or go on with it; returns its name."""
    from edgeood.training.train import train

    teacher = out / training.teacher if training.teacher else None
    train(training.changed_recipe(), out / name, jets=[jets], teacher=teacher, progress=False)
    return name


@app.command()
def main(
    jets_a: Annotated[Path, typer.Option(help="Jets of set A (cheng2022).")],
    jets_b: Annotated[Path, typer.Option(help="Jets of set B (gandrakota2024).")],
    out: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs/quantization"),
    only: Annotated[
        list[str] | None,
        typer.Option(help="Train this run only; repeatable [those of the table of quantization]."),
    ] = None,
    at_once: Annotated[
        int | None, typer.Option(min=1, help="Trainings at a time without a GPU [number of cores].")
    ] = None,
) -> None:
    """Train what is not trained yet, float networks first; what was interrupted goes on."""
    trainings = load_trainings()
    if unknown := [name for name in only or () if name not in trainings]:
        raise EdgeoodError(f"there is no run '{unknown[0]}'; choose from {', '.join(trainings)}.")
    chosen = {
        name: own
        for name, own in trainings.items()
        if (name in only if only else own.table == "quantization")
    }
    folders = {"a": jets_a, "b": jets_b}
    for twins in (False, True):
        jobs: Sequence[tuple[Any, ...]] = [
            (name, own, folders[own.jets], out)
            for name, own in chosen.items()
            if (own.teacher is not None) == twins
        ]
        for name in side_by_side(train_one, jobs, at_once):
            typer.echo(str(out / name))


if __name__ == "__main__":
    run_command(app, "benchmarks.quantization.trainings")
