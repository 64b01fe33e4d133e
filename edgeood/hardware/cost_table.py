"""The report of :func:`edgeood.hardware.cost.cost` as a table in Markdown: a column has one provenance."""

from collections.abc import Mapping
from typing import Any

_FIRST = ("cycle-sim", "yosys-xcup", "model")
_NOTE = """
A column's provenance stands in brackets. **cycle-sim**: clocks counted in a simulation of the RTL; nanoseconds are
these at the clock that the design was made for, which no tool has confirmed. **yosys-xcup**: cells after synthesis for
UltraScale+, without placement; look-up tables are not packed, so their number is an upper bound, and shift registers
(srl) take one each besides. **model**: alkaid's estimate before synthesis.
"""


def markdown(report: Mapping[str, Any]) -> str:
    """A row for each design, a column for each figure of each provenance that any design has."""
    columns = _columns(report)
    head = ["network", "score", "clock [ns]", *(f"{name} ({provenance})" for provenance, name in columns)]
    lines = ["# Cost of the designs", "", _line(head), _line(["---", "---", *["--:"] * (len(head) - 2)])]
    for row in report["rows"]:
        cells = [_value(row["figures"].get(provenance, {}).get(name)) for provenance, name in columns]
        clock = "–" if row["clock_ns"] is None else f"{row['clock_ns']:g}"
        lines.append(_line([row["network"], row["score"], clock, *cells]))
    missing = [
        f"- {row['network']}, {row['score']}: {reason}" for row in report["rows"] for reason in row["missing"]
    ]
    if missing:
        lines += ["", "Not measured:", "", *missing]
    return "\n".join(lines) + "\n" + _NOTE


def _columns(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(provenance, figure), in an order of their own."""
    found: dict[str, dict[str, None]] = {}
    for row in report["rows"]:
        for provenance, figures in row["figures"].items():
            found.setdefault(provenance, {}).update(dict.fromkeys(figures))
    order = [one for one in (*_FIRST, *sorted(set(found) - set(_FIRST))) if one in found]
    return [(provenance, name) for provenance in order for name in found[provenance]]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _value(figure: Mapping[str, Any] | None) -> str:
    if figure is None or figure["value"] is None:
        return "–"
    return f"{figure['value']:,g}" if isinstance(figure["value"], float) else f"{figure['value']:,}"
