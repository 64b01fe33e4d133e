"""The results of :func:`~edgeood.evaluation.score_metrics.evaluate_scores` as tables for terminal and Markdown."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from edgeood.evaluation.labels import score_label
from edgeood.evaluation.published import Measured, published_for

if TYPE_CHECKING:
    from rich.console import Group

Results = Mapping[str, Any]
"""What ``evaluate_scores`` returns, or what was read back from its JSON."""
_DETECTION = {
    "auroc": "AUROC",
    "rejection50": "1/ε_B(½)",
    "sic50": "SIC(½)",
    "max_sic": "max SIC",
}
_AT = "efficiency_at_"
SCULPTING_COLUMNS = {
    "jsd": "JSD [bit]",
    "js_distance": "√JSD",
    "wasserstein_gev": "W₂ [GeV]",
    "wasserstein1_gev": "W₁ [GeV]",
}
DEPENDENCE_COLUMNS = {"spearman": "Spearman ρ", "distance_correlation": "dCor"}


class Table(NamedTuple):
    """A title, column heads, and rows of as many cells."""

    title: str
    columns: list[str]
    rows: list[list[str]]


def format_measured(pair: Sequence[float | None] | None) -> str:
    """``value ± error`` with the digits that the error warrants; "–" for what is infinite or undefined.

    The error keeps two digits if they are 10 … 35 and one otherwise (PDG, Review of Particle Physics,
    introduction §5.3, from two digits); the value ends at the same place. Without an error, three digits.
    """
    value, error = pair or (None, None)
    if value is None:
        return "–"
    if error is None or not error > 0:
        return f"{value:.{3 if abs(value) < 1 else 2 if abs(value) < 10 else 1}f}"
    exponent = math.floor(math.log10(error))
    leading = round(error / 10.0 ** (exponent - 1))
    decimals = 1 - exponent - (leading > 35)
    # Python rounds to tens and hundreds with negative digits, but prints no fewer than none.
    return f"{round(value, decimals):.{max(decimals, 0)}f} ± {round(error, decimals):.{max(decimals, 0)}f}"


def _label(run: str, score: str) -> str:
    return " ".join(part for part in (run, score_label(score)) if part)


def tables(results: Results | Mapping[str, Results], published: bool = True) -> list[Table]:
    """Decisions, detection of each signal where a trigger works, mass sculpting, AUROC, mass dependence, thresholds.

    ``results`` are those of one run, or several by name (``{"float": …, "quantized": …}``), which share their
    tables. With ``published``, the papers' lines about the same signal process follow ours.
    """
    runs = {"": results} if "signals" in results else results
    first = next(iter(runs.values()))
    # Where a trigger works comes first.
    parts = decision_tables(runs)
    parts += [_at_working_points(runs, signal) for signal in first["signals"]]
    shares = sorted(first["sculpting_noise"], key=float)
    parts += [_sculpting(runs, efficiency, published) for efficiency in shares]
    parts += [_detection(runs, signal, published) for signal in first["signals"]]
    return [*parts, _dependence(runs), _working_point(runs)]


def _cited(process: Sequence[str]) -> list[Any]:
    return published_for(process[0]) if len(process) == 1 else []


def _cells(measured: Mapping[str, Any], columns: Mapping[str, str]) -> list[str]:
    return [format_measured(measured.get(name)) for name in columns]


def _percent(efficiency: str) -> str:
    return f"{100 * float(efficiency):g} %"


def _at_working_points(runs: Mapping[str, Results], signal: str) -> Table:
    first = next(iter(runs.values()))
    points = [
        key.removeprefix(_AT) for key in next(iter(first["signals"][signal].values())) if key.startswith(_AT)
    ]
    columns = {}
    for point in points:
        columns[f"{_AT}{point}"] = f"ε_S({_percent(point)})"
        columns[f"sic_at_{point}"] = f"SIC({_percent(point)})"
    rows = [
        [_label(run, score), *_cells(measured, columns)]
        for run, results in runs.items()
        for score, measured in results["signals"].get(signal, {}).items()
    ]
    title = f"{signal} against {' + '.join(first['background'])} at background efficiencies of a trigger"
    return Table(title, ["score", *columns.values()], rows)


def decision_tables(runs: Mapping[str, Results]) -> list[Table]:
    """One table for each working point that twins were calibrated for; none, if none was."""
    found: dict[str, list[list[str]]] = {}
    signals: list[str] = []
    for run, results in runs.items():
        for score, points in results.get("decisions", {}).items():
            for efficiency, point in points.items():
                signals = list(point["mass_blind"]["signals"])
                rows = found.setdefault(efficiency, [])
                for kind in ("one_threshold", "mass_blind"):
                    rows.append(_decision_row(f"{_label(run, score)}, {kind.replace('_', ' ')}", point[kind]))
                noise = point["sculpting_noise"]["q95"]
                bounds = [f"{noise[name]:.2g}" for name in ("jsd", "wasserstein_gev")]
                rows.append(["by chance, 95 %", "", *bounds, *[""] * len(signals)])
    heads = ["decision", "ε_B [%]", "JSD [bit]", "W₂ [GeV]", *(f"ε_S {signal} [%]" for signal in signals)]
    return [
        Table(f"Mass-blind decision at {_percent(efficiency)} of the background", heads, rows)
        for efficiency, rows in found.items()
    ]


def _decision_row(label: str, measured: Mapping[str, Any]) -> list[str]:
    shares = [measured["background"], *(own["efficiency"] for own in measured["signals"].values())]
    passed, *signals = [format_measured([100 * number for number in pair]) for pair in shares]
    sculpting = [format_measured(measured["sculpting"][name]) for name in ("jsd", "wasserstein_gev")]
    return [label, passed, *sculpting, *signals]


def _detection(runs: Mapping[str, Results], signal: str, published: bool) -> Table:
    rows = [
        [_label(run, score), *_cells(measured, _DETECTION)]
        for run, results in runs.items()
        for score, measured in results["signals"].get(signal, {}).items()
    ]
    first = next(iter(runs.values()))
    process = first["signal_processes"][signal]
    for line in _cited(process) if published else []:
        own: Mapping[str, Measured] = line.detection[process[0]]
        rows.append([line.label, *_cells(own, _DETECTION)])
    return Table(
        f"{signal} against {' + '.join(first['background'])}; (½) at a signal efficiency of one half",
        ["score", *_DETECTION.values()],
        rows,
    )


def _sculpting(runs: Mapping[str, Results], efficiency: str, published: bool) -> Table:
    rows = [
        [_label(run, score), *_cells(measured[efficiency], SCULPTING_COLUMNS)]
        for run, results in runs.items()
        for score, measured in results["sculpting"].items()
    ]
    first = next(iter(runs.values()))
    noise = first["sculpting_noise"][efficiency]
    for label, key in (("by chance, mean", "mean"), ("by chance, 95 %", "q95")):
        rows.append([label, *(f"{noise[key][name]:.2g}" for name in SCULPTING_COLUMNS)])
    if published and float(efficiency) == 0.5:
        cited = {id(line): line for own in first["signal_processes"].values() for line in _cited(own)}
        rows += [
            [line.label, *_cells(line.sculpting, SCULPTING_COLUMNS)]
            for line in cited.values()
            if line.sculpting
        ]
    title = f"Background mass spectrum, the {_percent(efficiency)} most anomalous against all"
    return Table(title, ["score", *SCULPTING_COLUMNS.values()], rows)


def _dependence(runs: Mapping[str, Results]) -> Table:
    rows = [
        [_label(run, score), group, *_cells(measured, DEPENDENCE_COLUMNS)]
        for run, results in runs.items()
        for score, classes in results["mass_dependence"].items()
        for group, measured in classes.items()
    ]
    return Table(
        "Dependence of the score on jet mass", ["score", "class", *DEPENDENCE_COLUMNS.values()], rows
    )


def _working_point(runs: Mapping[str, Results]) -> Table:
    points = {
        _label(run, score): point
        for run, results in runs.items()
        for score, point in results["working_point"].items()
    }
    processes = list(dict.fromkeys(name for point in points.values() for name in point["efficiency"]))
    rows = []
    for label, point in points.items():
        efficiencies = [point["efficiency"].get(process) for process in processes]
        percent = [pair and [100 * number for number in pair] for pair in efficiencies]
        rows.append([label, f"{point['threshold']:.6g}", *map(format_measured, percent)])
    return Table("Selected jets at the working point [%]", ["score", "threshold", *processes], rows)


def as_markdown(tables: Sequence[Table]) -> str:
    """Tables as Markdown, each under its title."""
    blocks = []
    for table in tables:
        lines = [table.columns, ["---"] + ["---:"] * (len(table.columns) - 1), *table.rows]
        blocks.append(f"**{table.title}**\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines))
    return "\n\n".join(blocks) + "\n"


def markdown_table(results: Results | Mapping[str, Results], published: bool = True) -> str:
    """All :func:`tables` as Markdown, each under its title."""
    return as_markdown(tables(results, published))


def rich_table(results: Results | Mapping[str, Results], published: bool = True) -> "Group":
    """All :func:`tables` for ``rich.console.Console.print``."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.markup import escape
    from rich.table import Table as RichTable

    shown = []
    for table in tables(results, published):
        rich = RichTable(title=escape(table.title), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
        for number, column in enumerate(table.columns):
            rich.add_column(
                escape(column), justify="right" if number else "left", no_wrap=number > 0, min_width=8
            )
        for row in table.rows:
            rich.add_row(*map(escape, row))
        shown.append(rich)
    return Group(*shown)
