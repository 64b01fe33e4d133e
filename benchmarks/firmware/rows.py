"""The results table: one row for each detector whose RTL was written, and each fused score."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.quantization.designs import design_of
from benchmarks.quantization.engines import Comparison, compare
from benchmarks.quantization.measures import MEAN, Compared, Measured, Measuring
from benchmarks.quantization.rows import WORKING_POINT, total_ebops
from benchmarks.quantization.runs import Pair
from benchmarks.quantization.scoring import fused_scores_of, scores_of
from edgeood.hardware.cost import cost
from edgeood.recipe import ParticleNetLite

FIGURES = {
    "cycles": ("cycle-sim", "latency"),
    "ii": ("cycle-sim", "interval"),
    "latency_ns": ("cycle-sim", "latency_ns"),
    "lut": ("yosys-xcup", "lut"),
    "ff": ("yosys-xcup", "ff"),
    "dsp": ("yosys-xcup", "dsp"),
    "bram": ("yosys-xcup", "bram"),
    "lut_estimate": ("model", "lut"),
}
"""Column of a row → provenance and name of the figure there (:mod:`edgeood.hardware.cost`)."""


@dataclass(frozen=True)
class Row:
    """One line of ``firmware.json``. Measured values are pairs with their errors, means over all signals."""

    detector: str
    """The run's name."""
    network: str
    inputs: str
    """What it sees of a jet, for people."""
    neighbours: str
    """How an edge is chosen: ``6 nearest``, or ``all``."""
    channels: int
    """Of the edge layer."""
    toolkit: str
    score: str
    bits_weights: int
    bits_activations: int
    ebops: int
    auroc: Compared
    """Within mass (flattened), of float and quantized network."""
    efficiency: Compared
    """Of the signals within mass, where 1 % of the background passes."""
    working_point: float
    """Background efficiency of the next two."""
    jsd_at_working_point: Measured
    """Bit, of one threshold for all masses."""
    jsd_by_chance: float
    decides_by_mass: bool
    """Whether the RTL holds a threshold for each mass, and the figures below count it."""
    clock_ns: float | None
    """That the design was made for; no tool has confirmed it."""
    cycles: float | None
    """From input to decision."""
    ii: float | None
    latency_ns: float | None
    lut: float | None
    ff: float | None
    dsp: float | None
    bram: float | None
    lut_estimate: float | None
    provenance: Mapping[str, str]
    """Column → where its number comes from."""
    missing: Sequence[str]
    """What was not measured, and why."""
    mismatches: int
    """Scores and decisions that any two engines computed differently."""
    compared: Mapping[str, int]
    """Engine → jets that it was compared on."""
    jets: int
    """Tested on."""

    def headline(self) -> dict[str, Any]:
        """The numbers that say most."""
        (auroc_float, _), (auroc_quantized, error) = self.auroc.teacher, self.auroc.twin
        return {
            "detector": self.detector,
            "bits": max(self.bits_weights, self.bits_activations),
            "auroc_float": auroc_float,
            "auroc_quantized": auroc_quantized,
            "error": error,
        }


def rows_of(
    pair: Pair,
    measuring: Measuring,
    comparison: Comparison,
    files: Sequence[Path],
    folder: Path,
    limit_s: float | None,
    tell: Callable[[str], None],
    only: Sequence[str] = (),
) -> list[Row]:
    """A row for each fused score that firmware can compute of a twin, or for those of the names ``only``.

    Its RTL is exported and compared with the other engines, then measured; ``limit_s`` is the longest that one
    synthesis may take. Scores and comparisons are kept in ``folder``, simulations and syntheses in the user's cache.
    """
    test, twin = measuring.test, pair.twin
    scores = {run.path.name: scores_of(run, test, folder, tell) for run in (pair.teacher, twin)}
    names = [name for name in fused_scores_of(twin) if not only or name in only]
    agreement = compare(twin, names, comparison, files, folder, tell)
    report = cost([twin.path], folder / f"cost-{twin.path.name}", names, limit_s=limit_s, tell=tell)
    priced = {row["score"]: row for row in report["rows"]}
    ebops = total_ebops(twin, names)
    recipe, design = twin.recipe, design_of(twin.recipe)
    assert isinstance(recipe.network, ParticleNetLite)
    rows = []
    for name in names:
        flattened = [measuring.within_mass(scores[run.path.name][name]) for run in (pair.teacher, twin)]
        detection = measuring.detection(flattened)
        price, agreed = priced[name], agreement[name]
        rows.append(
            Row(
                detector=twin.path.name,
                network=design.network,
                inputs=design.inputs_label,
                neighbours=neighbours_of(recipe.network, design.size),
                channels=recipe.network.blocks[0].edge,
                toolkit=design.toolkit,
                score=name,
                bits_weights=design.bits_weights,
                bits_activations=design.bits_activations,
                ebops=ebops[name],
                auroc=detection.compared(MEAN, "auroc"),
                efficiency=detection.compared(MEAN, f"efficiency_at_{WORKING_POINT}"),
                working_point=float(WORKING_POINT),
                jsd_at_working_point=measuring.sculpting(twin.path.name, name, scores[twin.path.name][name])[
                    WORKING_POINT
                ]["jsd"],
                jsd_by_chance=measuring.chance[WORKING_POINT]["mean"]["jsd"],
                decides_by_mass="calibration" in twin.manifest,
                clock_ns=price["clock_ns"],
                **figures_of(price["figures"]),
                missing=tuple(price["missing"]),
                mismatches=agreed["mismatches"] + agreed["decision_mismatches"],
                compared=agreed["compared"],
                jets=len(test.jets),
            )
        )
    return rows


def neighbours_of(network: ParticleNetLite, candidates: int) -> str:
    """How an edge is chosen, for people: with room for all others, nothing is."""
    return "all" if network.neighbours >= candidates - 1 else f"{network.neighbours} nearest"


def figures_of(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The columns of :data:`FIGURES`, None where there is none, and ``provenance`` of the others."""
    found = {
        column: figures.get(provenance, {}).get(name, {}).get("value")
        for column, (provenance, name) in FIGURES.items()
    }
    known = {column: FIGURES[column][0] for column, value in found.items() if value is not None}
    return {**found, "provenance": known}
