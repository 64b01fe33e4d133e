"""The rows as Markdown: the table, the goals, and what is not reached."""

from collections.abc import Sequence

from benchmarks.quantization.jets import HeldOutJets
from benchmarks.quantization.rows import Row
from benchmarks.quantization.runs import NETWORKS, TOOLKITS
from edgeood.evaluation.labels import jet_label, score_label
from edgeood.evaluation.tables import format_measured

LARGEST_LOSS = 0.005
"""Of AUROC, by quantization to at most :data:`MOST_BITS` bits."""
MOST_BITS = 8
LARGEST_SCULPTING = 0.02
"""Of the JSD, more than the float network's."""

_INTRODUCTION = """\
# Quantized twins

`python -m benchmarks.quantization`: float networks, their quantized twins, and the score that firmware computes.

{tasks} No network has seen these jets; errors are the
bootstrap's. Δ is quantized minus float, with the error of the difference on the same jets. JSD (bits) is
between the mass spectra of all QCD jets and of their most anomalous half. Bits are those of the widest weight or
activation of a hidden layer (all before the representation; inputs keep the bits that they come in, and biases may
be wider); EBOPs are effective bit operations of network and
score for one jet (`edgeood/fixed_point/bit_operations.py`), the weights counted at every pixel or
constituent. Mismatches are integer scores on which any two engines disagree, on jets and on corner inputs."""


def markdown(rows: Sequence[Row], tests: Sequence[tuple[str, HeldOutJets]]) -> str:
    """The whole report; ``tests`` are the jets that each kind of network was tested on."""
    introduction = _INTRODUCTION.format(tasks=" ".join(_task(network, test) for network, test in tests))
    blocks = [introduction, _table(rows), "## Engines", _engines(rows)]
    if full := _full(rows):
        blocks += ["## ParticleNet-lite against the full ParticleNet", full]
    return "\n\n".join([*blocks, "## Goals", _goals(rows)]) + "\n"


def _task(network: str, test: HeldOutJets) -> str:
    signals = ", ".join(jet_label(name) for name in test.signals)
    return (
        f"{NETWORKS[network]}: AUROC of {signals} against QCD on {len(test.jets):,} jets, "
        f"{int(test.background.sum()):,} of them QCD."
    )


def name_of(row: Row) -> str:
    """How the report names a row."""
    return f"{NETWORKS[row.network]}, {TOOLKITS[row.toolkit]}, {score_label(row.score)}"


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> str:
    marks = ["---"] * left + ["--:"] * (len(head) - left)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, marks, *rows))


def _table(rows: Sequence[Row]) -> str:
    head = ["network", "toolkit", "score", "bits", "EBOPs", "AUROC float", "quantized", "Δ"]
    head += ["JSD float", "quantized", "mismatches"]
    return _lines(
        head,
        [
            [
                NETWORKS[row.network],
                TOOLKITS[row.toolkit],
                score_label(row.score),
                str(row.bits),
                f"{row.ebops:,}",
                format_measured((row.auroc_float, row.error_float)),
                format_measured((row.auroc_quantized, row.error)),
                _signed(row),
                format_measured((row.jsd_float, row.jsd_float_error)),
                format_measured((row.jsd_quantized, row.jsd_quantized_error)),
                str(row.mismatches),
            ]
            for row in rows
        ],
        3,
    )


def _signed(row: Row) -> str:
    return ("+" if row.difference >= 0 else "") + format_measured((row.difference, row.difference_error))


def _engines(rows: Sequence[Row]) -> str:
    return "\n".join(
        f"- {name_of(row)}: {', '.join(f'{name} {count:,}' for name, count in row.compared.items())} jets; "
        f"{row.mismatches} mismatches. Trained on {row.trained_jets:,} jets, {row.epochs} epochs."
        for row in rows
    )


def _full(rows: Sequence[Row]) -> str:
    own = [row for row in rows if row.auroc_full is not None]
    return _lines(
        ["toolkit", "score", "full, float", "lite, float", "lite, quantized"],
        [
            [
                TOOLKITS[row.toolkit],
                score_label(row.score),
                format_measured((row.auroc_full, row.error_full)),
                format_measured((row.auroc_float, row.error_float)),
                format_measured((row.auroc_quantized, row.error)),
            ]
            for row in own
        ],
        2,
    ) * bool(own)


def missed(row: Row) -> list[str]:
    """The goals that a row misses, in words."""
    found = []
    if row.mismatches:
        found.append(f"{row.mismatches} mismatches")
    if row.bits > MOST_BITS:
        found.append(f"{row.bits} bits, more than {MOST_BITS}")
    if row.difference < -LARGEST_LOSS:
        found.append(
            f"AUROC {format_measured((-row.difference, row.difference_error))} below the float network's"
        )
    if row.jsd_quantized - row.jsd_float > LARGEST_SCULPTING:
        found.append(f"JSD {row.jsd_quantized - row.jsd_float:.3f} above the float network's")
    return found


def _goals(rows: Sequence[Row]) -> str:
    goals = (
        f"No mismatch; AUROC at most {LARGEST_LOSS:g} below the float network's at {MOST_BITS} bits or fewer; JSD at "
        f"most {LARGEST_SCULPTING:g} above it. "
    )
    lines = [f"- {name_of(row)}: {', '.join(missed(row))}." for row in rows if missed(row)]
    return goals + ("\n\n".join(["Missed:", "\n".join(lines)]) if lines else "All rows reach them.")
