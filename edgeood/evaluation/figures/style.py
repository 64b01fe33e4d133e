"""One look for all figures, and saving them so that the same numbers give the same bytes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeood.atomic import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Petroff's accessible colours for up to six curves, arXiv:2107.02270; the black is for "everything".
COLOURS = ("#5790fc", "#f89c20", "#e42536", "#964a8b", "#9c9ca1", "#7a21dd")
LINES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
"""Line styles go with the colours, so that a figure survives a grey print."""
LABELS = {
    "max_logit": "max-logit",
    "mahalanobis": "Mahalanobis",
    "mahalanobis_diagonal": "diagonal Mahalanobis",
    "qcd": "QCD",
    "wz": "W/Z",
    "w": "W",
    "z": "Z",
    "higgs_h20": "H → hh, $m_h$ = 20 GeV",
    "higgs_h80": "H → hh, $m_h$ = 80 GeV",
    "top_w20": "top, $m_W$ = 20 GeV",
}

_STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 11,
    "axes.labelsize": 12,
    "axes.linewidth": 0.9,
    "axes.axisbelow": True,
    "xaxis.labellocation": "right",
    "yaxis.labellocation": "top",
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.minor.visible": True,
    "ytick.minor.visible": True,
    "xtick.major.size": 6,
    "ytick.major.size": 6,
    "xtick.minor.size": 3,
    "ytick.minor.size": 3,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "legend.handlelength": 2.4,
    "xtick.major.pad": 5,
    "mathtext.fontset": "dejavusans",
    "pdf.fonttype": 42,
    "svg.hashsalt": "edgeood",
    "savefig.dpi": 200,
}


def label_of(name: str) -> str:
    """How a figure names a score, class or process."""
    return LABELS.get(name, name.replace("_", " "))


def line_look(number: int) -> dict[str, Any]:
    """Colour and dashes of the curve with this number, as keyword arguments of ``plot``."""
    return {"color": COLOURS[number % len(COLOURS)], "linestyle": LINES[number % len(LINES)]}


@contextmanager
def style() -> Iterator[None]:
    """The figures' settings for as long as the block lasts; a caller's own settings never show through."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


def new_axes(width: float = 6.0, height: float = 4.5) -> tuple["Figure", "Axes"]:
    """A figure (inches) with one pair of axes, free of pyplot's global state; call inside :func:`style`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


_UNDATED: dict[str, dict[str, Any]] = {
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Producer": None},
}


def save_figure(figure: "Figure", stem: str | os.PathLike[str]) -> list[Path]:
    """Write ``stem.png`` (200 dpi) and ``stem.pdf``, each atomically; equal figures give equal bytes.

    Returns the two paths.
    """
    paths = []
    for suffix, metadata in _UNDATED.items():
        path = Path(f"{os.fspath(stem)}{suffix}")
        with style(), atomic_path(path) as temporary:
            figure.savefig(temporary, metadata=metadata)
        paths.append(path)
    return paths
