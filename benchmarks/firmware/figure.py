"""Detection within mass against look-up tables and against latency, with published neighbours as marks on the axes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.firmware.rows import Row
from edgeood.evaluation.figures.style import Look, looks, new_figure, style
from edgeood.evaluation.labels import score_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Neighbour(NamedTuple):
    """A published design for another task: its accuracy or AUROC cannot stand on our axis, its price can."""

    label: str
    lut: float
    latency_ns: float


NEIGHBOURS = (
    Neighbour("JEDI-linear, N = 8", 51_700, 52.8),
    Neighbour("JEDI-linear, N = 16", 98_800, 71.7),
    Neighbour("JEDI-linear, N = 32", 61_900, 60.4),
)
"""Five-class jet tagging, after place and route on a VU13P (arXiv:2508.15468)."""
_UNITS = {"lut": 1000.0, "latency_ns": 1.0}


def firmware_figure(rows: Sequence[Row]) -> "Figure":
    """Two panels: look-up tables by synthesis, and simulated clocks at the period that a design was made for.

    Every point is a detector and a score that was measured, dotted lines are the prices of neighbours.
    """
    with style():
        figure = new_figure(9.6, 4.6)
        panels = figure.subplots(1, 2, sharey=True)
        kinds = list(dict.fromkeys(_kind(row) for row in rows))
        colours = dict(zip(kinds, looks(len(kinds)), strict=True))
        for axes, column, label in zip(
            panels,
            ("lut", "latency_ns"),
            ("Look-up tables [thousand]", "Latency [ns]"),
            strict=True,
        ):
            _draw(axes, rows, column, colours)
            for neighbour in NEIGHBOURS:
                at = getattr(neighbour, column) / _UNITS[column]
                axes.axvline(at, color="0.7", linestyle=":", linewidth=0.9, zorder=0)
                axes.annotate(
                    neighbour.label,
                    (at, 0.02),
                    xycoords=("data", "axes fraction"),
                    rotation=90,
                    fontsize=6,
                    color="0.45",
                    ha="right",
                )
            axes.set_xlabel(label)
            axes.margins(x=0.12, y=0.15)
        panels[0].set_ylabel("AUROC within mass, quantized")
        # What one panel lacks, as it was not measured, the other may have.
        entries = {
            label: handle
            for axes in panels
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=1)
    return figure


def _kind(row: Row) -> str:
    return (
        f"{row.inputs}, {row.neighbours}, {row.channels} channels, {row.bits_weights}/{row.bits_activations} bits, "
        f"{score_label(row.score)}"
    )


def _draw(axes: "Axes", rows: Sequence[Row], column: str, kinds: Mapping[str, Look]) -> None:
    for row in rows:
        at = getattr(row, column)
        if at is None:
            continue
        value, error = row.auroc.twin
        axes.errorbar(at / _UNITS[column], value, error, label=_kind(row), **kinds[_kind(row)].points)
