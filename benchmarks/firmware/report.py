"""The rows as Markdown: detection beside latency and resources, and how far the reach table is met."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.firmware.rows import Row
from benchmarks.physics.row_tables import markdown_table
from benchmarks.quantization.designs import NETWORKS, TOOLKITS
from benchmarks.quantization.jets import HeldOutJets
from edgeood.evaluation.labels import score_label
from edgeood.evaluation.tables import format_measured

_INTRODUCTION = """\
# The price of a decision

`python -m benchmarks.firmware`: float AUROC, quantized AUROC, latency and resources of RTL made with open tools alone.

{task} AUROC and ε_S (where 1 % of QCD passes) are *within mass*, means over the signals; JSD is of the QCD mass
spectrum at 1 % for one threshold, beside what chance gives. **Clocks** and interval (II) are counted in a simulation of
the RTL with jets back to back (`cycle-sim`), nanoseconds are clocks times the period that the design was made for,
which no tool has confirmed. **LUT, FF, DSP** are cells after yosys' synthesis for UltraScale+ (`yosys-xcup`): without
placement, and look-up tables not packed, so that their number is an upper bound. **Estimate** is alkaid's, before
synthesis (`model`). All inputs are the trigger's integers. Mismatches are scores and decisions, of jets and corner
inputs, on which any two engines disagree."""


@dataclass(frozen=True)
class Reach:
    """What a design is meant to cost."""

    what: str
    candidates: int
    chooses: bool
    """Whether neighbours are chosen among the others."""
    hard: tuple[int, int]
    """LUT and clock edges from input to output."""
    least: tuple[int, int]

    def belongs(self, row: Row) -> bool:
        """Whether a row is of such a design."""
        return row.inputs.startswith(f"{self.candidates} ") and self.chooses == (row.neighbours != "all")


REACH = (
    Reach("ParticleNet-lite, 8 candidates, nearest neighbours", 8, True, (50_000, 16), (80_000, 20)),
    Reach("ParticleNet-lite, 16 candidates, nearest neighbours", 16, True, (80_000, 20), (130_000, 22)),
    Reach("ParticleNet-lite, 16 candidates, all others", 16, False, (45_000, 16), (70_000, 20)),
    Reach("ParticleNet-lite, 32 candidates, all others", 32, False, (120_000, 20), (0, 0)),
)


def markdown(rows: Sequence[Row], test: HeldOutJets) -> str:
    """The whole report."""
    signals = ", ".join(test.signals)
    where = "of files of their own" if test.fresh else "of the split's test jets"
    task = (
        f"{signals} against QCD, on {len(test.jets):,} jets, {int(test.background.sum()):,} of them QCD ({where}), "
        "which no network has seen."
    )
    blocks = [_INTRODUCTION.format(task=task), _table(rows), "## Reach", _reach(rows)]
    missing = [f"- {row.detector}, {score_label(row.score)}: {why}" for row in rows for why in row.missing]
    if missing:
        blocks += ["Not measured:", "\n".join(missing)]
    return "\n\n".join([*blocks, "## Engines", _engines(rows)]) + "\n"


def _table(rows: Sequence[Row]) -> str:
    head = ["network", "inputs", "neighbours", "score", "bits of weights, activations", "EBOPs"]
    head += ["AUROC, float", "quantized", "ε_S [%], float", "quantized", "JSD [bit]", "by chance"]
    head += ["clocks", "II", "ns at clock", "LUT", "FF", "DSP", "LUT, estimate", "mismatches"]
    lines = []
    for row in rows:
        percents = [
            format_measured((100 * v, 100 * e)) for v, e in (row.efficiency.teacher, row.efficiency.twin)
        ]
        lines.append(
            [
                f"{NETWORKS[row.network]}, {row.channels} channels, {TOOLKITS[row.toolkit]}",
                row.inputs,
                row.neighbours,
                score_label(row.score) + (", a threshold for each mass" if row.decides_by_mass else ""),
                f"{row.bits_weights}, {row.bits_activations}",
                f"{row.ebops:,}",
                format_measured(row.auroc.teacher),
                format_measured(row.auroc.twin),
                *percents,
                format_measured(row.jsd_at_working_point),
                f"{row.jsd_by_chance:.3f}",
                _count(row.cycles),
                _count(row.ii),
                "–" if row.latency_ns is None else f"{row.latency_ns:g} at {row.clock_ns:g}",
                *(_count(value) for value in (row.lut, row.ff, row.dsp, row.lut_estimate)),
                str(row.mismatches),
            ]
        )
    return markdown_table(head, lines, words=4)


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _reach(rows: Sequence[Row]) -> str:
    """The cheapest synthesised row of each design beside its bounds."""
    head = ["design", "reached", "hard", "at least", "LUT", "clocks", "quantized − float AUROC"]
    lines = []
    for reach in REACH:
        own = [row for row in rows if reach.belongs(row) and row.lut is not None and row.cycles is not None]
        verdict, cells = "not measured", ["–", "–", "–"]
        if own:
            best = min(own, key=lambda row: row.lut or 0)
            cells = [
                _count(best.lut),
                _count(best.cycles),
                f"{best.auroc.difference[0]:+.4f}",
            ]
            verdict = _verdict(reach, best)
        least = "runs" if reach.least == (0, 0) else _bounds(reach.least)
        lines.append([reach.what, verdict, _bounds(reach.hard), least, *cells])
    return markdown_table(head, lines, words=4)


def _verdict(reach: Reach, row: Row) -> str:
    assert row.lut is not None
    assert row.cycles is not None
    if row.lut <= reach.hard[0] and row.cycles <= reach.hard[1]:
        return "hard"
    if reach.least == (0, 0) or (row.lut <= reach.least[0] and row.cycles <= reach.least[1]):
        return "at least"
    return "no"


def _bounds(bounds: tuple[int, int]) -> str:
    return f"≤ {bounds[0]:,} LUT, ≤ {bounds[1]} clocks"


def _engines(rows: Sequence[Row]) -> str:
    lines = []
    for row in rows:
        told = ", ".join(f"{name} {count:,}" for name, count in row.compared.items())
        lines.append(
            f"- {row.detector}, {score_label(row.score)}: {told} jets; mismatches: {row.mismatches}."
        )
    return "\n".join(lines)
