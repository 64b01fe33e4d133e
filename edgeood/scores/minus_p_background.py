"""Anti-QCD tagging: a jet that the classifier does not take for background is an anomaly.

CC22 §2.2 (arXiv:2201.07199) score a jet by −p_b(x), with the softmax probability p_b of the background class b
(eq. 2.1). In floating point p_b is exactly 1 for every jet that the classifier is sure of, and jets would tie.
The score is therefore the log-odds against background, log((1 − p_b) / p_b), which has the order of −p_b and
keeps every difference that the logits have.
"""

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.errors import EdgeoodError
from edgeood.scores.fitting import check_background


def background_log_odds(logits: ArrayLike, background: int = 0) -> NDArray[np.float64]:
    """(N,) log((1 − p_b) / p_b) = log Σ_{k≠b} exp g_k − g_b of the (N, K) logits g, b = ``background``."""
    g = np.asarray(logits, np.float64)
    result: NDArray[np.float64] = (
        np.logaddexp.reduce(np.delete(g, background, axis=1), axis=1) - g[:, background]
    )
    return result


def background_probability(logits: ArrayLike, background: int = 0) -> NDArray[np.float64]:
    """(N,) softmax probabilities of the class ``background`` from the (N, K) logits (CC22 eq. 2.1)."""
    return np.exp(log_probabilities(background_log_odds(logits, background))[0])


def log_probabilities(log_odds: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """log p_b and log(1 − p_b) from the log-odds against background, precise where either vanishes."""
    s = np.asarray(log_odds, np.float64)
    return -np.logaddexp(0, s), -np.logaddexp(0, -s)


class MinusPBackground:
    """s(x) = log((1 − p_b(x)) / p_b(x)), which orders jets as −p_b does (module docstring)."""

    name = "minus_p_background"

    def __init__(self) -> None:
        self.background = 0
        self.threshold = math.nan

    def fit(
        self, representation: NDArray[Any], logits: NDArray[Any], labels: NDArray[Any], background: int = 0
    ) -> Self:
        """Remember which class is background. Raises :class:`EdgeoodError` if there is no such class or no other."""
        classes = np.shape(logits)[1]
        if classes < 2:
            raise EdgeoodError(
                "a network with a single logit gives no class probabilities; leave out minus_p_background."
            )
        check_background(background, classes)
        self.background = background
        return self

    def __call__(self, representation: NDArray[Any], logits: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) scores from the (N, K) logits; the representation is not looked at."""
        return background_log_odds(logits, self.background)

    def parameters(self) -> dict[str, NDArray[Any]]:
        """``background``, the index of its class, and ``threshold``."""
        return {"background": np.array(self.background), "threshold": np.array(self.threshold)}

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, NDArray[Any]]) -> Self:
        """The fitted score. Raises KeyError for a missing parameter."""
        score = cls()
        score.background = int(parameters["background"])
        score.threshold = float(parameters["threshold"])
        return score
