"""What a training minimises: the base of all objectives."""

from collections.abc import Iterable

from torch import Tensor, nn

from edgeood.networks import Outputs
from edgeood.training.batch import Batch


class Objective(nn.Module):
    """A loss on (outputs, batch), perhaps with a critic that is trained beside the network."""

    critic_steps: int = 0
    """Steps of the critic before each step of the network."""
    critic_learning_rate: float = 0.0

    def critic_parameters(self) -> Iterable[nn.Parameter]:
        """Parameters that the critic's own optimizer trains."""
        return self.parameters()

    def head_parameters(self) -> Iterable[nn.Parameter]:
        """Parameters of layers that only the training needs; the network's optimizer trains them."""
        return ()

    def critic_loss(self, outputs: Outputs, batch: Batch) -> Tensor:
        """Loss of the critic on detached outputs. Scalar."""
        raise NotImplementedError

    def terms(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """Named scalar terms; their sum is the loss of the network."""
        raise NotImplementedError


class ObjectiveAround(Objective):
    """An objective that adds to another one, whose critic and head it passes on."""

    def __init__(self, objective: Objective) -> None:
        super().__init__()
        self.objective = objective
        self.critic_steps = objective.critic_steps
        self.critic_learning_rate = objective.critic_learning_rate

    def critic_parameters(self) -> Iterable[nn.Parameter]:
        """The critic of the objective inside."""
        return self.objective.critic_parameters()

    def head_parameters(self) -> Iterable[nn.Parameter]:
        """Those of the objective inside."""
        return self.objective.head_parameters()

    def critic_loss(self, outputs: Outputs, batch: Batch) -> Tensor:
        """The critic's loss of the objective inside."""
        return self.objective.critic_loss(outputs, batch)
