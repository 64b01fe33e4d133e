"""Nuisance-randomized distillation: a representation that says nothing of the jet mass [GZ24 §2.2]."""

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot, softplus

from edgeood.networks import Outputs
from edgeood.recipe import NuRD
from edgeood.training.batch import Batch
from edgeood.training.objectives.base import Objective
from edgeood.training.objectives.cross_entropy import weighted_cross_entropy


class NuRDObjective(Objective):
    """Cross-entropy under p⊥ plus λ times the mutual information I(r(x), y; m) under p⊥ [GZ24 eqs. 3–4].

    p⊥ is the data weighted by p(y)/p(y|m): mass says nothing of the class there. A critic learns to tell
    (r, y, m) from (r, y, m′) with m′ another jet's mass; its logit estimates the density ratio, whose mean
    under p⊥ is the mutual information. Weights multiply both sides of every average; a shuffled mass brings
    its own weight along, so that m′ follows p⊥(m).

    The paper trains the critic on a tenth of the data for each step of the classifier. That does not scale;
    here the critic takes k steps on the representation of the current batch, each with a new shuffle.
    """

    def __init__(self, settings: NuRD, dimensions: int, classes: int) -> None:
        super().__init__()
        self.strength = settings.strength
        self.critic_steps = settings.critic_steps
        self.critic_learning_rate = settings.critic_learning_rate
        self.classes = classes
        layers: list[nn.Module] = []
        width = dimensions + classes + 1
        for size in settings.critic_hidden:
            layers += [nn.Linear(width, size), nn.ReLU()]
            width = size
        self.critic = nn.Sequential(*layers, nn.Linear(width, 1))

    def _critic_logit(self, representation: Tensor, batch: Batch, mass: Tensor) -> Tensor:
        label = one_hot(batch.labels, self.classes).to(representation.dtype)
        result: Tensor = self.critic(torch.cat([representation, label, mass[:, None]], 1)).squeeze(1)
        return result

    def _pairs(self, representation: Tensor, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Critic logits of true pairs and of shuffled ones, and the weights of the shuffled ones. (B,) each."""
        shuffle = torch.randperm(len(batch.mass), device=batch.mass.device)
        true = self._critic_logit(representation, batch, batch.mass)
        false = self._critic_logit(representation, batch, batch.mass[shuffle])
        return true, false, batch.weights * batch.weights[shuffle]

    def critic_loss(self, outputs: Outputs, batch: Batch) -> Tensor:
        """Weighted logistic loss of telling true masses from shuffled ones. Scalar."""
        true, false, product = self._pairs(outputs.representation.detach(), batch)
        return (batch.weights * softplus(-true)).sum() / batch.weights.sum() + (
            product * softplus(false)
        ).sum() / product.sum()

    def terms(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """``cross_entropy`` and ``mutual_information`` (times λ)."""
        cross_entropy = weighted_cross_entropy(outputs.logits, batch.labels, batch.weights)
        if self.strength == 0:
            return {"cross_entropy": cross_entropy}
        true, false, product = self._pairs(outputs.representation, batch)
        information = (batch.weights * true).sum() / batch.weights.sum() - (
            torch.logsumexp(false + product.log(), 0) - product.sum().log()
        )
        return {"cross_entropy": cross_entropy, "mutual_information": self.strength * information}
