"""Engines that score many jets, all to the same bits if the run is quantized.

=============  ========================================================================================
network        the trained network itself and NumPy: the reference
qonnx          the QONNX graph in qonnx's own executor
onnxruntime    the lowered ONNX model
cpu            integers of 16 and 32 bits in generated C++: the fastest
csim           C-simulation of the Vitis project
vivado_csim    C-simulation of the Vivado project
quartus_csim   C-simulation of the Quartus project
catapult_csim  C-simulation of the Catapult project
emulator       the shared library that stands for the firmware in software triggers
=============  ========================================================================================
"""

import difflib
from collections.abc import Callable
from typing import Protocol

from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.run import Run

Progress = Callable[[int], None]
"""Called with the number of jets just finished."""

ENGINES = (
    "network",
    "qonnx",
    "onnxruntime",
    "cpu",
    "csim",
    "vivado_csim",
    "quartus_csim",
    "catapult_csim",
    "emulator",
)

CSIM_TARGETS = {
    "csim": "vitis",
    "vivado_csim": "vivado",
    "quartus_csim": "quartus",
    "catapult_csim": "catapult",
}
"""The export whose C-simulation an engine is."""


class Engine(Protocol):
    """One way to compute a score."""

    @property
    def name(self) -> str:
        """Name of the engine."""

    @property
    def threshold(self) -> float:
        """Jets with a score above it are anomalous."""

    def __call__(self, inputs: NDArray, /) -> NDArray:
        """(N,) scores in float64 from (N, …) float32 network inputs."""


def open_engine(
    run: Run, name: str, score: str, *, workers: int | None = None, progress: Progress | None = None
) -> Engine:
    """The engine ``name`` for one score of a run.

    ``workers`` processes of C-simulation (default: one per core) or threads of the others (default: one) work
    side by side; ``progress`` is told about finished jets by the engines that are slow. Raises
    :class:`EdgeoodError` for an unknown engine or a missing export or tool.
    """
    if name == "onnxruntime":
        from edgeood.export import exported
        from edgeood.runtime.onnxruntime import OnnxRuntime

        return OnnxRuntime(exported(run, score, "onnx"), threads=workers)
    if name == "qonnx":
        from edgeood.export import exported
        from edgeood.runtime.qonnx_execution import QonnxExecution

        return QonnxExecution(exported(run, score, "qonnx"))
    if name == "cpu":
        from edgeood.runtime.cpu import open_cpu

        return open_cpu(run, score, threads=workers or 1)
    if name in CSIM_TARGETS:
        from edgeood.runtime.csim import open_csim

        return open_csim(run, score, target=CSIM_TARGETS[name], workers=workers, progress=progress)
    if name == "emulator":
        from edgeood.runtime.emulator import open_emulator

        return open_emulator(run, score, progress=progress)
    if name == "network":
        from edgeood.runtime.network import open_network

        return open_network(run, score)
    close = difflib.get_close_matches(name, ENGINES, n=1)
    remedy = f"did you mean '{close[0]}'?" if close else f"choose of {', '.join(ENGINES)}."
    raise EdgeoodError(f"there is no engine '{name}'; {remedy}")
