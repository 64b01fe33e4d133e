"""Scores in integers on the CPU: C++ made of the network, compiled for this machine, bit-equal to the firmware."""

import ctypes
import math
import subprocess
from collections.abc import Sequence
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
from edgeood.runtime import Progress

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
    return Cpu(library, threshold=network.threshold, threads=workers or 1)


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

    def __init__(self, library: Path, *, threshold: float = float("nan"), threads: int = 1) -> None:
        self.library = library
        self.threshold = threshold
        self.threads = threads
        try:
            functions = ctypes.CDLL(str(library.resolve()))
        except OSError as error:
            raise EdgeoodError(f"{library} cannot be loaded ({error}); delete it and try again.") from error
        self._score = functions.edgeood_score
        self._score.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
        self.inputs: int = functions.edgeood_inputs()
        """Numbers of one jet."""

    def __call__(self, inputs: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) scores from (N, …) inputs; NaN for a jet with NaN among its inputs.

        Raises :class:`EdgeoodError` for jets of another shape.
        """
        inputs = np.ascontiguousarray(inputs, np.float32)
        if math.prod(inputs.shape[1:]) != self.inputs:
            raise EdgeoodError(
                f"{self.library} scores jets of {self.inputs} numbers, not of shape {inputs.shape[1:]}; make "
                "the inputs as the run's recipe says."
            )
        scores = np.empty(len(inputs))

        def work(start: int, end: int) -> None:
            part, result = inputs[start:end], scores[start:end]
            if not self._score(part.ctypes.data, result.ctypes.data, len(part)):
                raise MemoryError("there is no memory for the tensors of one batch of jets")

        if self.threads == 1:
            work(0, len(inputs))
        else:
            starts = range(0, len(inputs), _JETS_OF_A_THREAD)
            with ThreadPoolExecutor(self.threads) as pool:
                # ctypes releases the interpreter's lock. The list is what raises a thread's error here.
                list(pool.map(work, starts, (start + _JETS_OF_A_THREAD for start in starts)))
        return scores
