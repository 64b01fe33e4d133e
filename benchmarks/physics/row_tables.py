"""Markdown tables of rows: a line for each system and score, columns for signals and measures."""

from collections.abc import Iterable, Sequence

from benchmarks.physics.rows import Row
from benchmarks.physics.systems import ABLATIONS, SYSTEMS, System
from edgeood.evaluation.labels import FLATTENED, score_label
from edgeood.evaluation.tables import format_measured

EXTENT = ("jets", "epochs", "seeds", "constituents")
_SYSTEMS = {system.name: system for system in (*SYSTEMS, *ABLATIONS)}
_BACKGROUND_MEASURES = {
    "jsd": "JSD [bit]",
    "js_distance": "√JSD",
    "wasserstein_gev": "W₂ [GeV]",
    "spearman_mass": "ρ(score, mass)",
}
_OF_W2 = "0.01"
"""Background efficiency, as a row has it, at which W₂ is shown."""


def working_point_table(rows: Sequence[Row]) -> str:
    """Detection and mass sculpting at background efficiencies of a trigger, and what chance sculpts."""
    signals = _signals(rows)
    shares = list(dict.fromkeys(share for row in rows for share in row.at_working_points))
    points = [share for share in shares if any("sic" in row.at_working_points.get(share, {}) for row in rows)]
    # Of the background, the same columns whatever the signal.
    sculpting = [("jsd", share) for share in shares] + [("wasserstein_gev", _OF_W2)]
    names = {"jsd": "JSD [bit]", "wasserstein_gev": "W₂ [GeV]"}
    head = ["system", "score"]
    head += [f"{signal}, ε_S at {_percent(point)}" for signal in signals for point in points]
    head += [f"{names[measure]} at {_percent(share)}" for measure, share in sculpting]
    lines = []
    for (system, score), own in _grouped(rows).items():
        cells = names_of(system, score)
        for signal in signals:
            cells += [_efficiency(own[signal], point) if signal in own else "" for point in points]
        first = next(iter(own.values()))
        cells += [_measured(first, first.at_working_points[share][measure]) for measure, share in sculpting]
        lines.append(cells)
    chance = rows[0].at_working_points
    by_chance = [f"{chance[share][f'{measure}_chance']:.2g}" for measure, share in sculpting]
    lines.append(["by chance", "", *[""] * (len(signals) * len(points)), *by_chance])
    return markdown_table(head, lines)


def _efficiency(row: Row, point: str) -> str:
    measured = row.at_working_points[point]
    efficiency = [None if number is None else 100 * number for number in measured["efficiency"]]
    return f"{_measured(row, efficiency)} ({measured['sic'][0]:.2f})"


def _percent(share: str) -> str:
    return f"{100 * float(share):g} %"


def _grouped(rows: Sequence[Row]) -> dict[tuple[str, str], dict[str, Row]]:
    """(System, score) → signal → row."""
    grouped: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        grouped.setdefault((row.system, row.score), {})[row.signal] = row
    return grouped


def _signals(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.signal for row in rows))


def names_of(system: str, score: str) -> list[str]:
    """Titles of a system and of one of its scores."""
    known: System = _SYSTEMS[system]
    if score.endswith(FLATTENED):
        title, label = names_of(system, score.removesuffix(FLATTENED))
        return [title, f"{label}, flattened in mass"]
    if score in known.labels:
        return [known.title, known.labels[score]]
    # "Mahalanobis" alone would be taken for CC22's, to the background.
    return [known.title, "Mahalanobis to the nearest class" if score == "mahalanobis" else score_label(score)]


def auroc_table(rows: Sequence[Row]) -> str:
    """AUROC of every signal beside the paper's, and how the networks were trained."""
    signals = _signals(rows)
    compared = {row.signal for row in rows if row.published is not None}
    head = ["system", "score"]
    for signal in signals:
        head += [signal, "paper", "Δ"] if signal in compared else [signal]
    lines = []
    for (system, score), own in _grouped(rows).items():
        cells = names_of(system, score)
        for signal in signals:
            row = own.get(signal)
            cells.append(_value(row, "auroc") if row else "")
            cells += _paper(row) if signal in compared else []
        first = next(iter(own.values()))
        lines.append([*cells, *(f"{getattr(first, field):,}" for field in EXTENT)])
    return markdown_table([*head, *EXTENT], lines)


def _paper(row: Row | None) -> list[str]:
    """The paper's value, and how far ours is above it."""
    if row is None or row.above_published is None:
        return ["", ""]
    return [format_measured(row.published_measures["auroc"]), f"{row.above_published:+.3f}"]


def _value(row: Row, measure: str) -> str:
    return _measured(row, (getattr(row, measure), row.errors.get(measure)))


def _measured(row: Row, pair: Sequence[float | None]) -> str:
    text = format_measured(pair)
    return text + "ˢ" * (row.error_from == "seeds" and "±" in text)


def _with_paper(row: Row, measure: str) -> str:
    paper = row.published_measures.get(measure)
    return _value(row, measure) + (f" ({format_measured(paper)})" if paper else "")


def one_half_table(rows: Sequence[Row]) -> str:
    """What the papers measure where half of the signal, or of the background, passes."""
    signals = _signals(rows)
    head = ["system", "score"]
    for signal in signals:
        head += [f"{signal} 1/ε_B", "max SIC"]
    lines = []
    for (system, score), own in _grouped(rows).items():
        cells = names_of(system, score)
        for signal in signals:
            row = own.get(signal)
            cells += [_with_paper(row, name) for name in ("rejection50", "max_sic")] if row else ["", ""]
        first = next(iter(own.values()))
        lines.append([*cells, *(_with_paper(first, name) for name in _BACKGROUND_MEASURES)])
    return markdown_table([*head, *_BACKGROUND_MEASURES.values()], lines)


def brief_table(rows: Sequence[Row]) -> str:
    """AUROC of every signal alone."""
    signals = _signals(rows)
    lines = [
        names_of(system, score)
        + [_value(own[signal], "auroc") if signal in own else "" for signal in signals]
        for (system, score), own in _grouped(rows).items()
    ]
    return markdown_table(["system", "score", *signals], lines)


def markdown_table(head: Sequence[str], lines: Iterable[Sequence[str]], words: int = 2) -> str:
    """The first ``words`` columns are words, the others numbers."""
    rule = [*["---"] * words, *["---:"] * (len(head) - words)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, rule, *lines])
