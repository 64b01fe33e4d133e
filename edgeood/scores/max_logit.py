"""Max-logit: a jet that excites no known class is an anomaly."""

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


class MaxLogit:
    """s(x) = −max_k g_k(x) over the logits g of the known classes.

    GZ24 §2.3 (arXiv:2401.08777), after Hendrycks et al., arXiv:1911.11132. Nothing is fitted. Unlike a
    softmax probability it keeps the size of the logits, and firmware needs no exponential and no division. Of
    an autoencoder, whose only logit is minus its reconstruction error, it is that error.
    """

    name = "max_logit"

    def __init__(self) -> None:
        self.threshold = math.nan

    def fit(
        self, representation: NDArray[Any], logits: NDArray[Any], labels: NDArray[Any], background: int = 0
    ) -> Self:
        """Nothing to learn."""
        return self

    def __call__(self, representation: NDArray[Any], logits: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) scores from the (N, K) logits; the representation is not looked at."""
        result: NDArray[np.float64] = -np.max(np.asarray(logits, np.float64), axis=1)
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
