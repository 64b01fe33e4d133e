"""Engines that score many jets: the network itself, ONNX Runtime, and C-simulation of the firmware."""

import difflib
from collections.abc import Callable
from typing import Protocol

from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.run import Run

Progress = Callable[[int], None]
"""Called with the number of jets just finished."""

ENGINES = ("network", "onnxruntime", "csim")


class Engine(Protocol):
    """One way to compute a score."""

    @property
    def name(self) -> str:
        """Name of the engine."""

    @property
    def threshold(self) -> float:
        """Jets with a score above it are anomalous."""

    def __call__(self, images: NDArray) -> NDArray:
        """(N,) scores in float64 from (N, 1, P, P) float32 images."""


def open_engine(
    run: Run, name: str, score: str, *, workers: int | None = None, progress: Progress | None = None
) -> Engine:
    """The engine ``name`` for one score of a run.

    ``workers`` processes of C-simulation (default: one per core) or threads of ONNX Runtime (default: one) work
    side by side; ``progress`` is told about finished jets by the engines that are slow. Raises
    :class:`EdgeoodError` for an unknown engine or a missing export or tool.
    """
    if name == "onnxruntime":
        from edgeood.export import exported
        from edgeood.runtime.onnxruntime import OnnxRuntime

        return OnnxRuntime(exported(run, score, "onnx"), threads=workers)
    if name == "csim":
        from edgeood.runtime.csim import open_csim

        return open_csim(run, score, workers=workers, progress=progress)
    if name == "network":
        from edgeood.runtime.network import open_network

        return open_network(run, score)
    close = difflib.get_close_matches(name, ENGINES, n=1)
    remedy = f"did you mean '{close[0]}'?" if close else f"choose of {', '.join(ENGINES)}."
    raise EdgeoodError(f"there is no engine '{name}'; {remedy}")
