"""The rows as Markdown: one group of tables for each table of the benchmark, published values beside ours."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.physics.rows import Row
from benchmarks.physics.scales import Scale
from benchmarks.physics.systems import ABLATIONS, BASELINES, SYSTEMS, TABLES, System
from edgeood.evaluation.detection import SIGNAL_FLOOR
from edgeood.evaluation.labels import FLATTENED, score_label
from edgeood.evaluation.tables import format_measured

NOTES = Path(__file__).with_name("notes.md")
_SYSTEMS = {system.name: system for system in (*SYSTEMS, *ABLATIONS)}
_EXTENT = ("jets", "epochs", "seeds", "constituents")
_BACKGROUND_MEASURES = {
    "jsd": "JSD [bit]",
    "js_distance": "√JSD",
    "wasserstein_gev": "W₂ [GeV]",
    "spearman_mass": "ρ(score, mass)",
}

_INTRODUCTION = """\
# Physics benchmark

`python -m benchmarks.physics --scale {scale}`: {description}

CC22 is Cheng & Courville, JHEP 10 (2022) 152, arXiv:2201.07199 (set A: signals against QCD, jets of 550 to
650 GeV); GZ24 is Gandrakota et al., arXiv:2401.08777 (set B: top against QCD, jets of 1 TeV). Our jets are made
by `edgeood generate cheng2022` and `gandrakota2024`, so a number of ours and its published neighbour are of the
same processes but not of the same jets. Scores are −p(QCD) and the Mahalanobis distance to QCD in the
representation (set A, CC22), max-logit and the Mahalanobis distance to the nearest known class (set B, GZ24).
"Flattened in mass" is the same score compared with QCD jets of the same mass
(`edgeood/scores/mass_flattening.py`), fitted on one half of the test jets for the other.

An error marked ˢ is the standard deviation over trainings with different seeds (the value is their mean),
any other the bootstrap's of the test jets. 1/ε_B is at a signal efficiency ε_S of one half, where the
significance improvement (SIC) is ½ √(1/ε_B); its maximum is over ε_S ≥ {floor:g} and background efficiencies
that at least 25 jets measure. JSD, √JSD and W₂ compare the mass spectrum of all QCD jets with that of the most
anomalous half; what GZ24 call JSD is filed as √JSD (`edgeood/evaluation/published.py` says why). Jets are those
of one training. Published values are in parentheses, or under "paper"; Δ is ours minus theirs."""


def markdown(rows: Sequence[Row], scale_name: str, scale: Scale, missing: Sequence[str]) -> str:
    """The whole report; ``missing`` are names of systems that have no rows yet."""
    blocks = [_INTRODUCTION.format(scale=scale_name, description=scale.description, floor=SIGNAL_FLOOR)]
    if missing:
        blocks.append(f"**Not trained yet: {', '.join(missing)}.**")
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
    papers = [row for row in rows if row.score.removesuffix(FLATTENED) in _SYSTEMS[row.system].labels]
    others = [row for row in rows if row not in papers]
    blocks = [
        _caption(rows),
        "AUROC:",
        _auroc(papers),
        "Working point and mass sculpting:",
        _measures(papers),
    ]
    if others:
        blocks += ["Other scores of the same networks, AUROC:", _others(others)]
    return blocks


def _caption(rows: Sequence[Row]) -> str:
    extents = [f"{field} {_range(getattr(row, field) for row in rows)}" for field in _EXTENT]
    background = _range(row.test_background for row in rows)
    return f"Trained with: {', '.join(extents)}. Tested on {background} QCD jets."


def _range(values: Iterable[int]) -> str:
    found = sorted(set(values))
    return f"{found[0]:,}" if len(found) == 1 else f"{found[0]:,}–{found[-1]:,}"


def _grouped(rows: Sequence[Row]) -> dict[tuple[str, str], dict[str, Row]]:
    """(System, score) → signal → row."""
    grouped: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        grouped.setdefault((row.system, row.score), {})[row.signal] = row
    return grouped


def _signals(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.signal for row in rows))


def _names(system: str, score: str) -> list[str]:
    known: System = _SYSTEMS[system]
    if score.endswith(FLATTENED):
        title, label = _names(system, score.removesuffix(FLATTENED))
        return [title, f"{label}, flattened in mass"]
    if score in known.labels:
        return [known.title, known.labels[score]]
    # "Mahalanobis" alone would be taken for CC22's, to the background.
    return [known.title, "Mahalanobis to the nearest class" if score == "mahalanobis" else score_label(score)]


def _auroc(rows: Sequence[Row]) -> str:
    signals = _signals(rows)
    compared = {row.signal for row in rows if row.published is not None}
    head = ["system", "score"]
    for signal in signals:
        head += [signal, "paper", "Δ"] if signal in compared else [signal]
    lines = []
    for (system, score), own in _grouped(rows).items():
        cells = _names(system, score)
        for signal in signals:
            row = own.get(signal)
            cells.append(_value(row, "auroc") if row else "")
            cells += _paper(row) if signal in compared else []
        first = next(iter(own.values()))
        lines.append([*cells, *(f"{getattr(first, field):,}" for field in _EXTENT)])
    return _table([*head, *_EXTENT], lines)


def _paper(row: Row | None) -> list[str]:
    """The paper's value, and how far ours is above it."""
    if row is None or row.published is None or row.auroc is None:
        return ["", ""]
    return [format_measured(row.published_measures["auroc"]), f"{row.auroc - row.published:+.3f}"]


def _value(row: Row, measure: str) -> str:
    text = format_measured((getattr(row, measure), row.errors.get(measure)))
    return text + "ˢ" * (row.error_from == "seeds" and "±" in text)


def _with_paper(row: Row, measure: str) -> str:
    paper = row.published_measures.get(measure)
    return _value(row, measure) + (f" ({format_measured(paper)})" if paper else "")


def _measures(rows: Sequence[Row]) -> str:
    signals = _signals(rows)
    head = ["system", "score"]
    for signal in signals:
        head += [f"{signal} 1/ε_B", "max SIC"]
    lines = []
    for (system, score), own in _grouped(rows).items():
        cells = _names(system, score)
        for signal in signals:
            row = own.get(signal)
            cells += [_with_paper(row, name) for name in ("rejection50", "max_sic")] if row else ["", ""]
        first = next(iter(own.values()))
        lines.append([*cells, *(_with_paper(first, name) for name in _BACKGROUND_MEASURES)])
    return _table([*head, *_BACKGROUND_MEASURES.values()], lines)


def _others(rows: Sequence[Row]) -> str:
    signals = _signals(rows)
    lines = [
        _names(system, score) + [_value(own[signal], "auroc") if signal in own else "" for signal in signals]
        for (system, score), own in _grouped(rows).items()
    ]
    return _table(["system", "score", *signals], lines)


def _below(rows: Sequence[Row]) -> str:
    """Every AUROC that is smaller than the paper's, the furthest first.

    A score flattened in mass is no score of the papers: it stands in the tables alone.
    """
    own = [row for row in rows if not row.score.endswith(FLATTENED)]
    compared = [row for row in own if row.published is not None and row.auroc is not None]
    below = [row for row in compared if _gap(row) < 0]
    if not compared:
        return "Nothing here has been published."
    lines = [f"{len(below)} of the {len(compared)} AUROCs that have been published are below the papers'."]
    for row in sorted(below, key=_gap):
        error = math.hypot(row.error or 0, row.published_measures["auroc"][1] or 0)
        sigma = f", {-_gap(row) / error:.1f}σ" if error else ""
        lines.append(
            f"- {', '.join(_names(row.system, row.score))}, {row.signal}: {row.auroc:.3f} against "
            f"{row.published:.3f} ({_gap(row):+.3f}{sigma})"
        )
    return "\n".join([lines[0], "", *lines[1:]]) if below else lines[0]


def _gap(row: Row) -> float:
    return (row.auroc or 0.0) - (row.published or 0.0)


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rule = ["---", "---", *["---:"] * (len(head) - 2)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, rule, *lines])
