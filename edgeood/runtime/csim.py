"""Scores by C-simulation: the exported HLS project, compiled with g++ alone, run in several processes.

hls4ml's line buffers are static variables, so one process simulates one jet at a time; each worker is a process
of its own that reads jets from a pipe and writes scores to another. (Not ``multiprocessing``: its spawn method
runs a user's unguarded script again, its fork method copies the locks of torch's threads.)
"""

import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.compiler import compile_library, find_compiler, library_name, version_of
from edgeood.cores import usable_cores
from edgeood.errors import EdgeoodError
from edgeood.export.record import exported, read_record
from edgeood.files.cache import cache_folder
from edgeood.run import Run
from edgeood.runtime import Decided, Progress

# -O1 compiles as long and runs 30 % slower; native instructions gain nothing. -fno-gnu-unique and -Bsymbolic keep
# the static variables of two networks apart when both are loaded.
FLAGS = ("-std=c++14", "-O3", "-fPIC", "-shared", "-fno-gnu-unique", "-Wl,-Bsymbolic", "-w")
# Of every HLS compiler's headers, whichever the project has.
INCLUDES = (
    *("-I.", "-Ifirmware/ap_types", "-Ifirmware/ac_types", "-Ifirmware/ac_types/include"),
    *("-Ifirmware/ac_math/include", "-Ifirmware/ac_simutils/include", "-Ifirmware/nnet_utils"),
)
_CHUNK = 32


def open_csim(
    run: Run, score: str, *, workers: int | None = None, progress: Progress | None = None
) -> "CSim":
    """The engine on a run's exported Vitis project, compiled into the user's cache if it is not yet.

    Raises :class:`EdgeoodError` if there is no export, no g++, or it does not compile.
    """
    return _open(run, score, "vitis", workers, progress)


def open_vivado_csim(
    run: Run, score: str, *, workers: int | None = None, progress: Progress | None = None
) -> "CSim":
    """The same for the Vivado project."""
    return _open(run, score, "vivado", workers, progress)


def open_quartus_csim(
    run: Run, score: str, *, workers: int | None = None, progress: Progress | None = None
) -> "CSim":
    """The same for the Quartus project."""
    return _open(run, score, "quartus", workers, progress)


def open_catapult_csim(
    run: Run, score: str, *, workers: int | None = None, progress: Progress | None = None
) -> "CSim":
    """The same for the Catapult project."""
    return _open(run, score, "catapult", workers, progress)


def _open(run: Run, score: str, target: str, workers: int | None, progress: Progress | None) -> "CSim":
    project = exported(run, score, target)
    record = read_record(run, score)
    name = record["artefacts"][target]["project"]
    library = compile_project(project, name, cache_folder("csim"))
    return CSim(
        library,
        name,
        threshold=record["threshold"],
        workers=workers,
        progress=progress,
        mass_blind="decision" in record,
    )


def compile_project(project: Path, name: str, cache: Path) -> Path:
    """Compile an exported project into a shared library, or find it compiled in ``cache``.

    The library is named by a hash of every source, the compiler and its flags. Raises :class:`EdgeoodError` if
    g++ is missing or fails.
    """
    compiler = find_compiler("C-simulation")
    parts: list[str | bytes] = [*FLAGS, version_of(compiler)]
    for source in [project / f"{name}_bridge.cpp", *sorted((project / "firmware").rglob("*"))]:
        if source.is_file() and source.suffix in (".h", ".cpp"):
            parts += [source.relative_to(project).as_posix(), source.read_bytes()]
    # One translation unit: the headers, most of the work, are read once.
    unit = f'#include "firmware/{name}.cpp"\n#include "{name}_bridge.cpp"\n'
    command = [compiler, *FLAGS, *INCLUDES, "-x", "c++", "-"]
    return compile_library(cache / library_name(name, *parts), command, project, source=unit, folder=project)


class CSim:
    """The engine on one compiled project."""

    name = "csim"

    def __init__(
        self,
        library: Path,
        project: str,
        *,
        threshold: float = float("nan"),
        workers: int | None = None,
        progress: Progress | None = None,
        mass_blind: bool = False,
    ) -> None:
        self.library = library
        self.project = project
        self.threshold = threshold
        self.workers = workers or usable_cores()
        self.progress = progress
        self.mass_blind = mass_blind

    def __call__(self, inputs: NDArray[Any]) -> NDArray[np.float64]:
        """(B,) scores from (B, 1, P, P) images or (B, N, F) candidates.

        Raises :class:`EdgeoodError` if a worker dies.
        """
        return self.decide(inputs, np.zeros(len(inputs), np.float32)).scores

    def decide(self, inputs: NDArray[Any], mass_gev: NDArray[Any]) -> Decided:
        """The scores and the design's own decisions; without one in it, what lies above the threshold.

        Raises :class:`EdgeoodError` if a worker dies.
        """
        columns = [np.ascontiguousarray(inputs, np.float32).reshape(len(inputs), math.prod(inputs.shape[1:]))]
        if self.mass_blind:
            columns.append(np.ascontiguousarray(mass_gev, np.float32).reshape(-1, 1))
        outputs = np.empty((len(inputs), len(columns)))
        chunks: SimpleQueue[slice] = SimpleQueue()
        for start in range(0, len(outputs), _CHUNK):
            chunks.put(slice(start, min(start + _CHUNK, len(outputs))))
        workers = max(1, min(self.workers, chunks.qsize()))
        with ThreadPoolExecutor(workers) as pool:
            for one in [pool.submit(self._work, columns, outputs, chunks) for _ in range(workers)]:
                one.result()
        scores = outputs[:, 0].copy()
        return Decided(scores, outputs[:, 1] > 0 if self.mass_blind else scores > self.threshold)

    def _work(
        self, columns: list[NDArray[np.float32]], outputs: NDArray[Any], chunks: "SimpleQueue[slice]"
    ) -> None:
        """Feed one process until no chunk is left."""
        command = [sys.executable, "-P", str(Path(__file__).with_name("csim_worker.py")), str(self.library)]
        command += [
            f"{self.project}_double",
            str(columns[0].shape[1]),
            "mass" if self.mass_blind else "alone",
        ]
        with (
            tempfile.TemporaryFile() as said,
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said) as process,
        ):
            assert process.stdin
            assert process.stdout
            try:
                for chunk in _drain(chunks):
                    given = b"".join(column[chunk].tobytes() for column in columns)
                    process.stdin.write(len(outputs[chunk]).to_bytes(8, "little") + given)
                    process.stdin.flush()
                    size = outputs[chunk].nbytes
                    answer = process.stdout.read(size)
                    if len(answer) != size:
                        raise BrokenPipeError
                    outputs[chunk] = np.frombuffer(answer).reshape(-1, outputs.shape[1])
                    if self.progress:
                        self.progress(len(outputs[chunk]))
                process.stdin.close()
            except BrokenPipeError as error:
                process.kill()
                process.wait()
                said.seek(0)
                reason = said.read().decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
                raise EdgeoodError(
                    f"a process that simulated {self.library} ended early ({reason[0]}); delete that file and try "
                    "again."
                ) from error


def _drain(chunks: "SimpleQueue[slice]") -> Iterator[slice]:
    while True:
        try:
            yield chunks.get_nowait()
        except Empty:
            return
