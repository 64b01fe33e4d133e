"""Nearest neighbours: a jet with few known jets around it in the representation is an anomaly."""

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.scores.fitting import checked, in_chunks
from edgeood.scores.gaussian import REGULARISATION

NEIGHBOURS = 50
BANK = 5000
"""At most this many known jets are kept to be neighbours."""
_SEED = 1
_CHUNK = 256
"""Jets at a time: their distances to the bank (10 MB) stay near the processor."""


class NearestNeighbours:
    """s(x) = |z(x) − z_(k)|, the distance to the k-th nearest known jet, k = ``NEIGHBOURS``, no shape assumed.

    Sun et al., arXiv:2204.06507. z is the representation with every dimension divided by its spread over the
    known jets, so that distances depend neither on a dimension's unit nor on the origin; a dimension with hardly
    any spread is divided by the floor of the Mahalanobis scores. Sun et al. project representations onto the
    unit sphere instead, which needs an origin with a meaning; a linear or a variational one has none.

    The known jets are a random draw of ``BANK`` training jets of all classes (all, if there are fewer), always
    the same of the same jets. A jet of the bank is its own first neighbour.
    """

    name = "nearest_neighbours"
    bank: NDArray[np.float32]
    """(B, D) representations of known jets."""
    spread: NDArray[np.float64]
    """(D,) what each dimension is divided by."""

    def __init__(self) -> None:
        self.threshold = math.nan

    def fit(
        self, representation: NDArray[Any], logits: NDArray[Any], labels: NDArray[Any], background: int = 0
    ) -> Self:
        """Draw the bank. Raises :class:`EdgeoodError` for jets that do not allow it."""
        representation, _, _ = checked(representation, logits, labels)
        jets = len(representation)
        if jets < NEIGHBOURS:
            raise EdgeoodError(
                f"{jets} jets are too few for a distance to the {NEIGHBOURS}th neighbour; fit on more."
            )
        chosen = np.arange(jets)
        if jets > BANK:
            chosen = np.sort(np.random.default_rng(_SEED).choice(jets, BANK, replace=False))
        self.bank = np.asarray(representation[chosen], np.float32)
        if (self.bank == self.bank[0]).all():
            raise EdgeoodError("the representation is the same for all jets; train the network longer.")
        # In double precision of what is stored: a score read back is the same.
        variance = self.bank.var(axis=0, dtype=np.float64)
        self.spread = np.sqrt(np.maximum(variance, REGULARISATION * variance.mean()))
        return self

    def __call__(self, representation: NDArray[Any], logits: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) distances of the (N, D) representation to the k-th nearest jet of the bank."""
        representation = np.asarray(representation)
        # |z − z'|² = |z|² + |z'|² − 2 z·z' loses fewest digits around the bank's own mean.
        centre = self.bank.mean(axis=0, dtype=np.float64)
        bank = (self.bank - centre) / self.spread
        bank_squares = np.square(bank).sum(axis=1)
        distance = np.empty(len(representation))
        for chosen, rows in in_chunks(representation, _CHUNK):
            z = (rows - centre) / self.spread
            squares = bank_squares - 2 * (z @ bank.T)
            squares.partition(NEIGHBOURS - 1, axis=1)
            nearest = squares[:, NEIGHBOURS - 1] + np.square(z).sum(axis=1)
            distance[chosen] = np.sqrt(np.maximum(nearest, 0))
        return distance

    def parameters(self) -> dict[str, NDArray[Any]]:
        """``bank`` (B, D) float32, ``spread`` (D,), ``threshold``."""
        return {"bank": self.bank, "spread": self.spread, "threshold": np.array(self.threshold)}

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, NDArray[Any]]) -> Self:
        """The fitted score. Raises KeyError for a missing parameter."""
        score = cls()
        score.bank, score.spread = parameters["bank"], parameters["spread"]
        score.threshold = float(parameters["threshold"])
        return score
