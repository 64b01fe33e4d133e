"""One process of the C-simulation: jets from standard input, scores to standard output.

Started by :mod:`edgeood.runtime.csim` as a script, so that it loads nothing but numpy and the library.
"""

import ctypes
import os
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray


def simulate(library: str | os.PathLike[str], function: str, inputs: NDArray[Any]) -> NDArray[np.float64]:
    """(N,) scores of (N, inputs) jets, one after the other, by a compiled project's double bridge."""
    bridge = getattr(ctypes.CDLL(os.fspath(library)), function)
    bridge.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    inputs = np.ascontiguousarray(inputs, np.float64)
    scores = np.empty(len(inputs))
    for i in range(len(inputs)):
        bridge(inputs[i].ctypes.data, scores[i : i + 1].ctypes.data)
    return scores


def main() -> None:
    """Serve chunks (a count in 8 bytes, then float32 inputs) until the input ends."""
    library, function, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    # Nothing that the simulation prints may mix with the scores.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while header := sys.stdin.buffer.read(8):
        count = int.from_bytes(header, "little")
        chunk = np.frombuffer(sys.stdin.buffer.read(4 * count * size), np.float32).reshape(count, size)
        answers.write(simulate(library, function, chunk).tobytes())
        answers.flush()


if __name__ == "__main__":
    main()
