"""Use the freedom that training leaves: the coordinates of the representation.

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

from edgeood.training.gauge.common_mode import widened

if TYPE_CHECKING:
    from torch import nn


def diagonalising_basis(
    representation: NDArray[Any], labels: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rows of A (D, D) and the centre c (D,) of the class means.

    A Σ̄ Aᵀ = 1 for the mean Σ̄ of the class covariances, and A Σ₀ Aᵀ is diagonal: the generalised
    eigenvectors of (Σ₀, Σ̄) [Fukunaga, Introduction to Statistical Pattern Recognition, §2.3]. With two
    classes A Σ₁ Aᵀ = 2 − A Σ₀ Aᵀ is diagonal as well; with more, only nearly so.

    ``representation`` (N, D) of known jets, ``labels`` (N,) class indices.
    """
    representation = np.asarray(representation, np.float64)
    groups = [representation[labels == k] for k in range(int(labels.max()) + 1)]
    covariances = np.stack([np.cov(group, rowvar=False, bias=True) for group in groups])
    mean = widened(covariances.mean(0))
    values, vectors = np.linalg.eigh(mean)
    whitener = (vectors / np.sqrt(values)).T
    _, rotation = np.linalg.eigh(whitener @ covariances[0] @ whitener.T)
    basis = rotation.T @ whitener
    # A sign for every row, so that the basis does not depend on the eigen-solver's.
    basis *= np.where(basis[np.arange(len(basis)), np.abs(basis).argmax(1)] < 0, -1, 1)[:, None]
    return basis, np.mean([group.mean(0) for group in groups], axis=0)


def to_canonical(
    network: "nn.Module",
    representation: NDArray[Any],
    labels: NDArray[Any],
    largest_weight: float | None = None,
) -> None:
    """Move a float network's representation into its diagonalising basis.

    Works in place; the logits stay as they are. A direction that takes weights of the representation above
    ``largest_weight`` is widened no further. ``network`` must end in linear layers ``representation`` and
    ``logits``; ``representation`` (N, D) and ``labels`` (N,) are of training jets.
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
    values = (
        basis @ weight,
        basis @ (bias - centre),
        out_weight @ np.linalg.inv(basis),
        out_bias + out_weight @ centre,
    )
    with torch.no_grad():
        for parameter, value in zip(parameters, values, strict=True):
            parameter.copy_(torch.from_numpy(value))
