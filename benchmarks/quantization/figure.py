"""Detection within mass and mass sculpting of the twins against their cost."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.quantization.designs import NETWORKS, TOOLKITS
from benchmarks.quantization.measures import MEAN, Measured
from benchmarks.quantization.rows import WORKING_POINT, Row
from edgeood.evaluation.figures.pareto_front import cost_axis
from edgeood.evaluation.figures.style import looks, new_figure, style
from edgeood.evaluation.labels import score_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FILLS = {8: "full", 6: "bottom", 4: "none"}
"""Bits, at most → how much of a marker is filled."""


def quantization_figure(rows: Sequence[Row]) -> "Figure":
    """AUROC within mass, and JSD at the working point, against effective bit operations; a column for each score.

    Colours are networks and what they see, with a line at the float network's value; markers are toolkits, filled by
    bits.
    """
    scores = list(dict.fromkeys(row.score for row in rows))
    kinds = list(dict.fromkeys(_kind(row) for row in rows))
    colours = {kind: look.colour for kind, look in zip(kinds, looks(len(kinds)), strict=True)}
    with style():
        entries = _entries(rows, colours)
        figure = new_figure(4.6 * len(scores), 6.4 + 0.11 * len(entries))
        panels = figure.subplots(2, len(scores), squeeze=False, sharex="col")
        for column, score in enumerate(scores):
            own = [row for row in rows if row.score == score]
            for axes, values in zip(panels[:, column], (_auroc, _jsd), strict=True):
                _draw(axes, own, values, colours)
            panels[0, column].set_title(score_label(score))
            cost_axis(panels[1, column])
        panels[0, 0].set_ylabel("AUROC within mass")
        panels[1, 0].set_ylabel("JSD of the QCD mass at 1 % [bit]")
        figure.legend(handles=entries, loc="outside lower center", ncols=2, alignment="left")
    return figure


def _auroc(row: Row) -> tuple[Measured, Measured]:
    compared = row.within_mass[MEAN]["auroc"]
    return compared.teacher, compared.twin


def _jsd(row: Row) -> tuple[Measured, Measured]:
    return row.jsd(WORKING_POINT, "teacher"), row.jsd(WORKING_POINT, "twin")


def _kind(row: Row) -> str:
    return f"{NETWORKS[row.network]}, {row.design.inputs_label}"


def _fill(row: Row) -> str:
    return next((fill for bits, fill in sorted(_FILLS.items()) if row.design.bits <= bits), "full")


def _markers() -> dict[str, str]:
    return {name: look.marker for name, look in zip(TOOLKITS, looks(len(TOOLKITS)), strict=True)}


def _draw(axes: "Axes", rows: Sequence[Row], values: Any, colours: dict[str, str]) -> None:
    markers = _markers()
    for row in rows:
        (teacher, _), (twin, error) = values(row)
        colour = colours[_kind(row)]
        axes.axhline(teacher, color=colour, linestyle="--", linewidth=0.8, zorder=1)
        axes.errorbar(
            row.ebops,
            twin,
            error,
            fmt=markers[row.toolkit],
            color=colour,
            fillstyle=_fill(row),
            markerfacecoloralt="white",
            markersize=5.5,
            elinewidth=1,
        )
    axes.margins(x=0.12, y=0.12)


def _entries(rows: Sequence[Row], colours: dict[str, str]) -> list[Any]:
    """One entry for each colour, marker and fill that occurs."""
    from matplotlib.lines import Line2D

    def line(label: str, **settings: Any) -> Line2D:
        return Line2D([], [], label=label, **{"color": "0.3", "linestyle": "none", **settings})

    entries = [
        line(kind, color=colour, marker="o", fillstyle="none", linestyle="-")
        for kind, colour in colours.items()
    ]
    toolkits, fills = {row.toolkit for row in rows}, {_fill(row) for row in rows}
    entries += [
        line(TOOLKITS[name], marker=marker) for name, marker in _markers().items() if name in toolkits
    ]
    entries += [
        line(f"at most {bits} bits", marker="o", fillstyle=fill, markerfacecoloralt="white")
        for bits, fill in _FILLS.items()
        if fill in fills
    ]
    return [*entries, line("float network", linestyle="--")]
