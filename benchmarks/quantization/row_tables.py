"""Markdown tables of rows, one line a row; values of several signals are their mean."""

import math
from collections.abc import Sequence
from typing import Any

from benchmarks.quantization.designs import NETWORKS, TOOLKITS
from benchmarks.quantization.measures import EFFICIENCY, MEAN, Compared, Measured
from benchmarks.quantization.rows import ONE_HALF, WORKING_POINT, Row
from edgeood.evaluation.labels import score_label
from edgeood.evaluation.tables import format_measured

NOT_COMPARED = "not compared"
_NAMES = ("network", "inputs", "toolkit", "weights", "activations", "score")
_WORDS = 3


def _names(row: Row) -> list[str]:
    design = row.design
    bits = [f"{design.bits_weights} bits", f"{design.bits_activations} bits"]
    return [
        NETWORKS[row.network],
        design.inputs_label,
        TOOLKITS[row.toolkit],
        *bits,
        score_label(row.score),
    ]


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    words = [name in (*_NAMES[:_WORDS], "score") for name in head]
    rule = ["---" if word else "--:" for word in words]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *lines))


def percent(share: str) -> str:
    """A background efficiency, for people."""
    return f"{100 * float(share):g} %"


def working_point_table(rows: Sequence[Row]) -> str:
    """Efficiency within mass where a trigger works, and what one threshold does to the mass spectrum there."""
    points = sorted({name for row in rows for name in row.within_mass[MEAN] if name.startswith(EFFICIENCY)})
    points.sort(key=lambda name: -float(name.removeprefix(EFFICIENCY)))
    head = [*_NAMES, "EBOPs"]
    for point in points:
        head += [f"ε_S at {percent(point.removeprefix(EFFICIENCY))} [%], float", "quantized"]
    at = percent(WORKING_POINT)
    head += [f"JSD at {at} [bit], float", "quantized", "by chance"]
    head += [f"W₂ at {at} [GeV], float", "quantized", "by chance", "mismatches"]
    lines = []
    for row in rows:
        cells = [*_names(row), f"{row.ebops:,}"]
        for point in points:
            compared = row.within_mass[MEAN].get(point)
            cells += [_percents(compared.teacher), _percents(compared.twin)] if compared else ["", ""]
        for measure in ("jsd", "wasserstein_gev"):
            cells += [
                format_measured(row.sculpting[of][WORKING_POINT][measure]) for of in ("teacher", "twin")
            ]
            cells.append(f"{row.sculpting['chance'][WORKING_POINT]['mean'][measure]:.2g}")
        lines.append([*cells, _count(row.mismatches)])
    return _table(head, lines)


def decision_table(rows: Sequence[Row]) -> str:
    """What the mass-blind decisions of calibrated twins do; empty if none was calibrated."""
    head = [*_NAMES, "at", "ε_B [%]", "JSD [bit]", "by chance, 95 %", "W₂ [GeV]", "by chance, 95 %"]
    head += ["ε_S [%]", "mismatches"]
    lines = []
    for row in rows:
        for share, own in row.decisions.items():
            blind, noise = own["mass_blind"], own["sculpting_noise"]
            cells = [*_names(row), percent(share), _percents(blind["background"])]
            for measure in ("jsd", "wasserstein_gev"):
                mean, most = noise["mean"][measure], noise["q95"][measure]
                cells += [format_measured(blind["sculpting"][measure]), f"{mean:.2g}, {most:.2g}"]
            lines.append([*cells, _percents(mean_efficiency(blind)), _count(row.decision_mismatches)])
    head = [name.replace("by chance, 95 %", "by chance: mean, 95 %") for name in head]
    return _table(head, lines) if lines else ""


def mean_efficiency(measured: dict[str, Any]) -> Measured:
    """Mean over the signals of the share that passes a decision."""
    pairs = [own["efficiency"] for own in measured["signals"].values()]
    return sum(pair[0] for pair in pairs) / len(pairs), math.hypot(*(pair[1] for pair in pairs)) / len(pairs)


def auroc_table(rows: Sequence[Row]) -> str:
    """AUROC of the scores as they are and within mass, and the mass spectrum where half of the background passes."""
    head = [*_NAMES, "AUROC, float", "quantized", "Δ", "within mass, float", "quantized", "Δ"]
    head += ["JSD at one half [bit], float", "quantized", "by chance"]
    lines = []
    for row in rows:
        cells = _names(row)
        for measured in (row.detection, row.within_mass):
            compared = measured[MEAN]["auroc"]
            cells += [format_measured(compared.teacher), format_measured(compared.twin), _signed(compared)]
        cells += [format_measured(row.jsd(ONE_HALF, of)) for of in ("teacher", "twin")]
        lines.append([*cells, f"{row.sculpting['chance'][ONE_HALF]['mean']['jsd']:.2g}"])
    return _table(head, lines)


def full_table(rows: Sequence[Row]) -> str:
    """Beside the full ParticleNet; empty if there is none."""
    own = [row for row in rows if row.full]
    head = [*_NAMES, "AUROC: full, float", "lite, float", "lite, quantized"]
    head += ["within mass: full, float", "lite, float", "lite, quantized"]
    lines = []
    for row in own:
        cells = _names(row)
        for measured, full in ((row.detection, "auroc"), (row.within_mass, "within_mass")):
            compared = measured[MEAN]["auroc"]
            cells += [format_measured(pair) for pair in (row.full[full], compared.teacher, compared.twin)]
        lines.append(cells)
    return _table(head, lines) if lines else ""


def _percents(pair: Sequence[float]) -> str:
    return format_measured([100 * number for number in pair])


def _signed(compared: Compared) -> str:
    return "+" * (compared.difference[0] >= 0) + format_measured(compared.difference)


def _count(mismatches: int | None) -> str:
    return NOT_COMPARED if mismatches is None else str(mismatches)
