"""Numbers of a file → numbers of ours: each arrives as it was written, or is told to be wrong.

Integer fields take integers, and floats that are whole, within the range of their type; truth values take true,
false, 0 and 1; float fields take real numbers, rounded to single precision but never beyond its range.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_ACCEPTED = {"f": "iuf", "i": "biuf", "b": "biuf"}
"""Kind of a field of ours → kinds of NumPy types that it takes."""


def takes(wanted: np.dtype, given: np.dtype) -> bool:
    """True if a field of type ``wanted`` may be filled from one of type ``given`` at all."""
    return given.shape == () and given.kind in _ACCEPTED[wanted.kind]


def expectation(wanted: np.dtype) -> str:
    """What a field of type ``wanted`` takes, for the end of a sentence."""
    if wanted.kind == "b":
        return "true or false, or 1 and 0"
    if wanted.kind == "f":
        return "real numbers within single precision"
    limits = np.iinfo(wanted)
    return f"whole numbers from {limits.min} to {limits.max}"


def wrong_values(values: NDArray[Any], wanted: np.dtype) -> NDArray[np.bool_] | None:
    """Which ``values`` (any shape) a field of type ``wanted`` cannot hold, or None if it holds every one.

    Not-a-number and infinities are numbers to a float field.
    """
    given = values.dtype
    if wanted.kind == "b":
        # HDF5 hands bytes of its truth values on as they are: one of 2 would count as two.
        wrong = values.view(np.uint8) > 1 if given.kind == "b" else (values != 0) & (values != 1)
    elif given == wanted or given.kind == "b":
        return None
    elif wanted.kind == "f":
        if given.kind != "f" or given.itemsize <= wanted.itemsize:
            return None
        wrong = np.isfinite(values) & (np.abs(values) > np.finfo(wanted).max)
    else:
        lowest, highest = int(np.iinfo(wanted).min), int(np.iinfo(wanted).max)
        if given.kind in "iu":
            wrong = (values < lowest) | (values > highest)
        else:
            # Double precision holds highest + 1, a power of two, for every integer type; highest it may not.
            numbers = values.astype(np.float64) if given.itemsize < 8 else values
            inside = (numbers >= float(lowest)) & (numbers < float(highest + 1))
            wrong = ~(inside & (np.floor(numbers) == numbers))
    return wrong if wrong.any() else None
