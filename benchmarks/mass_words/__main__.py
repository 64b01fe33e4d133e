"""``python -m benchmarks.mass_words RUN --calibrate … --report …``: which mass word the decision needs.

The thresholds of each fused score are fitted on one set of background jets, with the jet's own mass in words of
several widths or with the mass of the network's own candidates, and the decision's mass spectrum is measured on
another set, in the jet's mass.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from edgeood.entry_point import run_command
from edgeood.errors import EdgeoodError
from edgeood.evaluation.mass.sculpting import mass_sculpting, mass_sculpting_errors, sculpting_noise
from edgeood.evaluation.tables import Table, as_markdown, format_measured
from edgeood.files.atomic import write_text
from edgeood.fixed_point import FixedPoint
from edgeood.inputs import inputs_of
from edgeood.inputs.candidate_mass import candidate_mass_gev
from edgeood.jets.format import iterate_jets
from edgeood.networks.build import outputs_of
from edgeood.networks.load import load_network
from edgeood.run import Run
from edgeood.scores.fused import FUSED_SCORES, fused_score
from edgeood.scores.fused.threshold_table import fit_threshold_table

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)
RESULTS = Path(__file__).parents[1] / "results"
WORDS = {
    "one threshold for all masses": ("jet", None),
    "jet mass, 9 bits of 1 GeV": ("jet", FixedPoint(9, 9, signed=False)),
    "jet mass, 6 bits of 8 GeV": ("jet", FixedPoint(6, 9, signed=False)),
    "mass of the candidates, 9 bits of 1 GeV": ("candidates", FixedPoint(9, 9, signed=False)),
}
"""Name → whose mass, and its type; None for no word at all."""


@dataclass(frozen=True)
class Sample:
    """Background jets as the decision sees them."""

    integers: Mapping[str, NDArray[np.int64]]
    """fused score → (N,)"""
    mass: Mapping[str, NDArray[np.float64]]
    """``jet`` and, where the network reads candidates, ``candidates`` → (N,) in GeV"""


@dataclass(frozen=True)
class Row:
    """One word with one score."""

    score: str
    word: str
    passed: float
    jsd: tuple[float, float]
    """value and bootstrap error"""
    wasserstein_gev: tuple[float, float]
    chance_jsd: float
    """that 95 % of mass-blind decisions stay below"""
    chance_wasserstein_gev: float


def read_sample(run: Run, files: Sequence[Path]) -> Sample:
    """Integer scores and masses of all background jets in ``files``."""
    recipe, network = run.recipe, load_network(run)
    settings, parameters = recipe.inputs.model_dump(), run.load_scores()
    scores = {name: fused_score(recipe, name, parameters[name]) for name in FUSED_SCORES}
    integers: dict[str, list[Any]] = {name: [] for name in scores}
    masses: dict[str, list[Any]] = {"jet": [], "candidates": []}
    for jets in iterate_jets(files, 4096):
        own = jets[np.isin(jets.process_names, recipe.data.classes[recipe.data.background])]
        inputs = inputs_of(own, settings, f"run {run.path}")
        outputs = outputs_of(network, inputs)
        for name, score in scores.items():
            integers[name].append(score.integers(outputs.representation, outputs.logits))
        masses["jet"].append(own.jets["mass"].astype(np.float64))
        if recipe.inputs.kind == "trigger_candidates":
            grid = [settings[key] for key in ("angle_step", "angle_bits", "pt_step_gev")]
            masses["candidates"].append(candidate_mass_gev(inputs, *grid))
    return Sample(
        {name: np.concatenate(parts) for name, parts in integers.items()},
        {name: np.concatenate(parts) for name, parts in masses.items() if parts},
    )


def rows_of(run: Run, calibrated: Sample, reported: Sample, efficiency: float) -> Iterator[Row]:
    """Every word with every fused score."""
    parameters, mass = run.load_scores(), reported.mass["jet"]
    for name in FUSED_SCORES:
        score_type = fused_score(run.recipe, name, parameters[name]).score_type
        for word, (whose, mass_type) in WORDS.items():
            if whose not in reported.mass:
                continue
            fitted = mass_type or FixedPoint(1, 1, signed=False)
            words = [
                fitted.to_integers(sample.mass[whose]) * (mass_type is not None)
                for sample in (calibrated, reported)
            ]
            table = fit_threshold_table(calibrated.integers[name], words[0], efficiency, fitted, score_type)
            passed = reported.integers[name] > table.thresholds[words[1]]
            share = float(passed.mean())
            value, error = mass_sculpting(passed, mass, share), mass_sculpting_errors(passed, mass, share, 50)
            chance = sculpting_noise(mass, share)["q95"]
            yield Row(
                name,
                word,
                share,
                (value.jsd, error.jsd),
                (value.wasserstein_gev, error.wasserstein_gev),
                chance.jsd,
                chance.wasserstein_gev,
            )


def markdown(content: Mapping[str, Any]) -> str:
    """The report of a record."""
    rows = [
        [
            row["score"],
            row["word"],
            f"{100 * row['passed']:.2f}",
            *(format_measured(row[key]) for key in ("jsd", "wasserstein_gev")),
            f"{row['chance_jsd']:.2g}",
            f"{row['chance_wasserstein_gev']:.2g}",
        ]
        for row in content["rows"]
    ]
    heads = ["score", "word", "ε_B [%]", "JSD [bit]", "W₂ [GeV]", "JSD by chance, 95 %", "W₂ by chance, 95 %"]
    share = f"{100 * content['efficiency']:g} %"
    title = f"The background's mass spectrum after the decision of {content['run']} at {share}"
    return (
        "# Which mass word a decision needs\n\n"
        f"`python -m benchmarks.mass_words`: thresholds from {content['calibrated']:,} background jets, spectra of "
        f"{content['reported']:,} others, in the jet's own mass.\n\n"
        + as_markdown([Table(title, heads, rows)])
    )


@app.command()
def main(
    run: Annotated[Path, typer.Argument(help="Run directory of a quantized twin.")],
    calibrate: Annotated[list[Path], typer.Option(help="Background to fit thresholds on; repeatable.")],
    report: Annotated[list[Path], typer.Option(help="Other background, to measure; repeatable.")],
    efficiency: Annotated[float, typer.Option(help="Share of the background that passes.")] = 0.01,
    out: Annotated[Path, typer.Option(help="Folder of the report.")] = RESULTS,
) -> None:
    """Measure every word, and write ``mass_words.{json,md}``."""
    if set(calibrate) & set(report):
        raise EdgeoodError("a file is given both to fit on and to report on; give each once.")
    opened = Run.open(run)
    calibrated, reported = read_sample(opened, calibrate), read_sample(opened, report)
    rows = [asdict(row) for row in rows_of(opened, calibrated, reported, efficiency)]
    content = {
        "run": opened.recipe.name,
        "efficiency": efficiency,
        "calibrated": len(calibrated.mass["jet"]),
        "reported": len(reported.mass["jet"]),
        "rows": rows,
    }
    write_text(out / "mass_words.json", json.dumps(content, indent=1) + "\n")
    write_text(out / "mass_words.md", markdown(content))
    typer.echo(markdown(content))


if __name__ == "__main__":
    run_command(app, "benchmarks.mass_words", resumes=False)
