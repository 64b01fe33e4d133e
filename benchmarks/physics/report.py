"""The rows as Markdown: one group of tables for each table of the benchmark, published values beside ours."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.physics.goals import goals_table
from benchmarks.physics.row_tables import (
    EXTENT,
    auroc_table,
    brief_table,
    names_of,
    one_half_table,
    working_point_table,
)
from benchmarks.physics.rows import Row, compared
from benchmarks.physics.scales import Scale
from benchmarks.physics.systems import BASELINES, TABLES
from edgeood.evaluation.detection import SIGNAL_FLOOR

NOTES = Path(__file__).with_name("notes.md")

_INTRODUCTION = """\
# Physics benchmark

`python -m benchmarks.physics --scale {scale}`: {description}

CC22 is Cheng & Courville, JHEP 10 (2022) 152, arXiv:2201.07199 (set A: signals against QCD, jets of 550 to
650 GeV); GZ24 is Gandrakota et al., arXiv:2401.08777 (set B: top against QCD, jets of 1 TeV). Our jets are made
by `edgeood generate cheng2022` and `gandrakota2024`, so a number of ours and its published neighbour are of the
same processes but not of the same jets. Scores are −p(QCD) and the Mahalanobis distance to QCD in the
representation (set A, CC22), max-logit and the Mahalanobis distance to the nearest known class (set B, GZ24).
"Flattened in mass" is the same score compared with QCD jets of the same mass
(`edgeood/scores/mass_flattening.py`), fitted on one half of the test jets for the other. The QCD jets that everything
is measured on are of files that no training has read.

The first table of each section is about where a trigger works. ε_S is the share of the signal that passes where 1 %
(0.1 %) of QCD does, with the significance improvement (SIC) ε_S / √ε_B in parentheses; JSD and W₂ compare the mass
spectrum of the QCD jets that pass with that of all. Both are above zero for any finite sample: "by chance" is the
mean for scores that know nothing of mass.

An error marked ˢ is the standard deviation over trainings with different seeds (the value is their mean),
any other the bootstrap's of the test jets. In the tables at one half, as the papers have it, 1/ε_B is at a signal
efficiency of one half; the maximum of SIC is over ε_S ≥ {floor:g} and background efficiencies
that at least 25 jets measure. JSD, √JSD and W₂ compare the mass spectrum of all QCD jets with that of the most
anomalous half; what GZ24 call JSD is filed as √JSD (`edgeood/evaluation/published.py` says why). Jets are those
of one training. Published values are in parentheses, or under "paper"; Δ is ours minus theirs."""


def markdown(rows: Sequence[Row], scale_name: str, scale: Scale, missing: Sequence[str]) -> str:
    """The whole report; ``missing`` are names of systems that have no rows yet."""
    blocks = [_INTRODUCTION.format(scale=scale_name, description=scale.description, floor=SIGNAL_FLOOR)]
    if missing:
        blocks.append(f"**Not trained yet: {', '.join(missing)}.**")
    blocks += ["## Goals", goals_table(rows)]
    for table, title in TABLES.items():
        own = [row for row in rows if row.table == table]
        if own and table == "ablation":
            own = [row for row in rows if row.system in BASELINES] + own
        if own:
            blocks += [f"## {title}", *_tables(own)]
    blocks += ["## Below the papers", _below(rows)]
    if NOTES.is_file():
        blocks.append(NOTES.read_text(encoding="utf-8").strip())
    return "\n\n".join(blocks) + "\n"


def _tables(rows: Sequence[Row]) -> list[str]:
    """Caption and tables of one table's rows: the papers' scores in full, all other scores briefly."""
    papers = [row for row in rows if row.at_working_points]
    others = [row for row in rows if not row.at_working_points]
    blocks = [
        _caption(rows),
        "At the trigger's working point (ε_S in %, SIC in parentheses):",
        working_point_table(papers),
        "AUROC:",
        auroc_table(papers),
        "At one half, detection and mass sculpting:",
        one_half_table(papers),
    ]
    if others:
        blocks += ["Other scores of the same networks, AUROC:", brief_table(others)]
    return blocks


def _caption(rows: Sequence[Row]) -> str:
    extents = [f"{field} {_range(getattr(row, field) for row in rows)}" for field in EXTENT]
    background = _range(row.test_background for row in rows)
    return f"Trained with: {', '.join(extents)}. Tested on {background} QCD jets."


def _range(values: Iterable[int]) -> str:
    found = sorted(set(values))
    return f"{found[0]:,}" if len(found) == 1 else f"{found[0]:,}–{found[-1]:,}"


def _below(rows: Sequence[Row]) -> str:
    """Every AUROC that is smaller than the paper's, the furthest first."""
    beside = compared(rows)
    below = [(row, above) for row, above in beside if above < 0]
    if not beside:
        return "Nothing here has been published."
    lines = [f"{len(below)} of the {len(beside)} AUROCs that have been published are below the papers'."]
    for row, above in sorted(below, key=lambda pair: pair[1]):
        error = math.hypot(row.error or 0, row.published_measures["auroc"][1] or 0)
        sigma = f", {-above / error:.1f}σ" if error else ""
        lines.append(
            f"- {', '.join(names_of(row.system, row.score))}, {row.signal}: {row.auroc:.3f} against "
            f"{row.published:.3f} ({above:+.3f}{sigma})"
        )
    return "\n".join([lines[0], "", *lines[1:]]) if below else lines[0]
