"""One shard: a number of jets of one process, the same bytes whenever and wherever it is made."""

import importlib.metadata
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.format import write_jets
from edgeood.jets.layout import Jets
from edgeood.jets.simulation.processes import (
    FAST_SETTINGS,
    JetSelection,
    Process,
    process_named,
    scanned_settings,
)
from edgeood.jets.simulation.response import DetectorName

BATCH = 100
"""Events that Pythia makes at once; part of what a seed means."""
_PATIENCE = 200
"""Batches without a single accepted jet before we give up."""
_LARGEST_PYTHIA_SEED = 900_000_000
_SHARD_BITS, _EVENT_BITS = 20, 28


@dataclass(frozen=True)
class Shard:
    """What decides every byte of one shard's file."""

    process: str
    number: int
    jets: int
    constituents: int
    seed: int
    fast: bool
    selection: JetSelection | None = None
    """in place of the process's own"""
    pythia: tuple[str, ...] = ()
    """further settings"""
    detector: DetectorName = "cms"

    @property
    def definition(self) -> Process:
        """The process with the selection of this shard."""
        process = process_named(self.process)
        return process if self.selection is None else replace(process, selection=self.selection)

    @property
    def file_name(self) -> str:
        """Name of the shard's file."""
        return f"{self.process}_seed{self.seed}_{self.number:04d}.h5"

    def attributes(self) -> dict[str, Any]:
        """The file's attributes: enough to make it again, and to tell it from one made otherwise."""
        process = self.definition
        plan = asdict(self)
        del plan["selection"], plan["pythia"]  # the definition and the settings have them
        if self.detector == "cms":
            del plan["detector"]  # as in files of release 0.1
        return {
            **plan,
            "settings": [*process.all_settings, *self.pythia, *(FAST_SETTINGS if self.fast else ())],
            "process_definition": asdict(process),
            "jet_algorithm": "anti-kt",
            "jet_radius": process.selection.radius,
            "versions": generator_versions(),
        }


@dataclass(frozen=True)
class Effort:
    """CPU seconds that one shard took (not part of the reproducible files)."""

    cpu_s: float
    pythia_s: float


def generator_versions() -> dict[str, str]:
    """Versions of everything that can change a shard's bytes.

    Raises :class:`EdgeoodError` if the generator is not installed.
    """
    packages = ("edgeood", "pythia8mc", "fastjet", "awkward", "numpy", "h5py")
    try:
        return {name: importlib.metadata.version(name) for name in packages}
    except importlib.metadata.PackageNotFoundError as error:
        raise EdgeoodError(f"generation needs {error.name}; install edgeood[generate].") from error


def event_number(process_code: int, shard: int, event: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers that no two events of a sample share: process, shard and event in separate bits."""
    return (np.int64(process_code) << (_SHARD_BITS + _EVENT_BITS)) + (np.int64(shard) << _EVENT_BITS) + event


def make_shard(shard: Shard, folder: Path, progress: Callable[[int], None] = lambda accepted: None) -> Effort:
    """Generate a shard and write it to ``folder``, wholly or not at all.

    ``progress`` hears of newly accepted jets after each batch; what it raises stops the work.
    """
    from edgeood.jets.simulation.pythia import Generator
    from edgeood.jets.simulation.selection import select

    started, in_pythia = time.process_time(), 0.0
    process = shard.definition
    rng = np.random.default_rng([shard.seed, process.code, shard.number])
    extras: list[tuple[str, ...]] = [()]
    if process.scan is not None:
        extras = scanned_settings(process.scan, tuple(rng.random(process.scan.runs)))
    parts: list[Jets] = []
    accepted, events = 0, 0
    for run, extra in enumerate(extras):
        goal = shard.jets * (run + 1) // len(extras)
        clock = time.process_time()
        seed = _pythia_seed(shard, process.code, run)
        generator = Generator(process, seed, (*extra, *shard.pythia), shard.fast)
        in_pythia += time.process_time() - clock
        idle = 0
        while accepted < goal:
            clock = time.process_time()
            batch = generator.batch(BATCH)
            in_pythia += time.process_time() - clock
            made = 0
            if len(batch):
                particles, origins = generator.unpack(batch, process.contains)
                found = select(
                    process, particles, origins, len(batch), shard.constituents, rng, shard.detector
                )
                made = min(len(found), goal - accepted)
                found.jets["event"] = event_number(process.code, shard.number, found.jets["event"] + events)
                parts += [found[:made]] if made else []
            accepted, events, idle = accepted + made, events + len(batch), 0 if made else idle + 1
            if idle == _PATIENCE:
                raise EdgeoodError(f"process {process.name} gives no jets inside its selection; widen it.")
            progress(made)
    write_jets(folder / shard.file_name, Jets.concatenate(parts), {**shard.attributes(), "events": events})
    return Effort(time.process_time() - started, in_pythia)


def _pythia_seed(shard: Shard, code: int, run: int) -> int:
    entropy = np.random.SeedSequence([shard.seed, code, shard.number, run]).generate_state(1, np.uint64)
    return 1 + int(entropy[0]) % _LARGEST_PYTHIA_SEED
