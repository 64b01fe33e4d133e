"""``python -m benchmarks.particlenet_speed``: ParticleNet beside weaver-core's, the same weights and jets."""

import importlib.metadata
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

import torch
import typer

from benchmarks.particlenet_speed.agreement import Agreement, agreement
from benchmarks.particlenet_speed.jets import made_up_jets, read_clouds, read_pilot_clouds
from benchmarks.particlenet_speed.report import Row, as_markdown, machine
from benchmarks.particlenet_speed.timing import inference, jets_per_second, training
from benchmarks.particlenet_speed.weaver import pair_of_networks
from edgeood.cores import usable_cores
from edgeood.entry_point import run_command
from edgeood.errors import EdgeoodError
from edgeood.files.atomic import write_text
from edgeood.recipe import ParticleNet

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)
RESULTS = Path(__file__).parents[1] / "results"


class Shape(NamedTuple):
    """A network, and the jets and batches that it is timed with."""

    settings: ParticleNet
    constituents: int
    jets: int
    inference_batches: tuple[int, ...]
    training_batches: tuple[int, ...]
    also_full: bool


SHAPES = {
    "paper": Shape(ParticleNet(), 100, 128, (16, 64), (64,), True),
    "small": Shape(
        ParticleNet(neighbours=8, blocks=((32, 32, 32), (64, 64, 64))), 64, 512, (64, 256), (256,), False
    ),
}
"""``paper``: k = 16, (64,64,64), (128,128,128), (256,256,256), 100 constituents; ``small``: k = 8, 64 constituents."""


def timed(
    name: str, shape: Shape, label: str, clouds: torch.Tensor, rounds: int, clock: Callable[[], float]
) -> list[Row]:
    """Inference and training of one network on one set of jets."""
    rows = []
    for task, make, batches in (
        ("inference", inference, shape.inference_batches),
        ("training", training, shape.training_batches),
    ):
        rates: list[float] = []
        for bfloat16 in (False, True):
            weaver, ours = pair_of_networks(shape.settings)
            weaver.for_autocast(bfloat16)
            steps = {"weaver": make(weaver, bfloat16), "ours": make(ours, bfloat16)}
            rates += jets_per_second(steps, clouds, batches, rounds, clock).values()
        rows.append(Row(name, label, task, *rates))
        typer.echo(rows[-1].as_markdown(), nl=False)
    return rows


@app.command()
def particlenet_speed(
    jets: Annotated[int | None, typer.Option(help="jets of each measurement", min=16)] = None,
    shape: Annotated[list[str] | None, typer.Option(help=f"of {', '.join(SHAPES)}; all by default")] = None,
    jets_file: Annotated[list[Path] | None, typer.Option(help="jet files, or folders of them")] = None,
    pilot: Annotated[
        Path | None, typer.Option(help="folder of compact files (benchmarks.pilot_jets)")
    ] = None,
    threads: Annotated[int, typer.Option(help="cores to use", min=1)] = usable_cores(),
    rounds: Annotated[int, typer.Option(help="turns of each network", min=1)] = 3,
    busy: Annotated[
        bool, typer.Option("--busy", help="one core, by its processor time: for a busy machine")
    ] = False,
    out: Annotated[Path, typer.Option(help="folder of the report")] = RESULTS,
) -> None:
    """Time ParticleNet beside weaver-core's, in inference and training, and write ``particlenet_speed.{json,md}``."""
    torch.set_num_threads(1 if busy else threads)
    clock = time.process_time if busy else time.perf_counter
    rows: list[Row] = []
    agreements: dict[str, Agreement] = {}
    for name in shape or SHAPES:
        if name not in SHAPES:
            raise EdgeoodError(f"There is no shape '{name}': choose one of {', '.join(SHAPES)}.")
        chosen = SHAPES[name]
        count = jets or chosen.jets
        if jets_file:
            source, clouds = "read from files", read_clouds(jets_file, count, chosen.constituents)
        elif pilot:
            source, clouds = "simulated", read_pilot_clouds(pilot, count, chosen.constituents)
        else:
            source, clouds = "made up", made_up_jets(count, chosen.constituents)
        full = made_up_jets(count, chosen.constituents, full=True)
        agreements[name] = agreement(chosen.settings, clouds, full[:12])
        label = f"{clouds[..., 4].sum(1).mean():.0f} of up to {chosen.constituents}"
        rows += timed(name, chosen, label, torch.from_numpy(clouds), rounds, clock)
        if chosen.also_full:
            rows += timed(name, chosen, f"{chosen.constituents} each", torch.from_numpy(full), rounds, clock)
    on = machine() | {"clock": "processor time" if busy else "wall time"}
    weaver = importlib.metadata.version("weaver-core")
    write_text(out / "particlenet_speed.md", as_markdown(rows, agreements, source, weaver, on))
    record = {
        "machine": on,
        "weaver": weaver,
        "jets": source,
        "rows": [row._asdict() for row in rows],
        "agreement": {name: found._asdict() for name, found in agreements.items()},
    }
    write_text(out / "particlenet_speed.json", json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    run_command(app, "benchmarks.particlenet_speed", resumes=False)
