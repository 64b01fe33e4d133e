"""Learn from a trained float network beside the labels."""

from collections.abc import Iterable

from torch import Tensor, nn
from torch.nn.functional import mse_loss

from edgeood.networks import Outputs
from edgeood.recipe import Distillation
from edgeood.training.batch import Batch
from edgeood.training.objective import Objective


class Distilled(Objective):
    """An objective plus squared differences to a teacher's logits and representation.

    Both differences are in units of the teacher's own spread, so that their weights mean the same for every
    teacher.
    """

    def __init__(self, objective: Objective, settings: Distillation) -> None:
        super().__init__()
        self.objective = objective
        self.settings = settings
        self.critic_steps = objective.critic_steps
        self.critic_learning_rate = objective.critic_learning_rate

    def critic_parameters(self) -> Iterable[nn.Parameter]:
        """The critic of the objective inside."""
        return self.objective.critic_parameters()

    def critic_loss(self, outputs: Outputs, batch: Batch) -> Tensor:
        """The critic's loss of the objective inside."""
        return self.objective.critic_loss(outputs, batch)

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
