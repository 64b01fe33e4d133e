"""Test vectors of a released detector: network inputs, and the integers that every engine must give for them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.export.record import read_record
from edgeood.files.atomic import atomic_path
from edgeood.released import DECISIONS, MASSES, VECTORS
from edgeood.run import Run
from edgeood.runtime.network import open_network
from edgeood.runtime.parity.corners import corner_masses
from edgeood.scores.fused import FUSED_SCORES


def vectors_of(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """The example's inputs, an empty one, and some far outside of the input's type."""
    few = inputs[:4]
    return np.concatenate([inputs, np.zeros_like(few[:1]), few * 1e3, -few, few / 3]).astype(np.float32)


def write_vectors(run: Run, vectors: NDArray[np.float32]) -> None:
    """The vectors with the integers and decisions that the network itself gives, into the run's folder."""
    expected: dict[str, NDArray[Any]] = {}
    masses = corner_masses(len(vectors))
    for name in FUSED_SCORES:
        network = open_network(run, name)
        decided = network.decide(vectors, masses)
        scaled = decided.scores / read_record(run, name)["step"]
        expected[name] = np.rint(scaled).astype(np.int64)
        if network.mass_blind:
            expected |= {MASSES: masses, f"{name}{DECISIONS}": decided.anomalous}
        if not np.array_equal(expected[name], scaled):
            raise EdgeoodError(f"{run.path}: a score '{name}' of the network is no whole number of steps.")
    with atomic_path(run.path / VECTORS) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, inputs=vectors, **expected)
