"""Distance correlation as a penalty: a classifier whose answer says nothing of the jet mass [CC22 App. A]."""

import torch
from torch import Tensor

from edgeood.networks import Outputs
from edgeood.recipe import DisCo
from edgeood.training.batch import Batch
from edgeood.training.objectives.base import Objective
from edgeood.training.objectives.cross_entropy import weighted_cross_entropy

SMALLEST_NORM = 1e-12
"""dVar²(x)·dVar²(y) below this counts as no spread at all: correlation and gradient are zero then."""


def squared_distance_correlation(first: Tensor, second: Tensor, weights: Tensor) -> Tensor:
    """dCov²(x, y) / √(dVar²(x) dVar²(y)) of (N,) samples that count by ``weights`` (N,). Scalar, 0 to 1.

    With aᵢⱼ = |xᵢ − xⱼ| and bᵢⱼ alike, their weighted row means and means taken off ("double centring"),
    dCov² = Σᵢⱼ wᵢ wⱼ Aᵢⱼ Bᵢⱼ for weights that sum to one. Székely, Rizzo & Bakirov, Ann. Statist. 35 (2007)
    2769, the V-statistic; differentiable, and zero with zero gradient if a sample is constant.
    """
    weights = weights / weights.sum()
    pairs = weights[:, None] * weights

    def centred(sample: Tensor) -> Tensor:
        distance = (sample[:, None] - sample).abs()
        row = (distance * weights).sum(1)
        return distance - row[:, None] - row + (weights * row).sum()

    a, b = centred(first), centred(second)
    norm = ((pairs * a * a).sum() * (pairs * b * b).sum()).clamp(min=SMALLEST_NORM)
    return (pairs * a * b).sum() / norm.sqrt()


class DisCoObjective(Objective):
    """Cross-entropy plus λ·dCor(M, p_true), M the jet mass and p_true the true class's probability [CC22 eq. A.1].

    The paper's dCor is the *squared* distance correlation (its footnote 9). One term, over all jets of the
    batch: each jet brings its mass and the probability of its own class.
    """

    def __init__(self, settings: DisCo) -> None:
        super().__init__()
        self.strength = settings.strength

    def terms(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """``cross_entropy`` and, if λ > 0, ``distance_correlation`` (times λ)."""
        terms = {"cross_entropy": weighted_cross_entropy(outputs.logits, batch.labels, batch.weights)}
        if self.strength > 0:
            probability = outputs.logits.float().softmax(1)
            true = torch.gather(probability, 1, batch.labels[:, None]).squeeze(1)
            correlation = squared_distance_correlation(batch.mass, true, batch.weights)
            terms["distance_correlation"] = self.strength * correlation
        return terms
