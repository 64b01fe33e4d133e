"""Are there jets enough to measure on? Asked before networks and figures take their time."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from edgeood.errors import EdgeoodError
from edgeood.evaluation.detection import FEWEST_BACKGROUND

FEWEST_OF_A_CLASS = 2
"""Jets of a known class, whose dependence on mass is measured: one alone depends on nothing."""


def check_sample(
    process_names: ArrayLike,
    background: Sequence[str],
    signals: Mapping[str, Sequence[str]],
    classes: Mapping[str, Sequence[str]],
) -> None:
    """Raise :class:`EdgeoodError` unless jets of these processes (N,) suffice to measure on.

    Every process of the background, of the signals and of the known classes must be among them; the background needs
    :data:`~edgeood.evaluation.detection.FEWEST_BACKGROUND` jets, a class :data:`FEWEST_OF_A_CLASS`.
    """
    names, counts = np.unique(np.asarray(process_names, np.str_), return_counts=True)
    jets = dict(zip(names.tolist(), counts.tolist(), strict=True))
    for process in (one for own in (background, *signals.values(), *classes.values()) for one in own):
        if process not in jets:
            raise EdgeoodError(f"there are no jets of process '{process}' to evaluate; generate some.")
    if (count := sum(jets[process] for process in background)) < FEWEST_BACKGROUND:
        raise EdgeoodError(
            f"{count} background jets ({', '.join(background)}) are too few to measure on; give at least "
            f"{FEWEST_BACKGROUND}, and thousands for small errors."
        )
    for name, members in classes.items():
        if (count := sum(jets[process] for process in members)) < FEWEST_OF_A_CLASS:
            raise EdgeoodError(
                f"{count} jet of class '{name}' is too few to measure on; give at least {FEWEST_OF_A_CLASS}."
            )
