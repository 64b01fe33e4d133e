"""Use the freedom that training leaves: coordinates of the representation, common mode of the logits.

The representation r and the logits are linear in the layer before, so any invertible A may be moved between
them: r' = A (r − c), logits = W A⁻¹ r' + (b + W c). Neither class probabilities nor a full Mahalanobis distance
change; but a *diagonal* Mahalanobis distance, which is all that a trigger can afford, does. For two classes
there is an A that makes both covariances diagonal at once, and then the diagonal distance is the full one.
Every dimension has unit variance besides, which suits fixed-point numbers, unless that takes weights which do
not: then a direction that hardly varies may stay narrower, and no diagonal distance notices.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import nn

SHRINKAGE = 1e-4
"""Relative to the mean variance: no direction is taken to be narrower than the root of this."""


def _widened(covariance: NDArray) -> NDArray:
    return covariance + SHRINKAGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))


def diagonalising_basis(representation: NDArray, labels: NDArray) -> tuple[NDArray, NDArray]:
    """Rows of A (D, D) and the centre c (D,) of the class means.

    A Σ̄ Aᵀ = 1 for the mean Σ̄ of the class covariances, and A Σ₀ Aᵀ is diagonal: the generalised
    eigenvectors of (Σ₀, Σ̄) [Fukunaga, Introduction to Statistical Pattern Recognition, §2.3]. With two
    classes A Σ₁ Aᵀ = 2 − A Σ₀ Aᵀ is diagonal as well; with more, only nearly so.

    ``representation`` (N, D) of known jets, ``labels`` (N,) class indices.
    """
    representation = np.asarray(representation, np.float64)
    groups = [representation[labels == k] for k in range(int(labels.max()) + 1)]
    covariances = np.stack([np.cov(group, rowvar=False, bias=True) for group in groups])
    mean = _widened(covariances.mean(0))
    values, vectors = np.linalg.eigh(mean)
    whitener = (vectors / np.sqrt(values)).T
    _, rotation = np.linalg.eigh(whitener @ covariances[0] @ whitener.T)
    basis = rotation.T @ whitener
    # A sign for every row, so that the basis does not depend on the eigen-solver's.
    basis *= np.where(basis[np.arange(len(basis)), np.abs(basis).argmax(1)] < 0, -1, 1)[:, None]
    return basis, np.mean([group.mean(0) for group in groups], axis=0)


def density_gauge(representation: NDArray, labels: NDArray) -> tuple[NDArray, float]:
    """The common mode (g (D,), b) of all logits, so that they follow the density of the known jets.

    Cross-entropy depends on differences of logits alone: adding g·r + b to every one of them changes no
    probability, and training leaves it wherever the first weights put it. The *maximum* logit, however, is made
    of it: with the same recipe, its AUROC then differs between seeds by more than anything that was learnt.
    We take the linear function closest (least squares, over known jets) to the logarithm of their density,
    −½ min_k D²_k(r), with D_k the Mahalanobis distance to class k and up to a constant.

    ``representation`` (N, D) of known jets, ``labels`` (N,) class indices.
    """
    representation = np.asarray(representation, np.float64)
    distances = []
    for k in range(int(labels.max()) + 1):
        group = representation[labels == k]
        covariance = np.atleast_2d(np.cov(group, rowvar=False, bias=True))
        residual = representation - group.mean(0)
        distances.append((residual * np.linalg.solve(_widened(covariance), residual.T).T).sum(1))
    design = np.column_stack([representation, np.ones(len(representation))])
    solution, *_ = np.linalg.lstsq(design, -0.5 * np.min(distances, axis=0), rcond=None)
    return solution[:-1], float(solution[-1])


def background_gauge(weight: NDArray, bias: NDArray, background: int) -> tuple[NDArray, float]:
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


def to_canonical(
    network: "nn.Module",
    representation: NDArray,
    labels: NDArray,
    background: int | None = None,
    largest_weight: float | None = None,
) -> None:
    """Move a float network's representation into its diagonalising basis and fix its logits' common mode.

    Works in place; differences of logits, and so all class probabilities, stay as they are. The common mode
    is that of :func:`density_gauge`, or of :func:`background_gauge` if the index of a ``background`` is given. A
    direction that takes weights of the representation above ``largest_weight`` is widened no further.
    ``network`` must end in linear layers ``representation`` and ``logits``; ``representation`` (N, D) and
    ``labels`` (N,) are of training jets.
    """
    import torch

    basis, centre = diagonalising_basis(representation, labels)
    first: Any = network.representation
    last: Any = network.logits
    parameters = (first.weight, first.bias, last.weight, last.bias)
    weight, bias, out_weight, out_bias = (parameter.detach().double().numpy() for parameter in parameters)
    if largest_weight is not None:
        largest = np.abs(basis @ weight).max(axis=1, keepdims=True)
        basis = basis * np.minimum(1, largest_weight / largest)
    turned_weight, turned_bias = out_weight @ np.linalg.inv(basis), out_bias + out_weight @ centre
    if background is None:
        slope, offset = density_gauge((representation - centre) @ basis.T, labels)
        turned_weight = turned_weight - turned_weight.mean(0)
        turned_bias = turned_bias - turned_bias.mean()
    else:
        slope, offset = background_gauge(turned_weight, turned_bias, background)
    values = (basis @ weight, basis @ (bias - centre), turned_weight + slope, turned_bias + offset)
    with torch.no_grad():
        for parameter, value in zip(parameters, values, strict=True):
            parameter.copy_(torch.from_numpy(value))
