"""The rows as Markdown: where a trigger works, mass-blind decisions, AUROC, engines, goals and what misses them."""

from collections.abc import Sequence

from benchmarks.quantization.designs import NETWORKS
from benchmarks.quantization.goals import goals_section
from benchmarks.quantization.jets import HeldOutJets
from benchmarks.quantization.row_tables import (
    NOT_COMPARED,
    auroc_table,
    decision_table,
    full_table,
    working_point_table,
)
from benchmarks.quantization.rows import Row
from edgeood.evaluation.labels import jet_label, score_label

_INTRODUCTION = """\
# Quantized twins

`python -m benchmarks.quantization`: float networks, their quantized twins, and the score that firmware computes.

{tasks} No network has seen these jets, and no threshold was fitted on them. Values of several signals are their mean
(`quantization.json` has each); errors are the bootstrap's, of the decisions' efficiencies binomial. Weights and
activations are the widest of a hidden layer (all before the representation; inputs keep the bits that they come in,
and biases may be wider); EBOPs are effective bit operations of network and score for one jet
(`edgeood/fixed_point/bit_operations.py`), the weights counted at every pixel or constituent."""

_WORKING_POINT = """\
ε_S is the share of the signal that passes where the stated share of QCD does, *within mass*: each score is compared
with those of QCD jets of the same mass. JSD and W₂ are between the mass spectra of all QCD jets and of the 1 % that
pass one threshold for all masses. Both are above zero for any finite sample: "by chance" is the mean for scores that
know nothing of mass. Mismatches are integer scores on which any two engines disagree, on jets and on corner inputs."""

_DECISIONS = """\
Calibrated twins have a threshold for each mass (`edgeood calibrate`): ε_B is the share of QCD that passes it, and 95 %
of decisions that know nothing of mass stay below the second of the two numbers by chance. Mismatches are decisions on
which any two engines disagree."""

_AUROC = """\
Of the scores as they are, and within mass. Δ is quantized minus float, with the error of the difference on the same
jets. JSD is between the mass spectra of all QCD jets and of their most anomalous half, as the papers have it."""


def markdown(rows: Sequence[Row], tests: Sequence[tuple[Sequence[str], HeldOutJets]]) -> str:
    """The whole report; ``tests`` are kinds of networks, and the jets that they were tested on."""
    tasks = " ".join(_task(networks, test) for networks, test in tests)
    blocks = [_INTRODUCTION.format(tasks=tasks)]
    blocks += ["## At a trigger's working point", _WORKING_POINT, working_point_table(rows)]
    if decisions := decision_table(rows):
        blocks += ["## The mass-blind decision", _DECISIONS, decisions]
    blocks += ["## AUROC, and sculpting at one half", _AUROC, auroc_table(rows)]
    if full := full_table(rows):
        blocks += ["## ParticleNet-lite against the full ParticleNet", full]
    return "\n\n".join([*blocks, "## Engines", _engines(rows), "## Goals", goals_section(rows)]) + "\n"


def _task(networks: Sequence[str], test: HeldOutJets) -> str:
    names = ", ".join(NETWORKS[name] for name in dict.fromkeys(networks))
    signals = ", ".join(jet_label(name) for name in test.signals)
    where = "of files of their own" if test.fresh else "of the split's test jets"
    return (
        f"{names}: {signals} against QCD, on {len(test.jets):,} jets, {int(test.background.sum()):,} of them QCD "
        f"({where})."
    )


def _engines(rows: Sequence[Row]) -> str:
    """One line for each twin."""
    twins: dict[str, list[Row]] = {}
    for row in rows:
        twins.setdefault(row.run, []).append(row)
    lines = []
    for own in twins.values():
        first, told = own[0], NOT_COMPARED
        if first.compared:
            told = (
                ", ".join(f"{name} {count:,}" for name, count in first.compared.items())
                + " jets; mismatches: "
            )
            told += ", ".join(
                f"{score_label(row.score)} {row.mismatches} and {row.decision_mismatches} of decisions"
                for row in own
            )
        lines.append(
            f"- {first.design.label}: {told}. Trained on {first.trained_jets:,} jets, {first.epochs} epochs."
        )
    return "\n".join(lines)
