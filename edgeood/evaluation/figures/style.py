"""One look for all figures, and saving them so that the same numbers give the same bytes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from edgeood.errors import EdgeoodError
from edgeood.files.atomic import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Petroff's accessible cycles of six and of eight colours, arXiv:2107.02270; black is for "everything".
_SIX = ("#5790fc", "#f89c20", "#e42536", "#964a8b", "#9c9ca1", "#7a21dd")
_EIGHT = ("#1845fb", "#ff5e02", "#c91f16", "#c849a9", "#adad7d", "#86c8dd", "#578dff", "#656364")
MOST_LINES = len(_EIGHT)
"""More curves than this cannot be told apart in one pair of axes."""
# They go with the colours, so that a figure survives a grey print.
_DASHES = (
    "-",
    (0, (5, 1.5)),
    (0, (5, 1.5, 1, 1.5)),
    (0, (1, 1)),
    (0, (8, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (8, 1.5, 2, 1.5)),
    (0, (2, 2)),
)
_MARKERS = ("o", "s", "^", "v", "D", "P", "X", "<")

_SCALE = 0.52
"""mplhep's CMS style is made for figures of 10 inches; ours are about 6 wide, for one column."""
_IN_POINTS = (
    "font.size",
    "axes.linewidth",
    *(f"{axis}tick.{which}.size" for axis in "xy" for which in ("major", "minor")),
)
_OWN: dict[str, Any] = {
    # What lacks a glyph of TeX Gyre Heros (which mplhep brings along) takes it from matplotlib's own font:
    # a system's fonts would make other bytes on another machine.
    "font.sans-serif": ["TeX Gyre Heros", "DejaVu Sans"],
    "mathtext.fallback": "stixsans",
    "axes.axisbelow": True,
    "axes.labelsize": "medium",
    "xtick.labelsize": "small",
    "ytick.labelsize": "small",
    "legend.fontsize": "x-small",
    "legend.title_fontsize": "small",
    "legend.handlelength": 2.4,
    "axes.titlesize": "small",
    "lines.linewidth": 1.7,
    "patch.linewidth": 1.5,
    "xtick.major.pad": 5,
    "pdf.fonttype": 42,
    "svg.hashsalt": "edgeood",
    "savefig.dpi": 200,
}


class Look(NamedTuple):
    """How one of the things in a figure is told from the others."""

    colour: str
    dashes: Any
    marker: str

    @property
    def line(self) -> dict[str, Any]:
        """Keyword arguments of ``plot`` and ``stairs``."""
        return {"color": self.colour, "linestyle": self.dashes}

    @property
    def points(self) -> dict[str, Any]:
        """Keyword arguments of ``errorbar`` for points with bars and no line."""
        return {"color": self.colour, "fmt": self.marker, "markersize": 3.5, "elinewidth": 1}


def looks(count: int) -> list[Look]:
    """``count`` looks; beyond :data:`MOST_LINES` they repeat."""
    colours = _SIX if count <= len(_SIX) else _EIGHT
    return [
        Look(colours[i % len(colours)], _DASHES[i % len(_DASHES)], _MARKERS[i % len(_MARKERS)])
        for i in range(count)
    ]


@contextmanager
def style() -> Iterator[None]:
    """The figures' settings for as long as the block lasts; a caller's own settings never show through.

    They are mplhep's CMS style (A. Novak et al., github.com/scikit-hep/mplhep), scaled to our size.
    Raises :class:`EdgeoodError` if matplotlib or mplhep is not installed.
    """
    try:
        import matplotlib
        import mplhep
    except ImportError as error:
        raise EdgeoodError(f"figures need the package '{error.name}'; install `edgeood[train]`.") from error

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        cms = mplhep.style.CMS
        settings: dict[Any, Any] = cms | {name: cms[name] * _SCALE for name in _IN_POINTS} | _OWN
        matplotlib.rcParams.update(settings)
        yield


def new_figure(width: float = 6.0, height: float = 4.8) -> "Figure":
    """An empty figure (inches), free of pyplot's global state; call inside :func:`style`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def new_axes(width: float = 6.0, height: float = 4.8) -> tuple["Figure", "Axes"]:
    """A figure (inches) with one pair of axes; call inside :func:`style`."""
    figure = new_figure(width, height)
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
