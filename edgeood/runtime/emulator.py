"""Scores by the exported emulator: its shared library, called in this process through the plain C interface."""

import ctypes
import math
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.ctypeslib import ndpointer
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.export.record import exported, read_record
from edgeood.run import Run
from edgeood.runtime import Decided, Progress

_CHUNK = 256


def open_emulator(
    run: Run, score: str, *, workers: int | None = None, progress: Progress | None = None
) -> "Emulator":
    """The engine on a run's exported emulator, which scores one jet at a time whatever ``workers``.

    Raises :class:`EdgeoodError` if there is no export, or its library cannot be loaded.
    """
    folder = exported(run, score, "emulator")
    record = read_record(run, score)
    artefact = record["artefacts"]["emulator"]
    return Emulator(
        folder / artefact["library"], artefact["name"], threshold=record["threshold"], progress=progress
    )


class Emulator:
    """The engine on one emulator's library. A library scores one jet at a time, whatever calls it."""

    name = "emulator"

    def __init__(
        self,
        library: Path,
        prefix: str,
        *,
        threshold: float = float("nan"),
        progress: Progress | None = None,
    ) -> None:
        """``prefix`` of the library's symbols; raises :class:`EdgeoodError` if it is none of that name."""
        self.library = library
        self.threshold = threshold
        self.progress = progress
        try:
            functions = _load(library)
            self.inputs = int(getattr(functions, f"{prefix}_inputs")())
            self.step = 2.0 ** -int(getattr(functions, f"{prefix}_score_fraction_bits")())
            self.mass_blind = bool(getattr(functions, f"{prefix}_masses")())
            self._decide = getattr(functions, f"{prefix}_decide")
        except (OSError, AttributeError) as error:
            raise EdgeoodError(
                f"{library} is no emulator of '{prefix}' ({error}); export it again with `--target emulator`."
            ) from error
        numbers = ndpointer(np.float32, flags="C_CONTIGUOUS")
        self._decide.restype = None
        self._decide.argtypes = [
            numbers,
            numbers,
            ctypes.c_int64,
            ndpointer(np.int64, flags="C_CONTIGUOUS"),
            ndpointer(np.uint8, flags="C_CONTIGUOUS"),
        ]

    def __call__(self, inputs: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) scores from (N, …) network inputs. Raises :class:`EdgeoodError` if they are of another network."""
        return self.decide(inputs, np.zeros(len(inputs), np.float32)).scores

    def decide(self, inputs: NDArray[Any], mass_gev: NDArray[Any]) -> Decided:
        """The scores and the design's own decisions. Raises :class:`EdgeoodError` for inputs of another network."""
        width = math.prod(inputs.shape[1:])
        if width != self.inputs:
            raise EdgeoodError(
                f"{self.library} takes {self.inputs} numbers a jet, not {width}; give it the inputs of its run."
            )
        flat = np.ascontiguousarray(inputs, np.float32).reshape(len(inputs), width)
        mass = np.ascontiguousarray(mass_gev, np.float32)
        integers, anomalous = np.empty(len(flat), np.int64), np.empty(len(flat), np.uint8)
        for start in range(0, len(flat), _CHUNK):
            some = slice(start, start + _CHUNK)
            self._decide(flat[some], mass[some], len(flat[some]), integers[some], anomalous[some])
            if self.progress:
                self.progress(len(flat[some]))
        return Decided(integers * np.float64(self.step), anomalous.astype(bool))


def _load(library: Path) -> ctypes.CDLL:
    """Load a copy under a path of its own: the linker never reads a path again, though an export may replace it."""
    with tempfile.TemporaryDirectory(prefix="edgeood-") as folder:
        return ctypes.CDLL(str(shutil.copy(library, folder)))
