"""Train, validation and test: which part an event belongs to.

The part follows from a hash of the process name and the event number alone. So the jets of one event stay
together, no file has to store the split, and making more jets never moves one from training to testing.
"""

import hashlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

TRAIN, VALIDATION, TEST = 0, 1, 2


def _splitmix64(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Finalizer of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014): a bijection of 64-bit integers."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def event_fraction(event: ArrayLike, process_names: ArrayLike) -> NDArray[np.float64]:
    """(N,) pseudo-random numbers in [0, 1), equal for equal (process, event) and independent otherwise."""
    names, index = np.unique(np.asarray(process_names, dtype=np.str_), return_inverse=True)
    keys = [int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little") for name in names.tolist()]
    keyed = (
        np.asarray(event, np.int64).view(np.uint64) ^ _splitmix64(np.array(keys, np.uint64))[index.ravel()]
    )
    return (_splitmix64(keyed) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def split_of(event: ArrayLike, process_names: ArrayLike, train: float, validation: float) -> NDArray[np.int8]:
    """(N,) parts 0 (train), 1 (validation) or 2 (test) of jets by their event numbers and processes.

    ``train`` and ``validation`` are the expected fractions of events; the rest is for testing.
    """
    fraction = event_fraction(event, process_names)
    return ((fraction >= train).astype(np.int8) + (fraction >= train + validation)).astype(np.int8)
