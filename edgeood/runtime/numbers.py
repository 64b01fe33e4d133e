"""A score is a number: damaged weights, fits and models give others."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError


def check_numbers(scores: NDArray[Any], who: str) -> NDArray[Any]:
    """The scores of sound jets. Raises :class:`EdgeoodError` if ``who`` gives one that is no number.

    Not a number is not above any threshold: such a jet would be lost without a word.
    """
    if wrong := int(np.count_nonzero(np.isnan(scores))):
        raise EdgeoodError(
            f"{who} gives {wrong} of {len(scores)} jets no number as a score: its weights or its fit are damaged; copy "
            "or export it again."
        )
    return scores
