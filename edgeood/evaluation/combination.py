"""Scores of several runs made one: deep ensembles, and one-vs-all times all-vs-all.

A member is the scores of one run on some jets, score name → (N,), as ``HeldOut.scores`` has them; all members
score the same jets in the same order. They may know different classes (the one-vs-all member has but two), as
each one's scores already refer to its own background. Scores that not all members have are left out.

Background probabilities p are combined as CC22 §2.3 (arXiv:2201.07199) do, but through the log-odds
s = log((1 − p) / p) that ``minus_p_background`` is: combining p itself would round it to 1 and jets would tie.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.errors import EdgeoodError
from edgeood.scores.minus_p_background import log_probabilities

_PROBABILITY = "minus_p_background"

Scores = dict[str, NDArray[np.float64]]


def ensemble(members: Sequence[Mapping[str, ArrayLike]]) -> Scores:
    """A deep ensemble: background probabilities are averaged (CC22 eq. 2.3), and so are all other scores.

    Of those CC22 §4.1 know the (squared) Mahalanobis distance. Returns score name → (N,); its
    ``minus_p_background`` is the log-odds of the averaged probability. Raises :class:`EdgeoodError` if the
    members did not score the same number of jets, or have no score in common.
    """
    stacked = _stacked(members)
    return {
        name: _averaged(scores) if name == _PROBABILITY else scores.mean(axis=0)
        for name, scores in stacked.items()
    }


def ova_ava(ova: Mapping[str, ArrayLike], ava: Mapping[str, ArrayLike]) -> Scores:
    """One-vs-all × all-vs-all: background probabilities are multiplied (CC22 eq. 2.4), other scores added.

    Parameters
    ----------
    ova : scores of a binary network, background against everything else known
    ava : scores of a network that knows every class

    Of the other scores CC22 §4.1 know the (squared) Mahalanobis distance. Returns score name → (N,); its
    ``minus_p_background`` is the log-odds of the product, which CC22 call a pseudo-probability. Raises
    :class:`EdgeoodError` as :func:`ensemble` does.
    """
    stacked = _stacked([ova, ava])
    return {
        name: _multiplied(*scores) if name == _PROBABILITY else scores.sum(axis=0)
        for name, scores in stacked.items()
    }


def _averaged(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds (N,) of the mean over members of the probabilities that have ``log_odds`` (M, N)."""
    log_p, log_not_p = log_probabilities(log_odds)
    # The 1/M of both means cancels.
    result: NDArray[np.float64] = np.logaddexp.reduce(log_not_p, axis=0) - np.logaddexp.reduce(log_p, axis=0)
    return result


def _multiplied(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds (N,) of the product p₁ p₂ of the probabilities that have these log-odds (N,) each."""
    log_p1, log_not_p1 = log_probabilities(first)
    log_p2, log_not_p2 = log_probabilities(second)
    # 1 − p₁ p₂ = (1 − p₁) + p₁ (1 − p₂), a sum of positive numbers: nothing cancels.
    return np.logaddexp(log_not_p1, log_p1 + log_not_p2) - (log_p1 + log_p2)


def _stacked(members: Sequence[Mapping[str, ArrayLike]]) -> dict[str, NDArray[np.float64]]:
    """Score name → (M, N) of the scores that all M members have, in the order of the first."""
    if not members:
        raise EdgeoodError("there are no runs to combine; give the scores of at least one.")
    common = [name for name in members[0] if all(name in member for member in members)]
    if not common:
        raise EdgeoodError("the runs to combine have no score in common; fit the same scores in all of them.")
    stacked = {}
    for name in common:
        scores = [np.asarray(member[name], np.float64) for member in members]
        for number, own in enumerate(scores):
            if own.ndim != 1 or own.shape != scores[0].shape:
                raise EdgeoodError(
                    f"score '{name}' of run {number + 1} has shape {own.shape}, that of run 1 has "
                    f"{scores[0].shape}; score the same jets with all of them, one number per jet."
                )
        stacked[name] = np.stack(scores)
    return stacked
