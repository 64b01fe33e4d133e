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
    # The small term undoes rounding: 0.29 × 100 is 28.999999999999996.
    selected = min(math.floor(background_efficiency * len(scores) + 1e-9), len(scores) - 1)
    if selected < 1:
        raise EdgeoodError(
            f"{len(scores)} background jets are too few for a working point of efficiency "
            f"{background_efficiency:g}; use more jets or a higher efficiency."
        )
    place = len(scores) - 1 - selected
    return float(np.partition(scores, place)[place])
