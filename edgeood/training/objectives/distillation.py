"""Learn from a trained float network beside the labels."""

from torch import Tensor
from torch.nn.functional import mse_loss

from edgeood.networks import Outputs
from edgeood.recipe import Distillation
from edgeood.training.batch import Batch
from edgeood.training.objectives.base import Objective, ObjectiveAround


class Distilled(ObjectiveAround):
    """An objective plus squared differences to a teacher's logits and representation.

    Both differences are in units of the teacher's own spread, so that their weights mean the same for every
    teacher.
    """

    def __init__(self, objective: Objective, settings: Distillation) -> None:
        super().__init__(objective)
        self.settings = settings

    def terms(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """The terms of the objective inside, ``teacher_logits`` and ``teacher_representation``."""
        terms = self.objective.terms(outputs, batch)
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
