"""AUROC of two scores of the same jets, and of their difference, with errors."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgeood.evaluation.bootstrap import REPLICAS, standard_error
from edgeood.evaluation.detection import auroc, rank, roc_from_counts

Measured = tuple[float, float]
"""Value and bootstrap error."""


class PairedAuroc(NamedTuple):
    """What two networks make of the same jets."""

    first: Measured
    second: Measured
    difference: Measured
    """second − first: every replica has the same jets for both, so that most of the error cancels"""


def paired_auroc(
    first: NDArray[Any],
    second: NDArray[Any],
    background: NDArray[Any],
    replicas: int = REPLICAS,
    seed: int = 1,
) -> PairedAuroc:
    """AUROC of two scores (N,) of the same jets, of which ``background`` (N,) bool are background."""
    rankings = [rank(score[~background], score[background]) for score in (first, second)]

    def areas(drawn: Sequence[NDArray[Any] | slice]) -> list[float]:
        return [
            auroc(
                roc_from_counts(
                    np.bincount(own.signal[drawn[0]], minlength=own.places),
                    np.bincount(own.background[drawn[1]], minlength=own.places),
                )
            )
            for own in rankings
        ]

    rng, sizes = np.random.default_rng(seed), (int((~background).sum()), int(background.sum()))
    values = areas([slice(None), slice(None)])
    sampled = np.array([areas([rng.integers(0, size, size) for size in sizes]) for _ in range(replicas)])
    return PairedAuroc(
        (values[0], standard_error(sampled[:, 0])),
        (values[1], standard_error(sampled[:, 1])),
        (values[1] - values[0], standard_error(sampled[:, 1] - sampled[:, 0])),
    )
