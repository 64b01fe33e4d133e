"""The common mode of the logits: cross-entropy leaves it free, and their maximum is made of it.

Cross-entropy depends on differences of logits alone: adding g·r + b to every one of them changes no probability,
and training leaves it wherever the first weights put it. With the same recipe, the AUROC of the *maximum* logit then
differs between seeds by more than anything that was learnt. So we choose it, by what is to count as normal.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgeood.training.gauge.log_odds import linear_log_odds

if TYPE_CHECKING:
    from torch import nn

    from edgeood.recipe import Score

SHRINKAGE = 1e-4
"""Relative to the mean variance: no direction is taken to be narrower than the root of this."""
MASS_BINS = 12
"""Quantiles of the background's mass between which the maximum logit is to be balanced."""


def widened(covariance: NDArray[Any]) -> NDArray[Any]:
    """(D, D) with the least variance that a direction may have."""
    result: NDArray[Any] = covariance + SHRINKAGE * np.trace(covariance) / len(covariance) * np.eye(
        len(covariance)
    )
    return result


def minus_distance(
    representation: NDArray[Any], labels: NDArray[Any], background: int | None = None
) -> NDArray[np.float64]:
    """(N,) −min_k D_k(r) over the classes k, or −D of the ``background`` alone.

    D_k is the Mahalanobis distance to class k with its own covariance. Not its square, whose few largest values
    would decide a least-squares fit alone.
    """
    representation = np.asarray(representation, np.float64)
    classes = range(int(labels.max()) + 1) if background is None else (background,)
    squares = []
    for k in classes:
        group = representation[labels == k]
        covariance = np.atleast_2d(np.cov(group, rowvar=False, bias=True))
        residual = representation - group.mean(0)
        squares.append((residual * np.linalg.solve(widened(covariance), residual.T).T).sum(1))
    result: NDArray[np.float64] = -np.sqrt(np.min(squares, axis=0))
    return result


def with_overlaid_odds(
    wanted: NDArray[Any],
    representation: NDArray[Any],
    background: NDArray[Any],
    overlaid: NDArray[Any],
    share: float,
) -> NDArray[np.float64]:
    """(N,) (1 − ``share``)·``wanted`` − ``share``·(the log-odds of overlaid jets against background).

    The distance counts every direction in which a jet differs from the background alike; the log-odds
    (:func:`linear_log_odds`) say which of them lead to jets of more cores. They come in units in which the
    background varies as much as in ``wanted``. ``representation`` (N, D), ``background``: its rows of the
    background, ``overlaid`` (M, D): the representation of overlaid jets.
    """
    representation = np.asarray(representation, np.float64)
    slope, _ = linear_log_odds(representation[background], overlaid)
    odds = (representation - representation[background].mean(0)) @ slope
    result: NDArray[np.float64] = (1 - share) * wanted - share * odds * (
        wanted[background].std() / odds[background].std()
    )
    return result


def with_class_odds(
    wanted: NDArray[Any], odds: NDArray[Any], background: NDArray[Any], weight: float
) -> NDArray[np.float64]:
    """(N,) ``wanted`` + ``weight``·``odds``, these in units in which the background varies as much as in ``wanted``.

    ``odds`` (N,) are the log-odds of the background against the other classes, ``background`` its rows. What the
    classifier decides and how far a jet lies from the background are two views of "not background": where one knows
    nothing the other may (:mod:`edgeood.scores.odds_and_distance`). The log-odds are linear in the representation, as
    all of the common mode: on a chip they cost nothing.
    """
    spread = odds[background].std()
    if spread == 0:
        return np.asarray(wanted, np.float64)
    result: NDArray[np.float64] = wanted + weight * odds * (wanted[background].std() / spread)
    return result


def distance_gauge(
    representation: NDArray[Any],
    maximum: NDArray[Any],
    wanted: NDArray[Any],
    background_mass: tuple[NDArray[Any], NDArray[Any]] | None = None,
    neutrality: float = 0.0,
) -> tuple[NDArray[Any], float]:
    """The common mode (g (D,), b) after which the maximum logit is closest to minus a distance.

    Least squares over known jets of ``maximum`` + g·r + b to ``wanted``; and, ``neutrality`` times, of the
    background's mean maximum in each of :data:`MASS_BINS` quantiles of jet mass to its overall mean, so that a cut
    on the score shapes the mass spectrum less. What the representation still says of mass is put to use there: one
    direction's dependence on mass is made to cancel another's.

    ``representation`` (N, D), ``maximum`` (N,) over any logits with the differences that are kept, ``wanted`` (N,);
    ``background_mass``: rows of the background (B,) and their jet masses (B,) in GeV.
    """
    representation = np.asarray(representation, np.float64)
    design = np.column_stack([representation, np.ones(len(representation))])
    residual = wanted - maximum
    if neutrality > 0 and background_mass is not None:
        rows, mass_gev = background_mass
        edges = np.quantile(mass_gev, np.linspace(0, 1, MASS_BINS + 1)[1:-1])
        place = np.searchsorted(edges, mass_gev)
        scale = np.sqrt(neutrality * len(design) / MASS_BINS)
        of_background = np.column_stack([design, maximum])[rows]
        means = np.stack([of_background[place == i].mean(0) for i in np.unique(place)])
        balance = scale * (means - of_background.mean(0))
        design = np.concatenate([design, balance[:, :-1]])
        residual = np.concatenate([residual, -balance[:, -1]])
    solution, *_ = np.linalg.lstsq(design, residual, rcond=None)
    return solution[:-1], float(solution[-1])


def background_gauge(weight: NDArray[Any], bias: NDArray[Any], background: int) -> tuple[NDArray[Any], float]:
    """The common mode (g (D,), b) after which the other logits average to u, and the background's is 2u above 0.

    u is the background's logit minus the mean of the others. With two classes the logits become 2u and u, whose
    maximum rises with u alone: the max-logit score is then a monotone function of −p_background, CC22's
    anti-QCD score, and no rounding but that of the logits stands between them. With more classes it is only
    near to one.

    ``weight`` (K, D) and ``bias`` (K,) are of the logits.
    """
    others = np.arange(len(weight)) != background
    slope = weight[background] - 2 * weight[others].mean(0)
    return slope, float(bias[background] - 2 * bias[others].mean())


def choose_common_mode(
    network: "nn.Module",
    representation: NDArray[Any],
    labels: NDArray[Any],
    mass_gev: NDArray[Any],
    background: int,
    score: "Score",
    overlaid: NDArray[Any] | None = None,
) -> None:
    """Give a float network's logits the common mode that ``score.normal`` asks for; in place.

    ``network`` must end in a linear layer ``logits`` on its ``representation`` (N, D), here of training jets with
    ``labels`` (N,) and jet masses (N,) in GeV; ``background`` is a class index. ``overlaid`` (M, D) is the
    representation of overlaid training jets, for ``score.overlaid``.
    """
    import torch

    last: Any = network.logits
    weight, bias = (parameter.detach().double().cpu().numpy() for parameter in (last.weight, last.bias))
    if score.normal == "background":
        slope, offset = background_gauge(weight, bias, background)
    else:
        weight, bias = weight - weight.mean(0), bias - bias.mean()
        maximum = (np.asarray(representation, np.float64) @ weight.T + bias).max(1)
        wanted = minus_distance(representation, labels, None if score.normal == "known" else background)
        rows = np.flatnonzero(labels == background)
        if overlaid is not None:
            wanted = with_overlaid_odds(wanted, representation, rows, overlaid, score.overlaid)
        if score.class_odds > 0:
            against = weight[background] - weight[np.arange(len(weight)) != background].mean(0)
            odds = np.asarray(representation, np.float64) @ against
            wanted = with_class_odds(wanted, odds, rows, score.class_odds)
        slope, offset = distance_gauge(
            representation, maximum, wanted, (rows, mass_gev[rows]), score.mass_neutrality
        )
    with torch.no_grad():
        last.weight.copy_(torch.from_numpy(weight + slope))
        last.bias.copy_(torch.from_numpy(bias + offset))
