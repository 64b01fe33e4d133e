"""Learn from a trained float network, beside the labels or in their place."""

from torch import Tensor
from torch.nn.functional import mse_loss

from edgeood.networks import Outputs
from edgeood.recipe import Distillation
from edgeood.training.batch import Batch
from edgeood.training.objectives.base import Objective, ObjectiveAround


class Distilled(ObjectiveAround):
    """An objective, in its own weight, plus squared differences to a teacher's logits and representation.

    Both differences are in units of the teacher's own spread, so that their weights mean the same for every
    teacher.
    """

    def __init__(self, objective: Objective, settings: Distillation) -> None:
        super().__init__(objective)
        self.settings = settings
        if settings.labels == 0:
            self.critic_steps = 0

    def terms(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """The terms of the objective inside, ``teacher_logits`` and ``teacher_representation``; none of weight zero."""
        labels = self.settings.labels
        terms = {}
        if labels > 0:
            terms = {name: labels * term for name, term in self.objective.terms(outputs, batch).items()}
        pairs = (
            ("teacher_logits", self.settings.logits, outputs.logits, batch.teacher_logits),
            (
                "teacher_representation",
                self.settings.representation,
                outputs.representation,
                batch.teacher_representation,
            ),
        )
        for name, strength, own, teacher in pairs:
            if strength > 0:
                spread = teacher.var(0).mean().clamp_min(1e-6)
                terms[name] = strength * mse_loss(own, teacher) / spread
        return terms
