"""Detection and mass sculpting of the twins against their cost."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.quantization.rows import Row
from benchmarks.quantization.runs import NETWORKS, TOOLKITS
from edgeood.evaluation.figures.pareto_front import cost_axis
from edgeood.evaluation.figures.style import looks, new_figure, style
from edgeood.evaluation.labels import score_label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DASHES = {"max_logit": "--", "mahalanobis_diagonal": ":"}


def quantization_figure(rows: Sequence[Row]) -> "Figure":
    """AUROC and JSD against effective bit operations; lines are the float networks.

    Colours are networks, markers toolkits; max-logit is open and dashed, diagonal Mahalanobis filled and dotted.
    """
    panels = (
        ("AUROC", "auroc_quantized", "error", "auroc_float"),
        ("JSD of the QCD mass [bit]", "jsd_quantized", "jsd_quantized_error", "jsd_float"),
    )
    colours = {name: look.colour for name, look in zip(NETWORKS, looks(len(NETWORKS)), strict=True)}
    markers = {name: look.marker for name, look in zip(TOOLKITS, looks(len(TOOLKITS)), strict=True)}
    with style():
        figure = new_figure(10.4, 4.4)
        for axes, (label, value, error, reference) in zip(
            figure.subplots(1, len(panels)), panels, strict=True
        ):
            for row in rows:
                colour = colours[row.network]
                axes.axhline(getattr(row, reference), color=colour, linestyle=_DASHES[row.score], linewidth=1)
                axes.errorbar(
                    row.ebops,
                    getattr(row, value),
                    getattr(row, error),
                    fmt=markers[row.toolkit],
                    color=colour,
                    markerfacecolor="white" if row.score == "max_logit" else colour,
                    markersize=5.5,
                    elinewidth=1,
                )
            axes.margins(x=0.12, y=0.12)
            cost_axis(axes)
            axes.set_ylabel(label)
        entries = [*_entries(rows, colours, markers)]
        figure.legend(handles=entries, loc="outside right upper", alignment="left")
    return figure


def _entries(rows: Sequence[Row], colours: dict[str, str], markers: dict[str, str]) -> list[Any]:
    """One entry for each colour, marker and fill that occurs."""
    from matplotlib.lines import Line2D

    def line(label: str, **settings: Any) -> Line2D:
        return Line2D([], [], label=label, **{"color": "0.3", "linestyle": "none", **settings})

    found = {field: {getattr(row, field) for row in rows} for field in ("network", "toolkit", "score")}
    entries = [
        line(NETWORKS[name], color=colours[name], marker="o", linestyle="-")
        for name in NETWORKS
        if name in found["network"]
    ]
    entries += [line(TOOLKITS[name], marker=markers[name]) for name in TOOLKITS if name in found["toolkit"]]
    for name, dashes in _DASHES.items():
        if name in found["score"]:
            fill = "white" if name == "max_logit" else "0.3"
            entries.append(line(score_label(name), marker="o", markerfacecolor=fill))
            entries.append(line(f"{score_label(name)}, float", linestyle=dashes))
    return entries
