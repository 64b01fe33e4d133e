"""What quantization may cost, and which rows it costs more."""

import math
from collections.abc import Sequence

from benchmarks.quantization.measures import MEAN
from benchmarks.quantization.rows import WORKING_POINT, Row
from edgeood.evaluation.labels import score_label
from edgeood.evaluation.tables import format_measured

LARGEST_LOSS = {4: 0.02, 6: 0.01, 8: 0.005}
"""Bits of the widest hidden weight or activation, at most → how far the AUROC within mass may be below the float
network's, in the mean over the signals."""
NOISE = 2.0
"""How far the JSD may be above the float network's, in errors of both added in quadrature."""


def largest_loss(bits: int) -> float | None:
    """What a twin of so many bits may lose; None if it has more bits than there is a goal for."""
    return next((loss for most, loss in sorted(LARGEST_LOSS.items()) if bits <= most), None)


def missed(row: Row) -> list[str]:
    """The goals that a row misses, in words."""
    found = []
    for count, what in ((row.mismatches, "mismatches"), (row.decision_mismatches, "mismatches of decisions")):
        if count:
            found.append(f"{count} {what}")
    bits, loss = row.design.bits, row.within_mass[MEAN]["auroc"].difference
    allowed = largest_loss(bits)
    if allowed is None:
        found.append(f"{bits} bits, more than {max(LARGEST_LOSS)}")
    elif -loss[0] > allowed:
        found.append(
            f"AUROC within mass {format_measured((-loss[0], loss[1]))} below the float network's, more than "
            f"{allowed:g}"
        )
    (teacher, teacher_error), (twin, twin_error) = (row.jsd(WORKING_POINT, of) for of in ("teacher", "twin"))
    noise = NOISE * math.hypot(teacher_error, twin_error)
    if twin - teacher > noise:
        found.append(
            f"JSD at 1 % {twin - teacher:.3f} above the float network's, more than the noise, {noise:.3f}"
        )
    return found


def goals_section(rows: Sequence[Row]) -> str:
    """The goals, and the rows that miss one, numbered."""
    losses = ", ".join(f"{loss:g} ({bits} bits)" for bits, loss in sorted(LARGEST_LOSS.items(), reverse=True))
    goals = (
        f"AUROC within mass at most {losses} below the float network's, in the mean over the signals; JSD where one "
        f"threshold lets 1 % of the background pass at most {NOISE:g} errors (both added in quadrature) above "
        "the float network's; no mismatch."
    )
    if any(row.mismatches is None for row in rows):
        goals += " Engines were not compared."
    lines = [
        f"{row.design.label}, {score_label(row.score)}: {'; '.join(missed(row))}."
        for row in rows
        if missed(row)
    ]
    if not lines:
        return f"{goals} All {len(rows)} rows reach them."
    numbered = [f"{number}. {line}" for number, line in enumerate(lines, 1)]
    return f"{goals} Missed by {len(lines)} of {len(rows)} rows:\n\n" + "\n".join(numbered)
