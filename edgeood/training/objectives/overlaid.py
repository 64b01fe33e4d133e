"""Overlaid jets as one more class, whose logit is left behind after the training."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from edgeood.networks import Outputs
from edgeood.training.batch import Batch
from edgeood.training.objectives.base import Objective, ObjectiveAround


class OverlaidObjective(ObjectiveAround):
    """An objective on the known jets, plus the loss of telling them from overlaid ones.

    With z_k the logits of the known classes and z_o that of overlaid jets, a linear layer on the representation,
    p(known) = σ(log Σ_k exp z_k − z_o). Its logistic loss and the cross-entropy among known classes add up to the
    cross-entropy of K + 1 classes. Overlaid jets have the label K. The objective inside never sees them.
    """

    def __init__(self, objective: Objective, dimensions: int, classes: int) -> None:
        super().__init__(objective)
        self.classes = classes
        self.overlaid = nn.Linear(dimensions, 1)

    def head_parameters(self) -> Iterable[nn.Parameter]:
        """The logit of overlaid jets, and those of the objective inside."""
        return [*super().head_parameters(), *self.overlaid.parameters()]

    def _known(self, outputs: Outputs, batch: Batch) -> tuple[Outputs, Batch]:
        known = batch.labels < self.classes
        return (
            Outputs(*(None if tensor is None else tensor[known] for tensor in outputs)),  # type: ignore[arg-type]
            Batch(*(tensor[known] for tensor in batch)),
        )

    def critic_loss(self, outputs: Outputs, batch: Batch) -> Tensor:
        """The critic's loss of the objective inside."""
        return super().critic_loss(*self._known(outputs, batch))

    def terms(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """The terms of the objective inside and, if the batch holds any overlaid jets, ``overlaid``.

        All are averages over the known jets: ``overlaid`` is the sum over all jets by the number of known ones.
        """
        known = batch.labels < self.classes
        if known.all():
            return self.objective.terms(outputs, batch)
        terms = self.objective.terms(*self._known(outputs, batch))
        margin = outputs.logits.logsumexp(1) - self.overlaid(outputs.representation).squeeze(1)
        loss = softplus(torch.where(known, -margin, margin))
        return terms | {"overlaid": (batch.weights * loss).sum() / known.sum()}
