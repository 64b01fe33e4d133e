"""Scores in integers on the CPU: C++ made of the network, compiled for this machine, bit-equal to the firmware."""

import ctypes
import math
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.compiler import compile_library, find_compiler, library_name
from edgeood.errors import EdgeoodError
from edgeood.files.atomic import write_text
from edgeood.files.cache import cache_folder
from edgeood.resources import firmware_folder
from edgeood.run import Run
from edgeood.runtime import Decided, Progress

FLAGS = ("-std=c++17", "-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-w")
_JETS_OF_A_THREAD = 512


def open_cpu(run: Run, score: str, *, workers: int | None = None, progress: Progress | None = None) -> "Cpu":
    """The engine for one fused score of a quantized run, compiled if it is not yet.

    Source and library lie in the user's cache, not in the run; ``workers`` are threads (default: one). Raises
    :class:`EdgeoodError` for a float run, a score that it has not or that cannot be fused, or without a working g++.
    """
    from edgeood.export.cpu.source import scorer_source
    from edgeood.scores.fused.network import fused_network

    network = fused_network(run, score)
    source = scorer_source(network, f"Anomaly score {score} of the network {run.recipe.name!r}")
    library = compile_scorer(source, cache_folder("cpu"))
    blind = network.decision is not None
    return Cpu(library, threshold=network.threshold, threads=workers or 1, mass_blind=blind)


def compile_scorer(source: str, cache: Path, *, native: bool = True, flags: Sequence[str] = ()) -> Path:
    """Compile the C++ file of :func:`~edgeood.export.cpu.source.scorer_source`, or find it compiled in ``cache``.

    The library is named by a hash of all sources, the compiler, its flags, and the instructions it may use; the
    file lies beside it. ``native`` code uses all instructions of this CPU; other code runs on every CPU of its
    architecture. ``flags`` are added. Raises :class:`EdgeoodError` if g++ is missing or fails.
    """
    headers = firmware_folder() / "cpu"
    command = [find_compiler("scoring in integers"), *FLAGS, *flags, *(["-march=native"] if native else [])]
    command.append(f"-I{headers}")
    # All that the compiler says of itself and of the CPU.
    probe = [*command, "-dM", "-E", "-x", "c++", "-"]
    macros = subprocess.run(probe, input="", capture_output=True, text=True)
    if macros.returncode and native:
        return compile_scorer(source, cache, native=False, flags=flags)
    contents = [header.read_bytes() for header in sorted(headers.glob("*.h"))]
    library = cache / library_name("score", *FLAGS, *flags, macros.stdout, source, *contents)
    file = library.with_suffix(".cpp")
    if not library.is_file():
        write_text(file, source)
    return compile_library(library, [*command, str(file)], file)


class Cpu:
    """The engine on one compiled library."""

    name = "cpu"

    def __init__(
        self,
        library: Path,
        *,
        threshold: float = float("nan"),
        threads: int = 1,
        mass_blind: bool = False,
    ) -> None:
        self.library = library
        self.threshold = threshold
        self.threads = threads
        try:
            functions = ctypes.CDLL(str(library.resolve()))
        except OSError as error:
            raise EdgeoodError(f"{library} cannot be loaded ({error}); delete it and try again.") from error
        self._score = functions.edgeood_score
        self._score.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
        self._decide = functions.edgeood_decide if mass_blind else None
        if self._decide is not None:
            self._decide.argtypes = [*[ctypes.c_void_p] * 4, ctypes.c_int64]
        self.inputs: int = functions.edgeood_inputs()
        """Numbers of one jet."""

    @property
    def mass_blind(self) -> bool:
        """Whether the threshold depends on the jet's mass."""
        return self._decide is not None

    def __call__(self, inputs: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) scores from (N, …) inputs; NaN for a jet with NaN among its inputs.

        Raises :class:`EdgeoodError` for jets of another shape.
        """
        inputs = self._checked(inputs)
        scores = np.empty(len(inputs))

        def work(start: int, end: int) -> None:
            part, result = inputs[start:end], scores[start:end]
            _check_memory(self._score(part.ctypes.data, result.ctypes.data, len(part)))

        self._in_threads(work, len(inputs))
        return scores

    def decide(self, inputs: NDArray[Any], mass_gev: NDArray[Any]) -> Decided:
        """The scores and the library's own decisions; without one in it, what lies above the threshold."""
        if self._decide is None:
            scores = self(inputs)
            return Decided(scores, scores > self.threshold)
        decide, inputs, mass = self._decide, self._checked(inputs), np.ascontiguousarray(mass_gev, np.float32)
        scores, anomalous = np.empty(len(inputs)), np.empty(len(inputs), np.uint8)

        def work(start: int, end: int) -> None:
            columns = [one[start:end].ctypes.data for one in (inputs, mass, scores, anomalous)]
            _check_memory(decide(*columns, len(inputs[start:end])))

        self._in_threads(work, len(inputs))
        return Decided(scores, anomalous.astype(bool))

    def _checked(self, inputs: NDArray[Any]) -> NDArray[np.float32]:
        inputs = np.ascontiguousarray(inputs, np.float32)
        if math.prod(inputs.shape[1:]) != self.inputs:
            raise EdgeoodError(
                f"{self.library} scores jets of {self.inputs} numbers, not of shape {inputs.shape[1:]}; make "
                "the inputs as the run's recipe says."
            )
        return inputs

    def _in_threads(self, work: Callable[[int, int], None], jets: int) -> None:
        """Do the work on all jets, from one to another."""
        if self.threads == 1:
            work(0, jets)
            return
        starts = range(0, jets, _JETS_OF_A_THREAD)
        with ThreadPoolExecutor(self.threads) as pool:
            # ctypes releases the interpreter's lock. The list is what raises a thread's error here.
            list(pool.map(work, starts, (start + _JETS_OF_A_THREAD for start in starts)))


def _check_memory(there_was_memory: int) -> None:
    if not there_was_memory:
        raise MemoryError("there is no memory for the tensors of one batch of jets")
