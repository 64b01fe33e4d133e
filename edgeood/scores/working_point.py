"""The threshold above which a jet is selected, chosen on background alone."""

import math

import numpy as np
from numpy.typing import ArrayLike

from edgeood.errors import EdgeoodError


def threshold_for(background_scores: ArrayLike, background_efficiency: float) -> float:
    """The lowest observed score that at most ``background_efficiency`` of the background lies above.

    A jet is selected if its score is *strictly above* the threshold. Without ties, ⌊efficiency · N⌋ of the N
    background jets in ``background_scores`` (N,) are; with ties (common in fixed point) fewer may be, never
    more: a trigger has a rate budget. As the threshold is one of the scores, a fixed-point score has a
    threshold of its own type.

    Raises :class:`EdgeoodError` for an efficiency outside (0, 1), a score that is not finite, or too little
    background to select a single jet.
    """
    scores = np.asarray(background_scores, np.float64).ravel()
    if not 0 < background_efficiency < 1:
        raise EdgeoodError(
            f"the background efficiency {background_efficiency} of the working point is not between 0 and 1; "
            "correct it."
        )
    if not np.isfinite(scores).all():
        raise EdgeoodError(
            "a background score is not finite; check the network's outputs before a threshold."
        )
    check_jets_for(background_efficiency, len(scores))
    place = len(scores) - 1 - _selected(background_efficiency, len(scores))
    return float(np.partition(scores, place)[place])


def check_jets_for(background_efficiency: float, jets: int) -> None:
    """Raise :class:`EdgeoodError` if a working point on so many background jets would select none of them."""
    if _selected(background_efficiency, jets) < 1:
        needed = max(math.ceil(1 / background_efficiency - 1e-9), 2)
        raise EdgeoodError(
            f"{jets} background jets are too few for a working point of efficiency {background_efficiency:g}; use at "
            f"least {needed}, or a higher efficiency."
        )


def _selected(background_efficiency: float, jets: int) -> int:
    """How many of the jets may be selected, at most all but one."""
    # The small term undoes rounding: 0.29 × 100 is 28.999999999999996.
    return min(math.floor(background_efficiency * jets + 1e-9), jets - 1)
