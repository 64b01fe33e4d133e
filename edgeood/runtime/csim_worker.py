"""One process of the C-simulation: jets from standard input, scores to standard output.

Started by :mod:`edgeood.runtime.csim` as a script, so that it loads nothing but numpy and the library.
"""

import ctypes
import os
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray


def simulate(
    library: str | os.PathLike[str],
    function: str,
    inputs: NDArray[Any],
    mass_gev: NDArray[Any] | None = None,
) -> NDArray[np.float64]:
    """(N, outputs) of (N, inputs) jets, one after the other, by a compiled project's double bridge.

    The output is the score; of a project that reads masses (N,) also the decision, more than zero for an anomalous jet.
    """
    bridge = getattr(ctypes.CDLL(os.fspath(library)), function)
    columns = [np.ascontiguousarray(inputs, np.float64)]
    if mass_gev is not None:
        columns.append(np.ascontiguousarray(mass_gev, np.float64).reshape(-1, 1))
    outputs = np.empty((len(inputs), len(columns)))
    columns.append(outputs)
    bridge.argtypes = [ctypes.c_void_p] * len(columns)
    for i in range(len(inputs)):
        bridge(*(column[i].ctypes.data for column in columns))
    return outputs


def main() -> None:
    """Serve chunks until the input ends: a count in 8 bytes, then float32 inputs and, if so told, float32 masses."""
    library, function, size, reads_mass = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "mass"
    # Nothing that the simulation prints may mix with the scores.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while header := sys.stdin.buffer.read(8):
        count = int.from_bytes(header, "little")
        chunk = np.frombuffer(sys.stdin.buffer.read(4 * count * size), np.float32).reshape(count, size)
        mass = np.frombuffer(sys.stdin.buffer.read(4 * count), np.float32) if reads_mass else None
        answers.write(simulate(library, function, chunk, mass).tobytes())
        answers.flush()


if __name__ == "__main__":
    main()
