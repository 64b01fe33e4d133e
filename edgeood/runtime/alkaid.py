"""Scores by alkaid's interpreter: the logic of an exported Verilog project, exact, on the CPU."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.export.record import exported, read_record
from edgeood.export.verilog.artefact import check_alkaid
from edgeood.export.verilog.ports import Ports
from edgeood.export.verilog.project import MODEL
from edgeood.run import Run
from edgeood.runtime import Decided, Progress


def open_alkaid(
    run: Run, score: str, *, workers: int | None = None, progress: Progress | None = None
) -> "Alkaid":
    """The engine on the logic that a run's exported Verilog project was written from.

    ``workers`` are threads (default: one). Raises :class:`EdgeoodError` if there is no export, or no alkaid.
    """
    check_alkaid()
    from alkaid.types import CombLogic

    project, record = exported(run, score, "verilog"), read_record(run, score)
    ports = Ports.read(record["artefacts"]["verilog"]["ports"])
    return Alkaid(CombLogic.load(project / MODEL), ports, record["threshold"], threads=workers or 1)


class Alkaid:
    """The engine on one piece of logic."""

    name = "alkaid"

    def __init__(
        self, logic: Any, ports: Ports, threshold: float = float("nan"), *, threads: int = 1
    ) -> None:
        self._logic = logic
        self._ports = ports
        self.threshold = threshold
        self._threads = threads

    @property
    def mass_blind(self) -> bool:
        """Whether the threshold depends on the jet's mass."""
        return self._ports.mass is not None

    def __call__(self, inputs: NDArray[Any]) -> NDArray[np.float64]:
        """(B,) scores from (B, N, F) candidates."""
        return self.decide(inputs, np.zeros(len(inputs), np.float32)).scores

    def decide(self, inputs: NDArray[Any], mass_gev: NDArray[Any]) -> Decided:
        """The scores and the logic's own decisions. Raises :class:`EdgeoodError` for jets of another shape."""
        check_shape(inputs, self._ports, "the logic")
        if not len(inputs):
            return Decided(np.empty(0), np.empty(0, bool))
        results = self._logic.predict(self._ports.values(inputs, mass_gev), n_threads=self._threads)
        return Decided(results[:, 0].copy(), results[:, 1] > 0)


def check_shape(inputs: NDArray[Any], ports: Ports, what: str) -> None:
    """Raise :class:`EdgeoodError` unless jets have the candidates that a design takes."""
    if inputs.shape[1:] != ports.shape:
        raise EdgeoodError(
            f"{what} takes jets of shape {ports.shape}, not {inputs.shape[1:]}; make the inputs as the run's recipe "
            "says."
        )
