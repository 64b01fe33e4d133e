"""Scores in integers on the CPU: C++ made of the network, compiled for this machine, bit-equal to the firmware."""

import ctypes
import hashlib
import math
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeood.atomic import atomic_path, write_text
from edgeood.errors import EdgeoodError
from edgeood.resources import firmware_folder
from edgeood.run import Run

FLAGS = ("-std=c++17", "-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-w")
_JETS_OF_A_THREAD = 512


def open_cpu(run: Run, score: str, *, threads: int = 1) -> "Cpu":
    """The engine for one fused score of a quantized run, compiled if it is not yet.

    Source and library lie in ``RUN/export/<score>/cpu``. Raises :class:`EdgeoodError` for a float run, a score
    that it has not or that cannot be fused, or without a working g++.
    """
    parameters = run.load_scores()
    if score not in parameters:
        raise EdgeoodError(
            f"{run.path} has no fitted score '{score}'; choose one of {', '.join(parameters)}."
        )
    from edgeood.export.cpu.source import scorer_source
    from edgeood.networks.load import load_network
    from edgeood.networks.quantized.fixed_graph import fixed_graph
    from edgeood.scores.fused import fused_score

    fused = fused_score(run.recipe, score, parameters[score])
    graph = fixed_graph(load_network(run))  # type: ignore[arg-type]
    source = scorer_source(graph, fused, f"Anomaly score {score} of the network {run.recipe.name!r}")
    library = compile_scorer(source, run.export_folder(score) / "cpu")
    return Cpu(library, threshold=fused.threshold, threads=threads)


def compile_scorer(source: str, cache: Path, *, native: bool = True, flags: Sequence[str] = ()) -> Path:
    """Compile the C++ file of :func:`~edgeood.export.cpu.source.scorer_source`, or find it compiled in ``cache``.

    The library is named by a hash of all sources, the compiler, its flags, and the instructions it may use; the
    file lies beside it. ``native`` code uses all instructions of this CPU; other code runs on every CPU of its
    kind. ``flags`` are added. Raises :class:`EdgeoodError` if g++ is missing or fails.
    """
    compiler = shutil.which("g++")
    if compiler is None:
        raise EdgeoodError(
            "scoring in integers needs g++, which is not on PATH; install it (e.g. `apt install g++`)."
        )
    headers = firmware_folder() / "cpu"
    command = [compiler, *FLAGS, *flags, *(["-march=native"] if native else []), f"-I{headers}"]
    # All that the compiler says of itself and of the CPU.
    probe = [*command, "-dM", "-E", "-x", "c++", "-"]
    macros = subprocess.run(probe, input="", capture_output=True, text=True)
    if macros.returncode and native:
        return compile_scorer(source, cache, native=False, flags=flags)
    digest = hashlib.sha256("\0".join([*FLAGS, *flags, macros.stdout, source]).encode())
    for header in sorted(headers.glob("*.h")):
        digest.update(header.read_bytes())
    library = cache / f"score-{digest.hexdigest()[:16]}.so"
    if library.is_file():
        return library
    file = library.with_suffix(".cpp")
    write_text(file, source)
    with atomic_path(library) as temporary:
        done = subprocess.run([*command, str(file), "-o", str(temporary)], capture_output=True, text=True)
        if done.returncode:
            log = library.with_suffix(".log")
            write_text(log, done.stderr)
            raise EdgeoodError(f"g++ could not compile {file}; see {log}.")
    return library


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

    def __call__(self, inputs: NDArray) -> NDArray[np.float64]:
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
