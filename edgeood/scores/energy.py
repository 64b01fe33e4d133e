"""Energy: the free energy of the logits, a smooth max-logit."""

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


class Energy:
    """s(x) = −log Σ_k exp g_k(x), the free energy at temperature 1.

    Liu et al., arXiv:2010.03759, eq. 3. Nothing is fitted. It lies below the max-logit score by at most log K,
    which it reaches where all K logits are equal.
    """

    name = "energy"

    def __init__(self) -> None:
        self.threshold = math.nan

    def fit(
        self, representation: NDArray[Any], logits: NDArray[Any], labels: NDArray[Any], background: int = 0
    ) -> Self:
        """Nothing to learn."""
        return self

    def __call__(self, representation: NDArray[Any], logits: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) scores from the (N, K) logits; the representation is not looked at."""
        result: NDArray[np.float64] = -np.logaddexp.reduce(np.asarray(logits, np.float64), axis=1)
        return result

    def parameters(self) -> dict[str, NDArray[Any]]:
        """``threshold`` only."""
        return {"threshold": np.array(self.threshold)}

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, NDArray[Any]]) -> Self:
        """The score with the stored threshold. Raises KeyError if it is missing."""
        score = cls()
        score.threshold = float(parameters["threshold"])
        return score
