"""Scores of measured jets, compared with the background's of the same mass: detection within mass."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.evaluation.labels import FLATTENED
from edgeood.scores.mass_flattening import FEWEST_JETS, MassFlattening

_MOST_BINS, _JETS_OF_A_BIN = 25, 200


def flattened(
    scores: Mapping[str, NDArray[Any]],
    wanted: Iterable[str],
    mass_gev: NDArray[Any],
    background: NDArray[np.bool_],
) -> dict[str, NDArray[np.float64]]:
    """The ``wanted`` scores (N,), flattened in mass, under their names with :data:`FLATTENED`.

    Every jet is compared with background jets of the other half (every second jet), so that none is its own measure.
    Empty if there are too few background jets.
    """
    even = np.arange(len(mass_gev)) % 2 == 0
    found = {}
    for name in (name for name in wanted if name in scores):
        values = np.empty(len(mass_gev))
        for half in (even, ~even):
            fitted = background & ~half
            bins = int(np.clip(fitted.sum() // _JETS_OF_A_BIN, 1, _MOST_BINS))
            if fitted.sum() < FEWEST_JETS * bins:
                return {}
            flattening = MassFlattening(bins).fit(scores[name][fitted], mass_gev[fitted])
            values[half] = flattening(scores[name][half], mass_gev[half])
        found[name + FLATTENED] = values
    return found
