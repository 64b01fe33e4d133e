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
alkaid         the logic of the Verilog project in alkaid's interpreter
rtl            the Verilog project, simulated clock by clock with Verilator
=============  ========================================================================================
"""

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from edgeood.errors import EdgeoodError
from edgeood.suggestions import suggestion

# The command line reads the table of engines: nothing heavy is imported before it is needed.
if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edgeood.run import Run

Progress = Callable[[int], None]
"""Called with the number of jets just finished."""

_OPENERS = {
    "network": "edgeood.runtime.network:open_network",
    "qonnx": "edgeood.runtime.qonnx_execution:open_qonnx",
    "onnxruntime": "edgeood.runtime.onnxruntime:open_onnxruntime",
    "cpu": "edgeood.runtime.cpu:open_cpu",
    "csim": "edgeood.runtime.csim:open_csim",
    "vivado_csim": "edgeood.runtime.csim:open_vivado_csim",
    "quartus_csim": "edgeood.runtime.csim:open_quartus_csim",
    "catapult_csim": "edgeood.runtime.csim:open_catapult_csim",
    "emulator": "edgeood.runtime.emulator:open_emulator",
    "alkaid": "edgeood.runtime.alkaid:open_alkaid",
    "rtl": "edgeood.runtime.rtl:open_rtl",
}
"""Engine → ``module:function`` that opens it, imported when it is used; called as :func:`open_engine` is."""

ENGINES = tuple(_OPENERS)
"""Their names."""


class Decided(NamedTuple):
    """What an engine makes of jets."""

    scores: "NDArray[np.float64]"
    """(N,)"""
    anomalous: "NDArray[np.bool_]"
    """(N,); a jet without a score is not"""


class Engine(Protocol):
    """One way to compute a score and to decide by it."""

    @property
    def name(self) -> str:
        """Name of the engine."""

    @property
    def threshold(self) -> float:
        """Jets with a score above it are anomalous, unless the decision is mass-blind."""

    @property
    def mass_blind(self) -> bool:
        """Whether the threshold depends on the jet's mass."""

    def __call__(self, inputs: "NDArray[Any]", /) -> "NDArray[Any]":
        """(N,) scores in float64 from (N, …) float32 network inputs."""

    def decide(self, inputs: "NDArray[Any]", mass_gev: "NDArray[Any]", /) -> Decided:
        """Scores of the inputs and decisions on jets of those masses (N,), which count if the run is calibrated."""


def open_engine(
    run: "Run", name: str, score: str, *, workers: int | None = None, progress: Progress | None = None
) -> Engine:
    """The engine ``name`` for one score of a run.

    ``workers`` processes of C-simulation (default: one per core) or threads of the others (default: one) work
    side by side; ``progress`` is told about finished jets by the engines that are slow. Raises
    :class:`EdgeoodError` for an unknown engine or a missing export or tool.
    """
    if name not in _OPENERS:
        remedy = suggestion(name, ENGINES, f"choose of {', '.join(ENGINES)}.")
        raise EdgeoodError(f"there is no engine '{name}'; {remedy}")
    module, function = _OPENERS[name].split(":")
    engine: Engine = getattr(importlib.import_module(module), function)(
        run, score, workers=workers, progress=progress
    )
    return engine
