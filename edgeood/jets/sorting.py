"""Put constituents in order: valid ones in front, falling in pT."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def sort_constituents(constituents: NDArray[Any]) -> int:
    """Sort padded constituents (N, P) in place, those of equal pT in their order; of how many jets it was needed.

    Not-a-number comes first, where it is seen.
    """
    pt = np.where(constituents["valid"], constituents["pt"], -np.inf)
    unsorted = np.flatnonzero((pt[:, 1:] > pt[:, :-1]).any(axis=1))
    if len(unsorted):
        order = np.argsort(np.where(np.isnan(pt), -np.inf, -pt)[unsorted], axis=1, kind="stable")
        constituents[unsorted] = np.take_along_axis(constituents[unsorted], order, axis=1)
    return len(unsorted)
