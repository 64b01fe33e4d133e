"""The one Lightning module: any network, any objective, a critic where the objective has one."""

from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor, nn

from edgeood.networks import Outputs
from edgeood.networks.spectral_gp import RandomFeatureGaussianProcess
from edgeood.recipe import Training
from edgeood.training.batch import Batch
from edgeood.training.objectives.base import Objective


class JetTraining(lightning.LightningModule):
    """Trains ``network`` on ``objective`` with Adam; the learning rate is piecewise linear in the epoch.

    Everything random is drawn from (seed, epoch, step), so that a training which goes on from the checkpoint
    of an epoch ends with the very weights of an undisturbed one.
    """

    def __init__(self, network: nn.Module, objective: Objective, training: Training, seed: int) -> None:
        super().__init__()
        self.network = network
        self.objective = objective
        self.training_settings = training
        self.seed = seed
        # The critic takes steps of its own between those of the network.
        self.automatic_optimization = False

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """Adam for the network and, if there is one, for the critic."""
        optimizers: list[torch.optim.Optimizer] = [
            torch.optim.Adam(
                [*self.network.parameters(), *self.objective.head_parameters()],
                lr=1e-3,
                weight_decay=self.training_settings.weight_decay,
            )
        ]
        if self.objective.critic_steps:
            optimizers.append(
                torch.optim.Adam(self.objective.critic_parameters(), lr=self.objective.critic_learning_rate)
            )
        return optimizers

    def learning_rate(self, epoch: float) -> float:
        """Learning rate at a fractional epoch."""
        knots = np.array(self.training_settings.schedule)
        return float(np.interp(epoch, knots[:, 0], knots[:, 1]))

    def _outputs(self, batch: Batch) -> Outputs:
        """The network's outputs in float32, whatever the precision inside: losses take logarithms of them."""
        outputs: Outputs = self.network(batch.inputs)
        return Outputs(*(None if tensor is None else tensor.float() for tensor in outputs))  # type: ignore[arg-type]

    def on_train_epoch_start(self) -> None:
        """Layers that sum over an epoch begin anew."""
        for layer in self.network.modules():
            if isinstance(layer, RandomFeatureGaussianProcess):
                layer.begin_epoch()

    def training_step(self, batch: Batch, batch_index: int) -> None:
        """k steps of the critic on this batch, then one of the network."""
        # Seeded for each step: data loaders draw from the same stream, more often after a restart.
        entropy = np.random.SeedSequence([self.seed, self.current_epoch, batch_index, self.global_rank])
        torch.manual_seed(int(entropy.generate_state(1)[0]))
        optimizers: Any = self.optimizers(use_pl_optimizer=True)
        network_optimizer, *critic_optimizer = optimizers if isinstance(optimizers, list) else [optimizers]
        steps = self.trainer.num_training_batches
        for group in network_optimizer.param_groups:
            group["lr"] = self.learning_rate(self.current_epoch + batch_index / steps)
        outputs = self._outputs(batch)
        for _ in range(self.objective.critic_steps):
            critic_optimizer[0].zero_grad()
            self.manual_backward(self.objective.critic_loss(outputs, batch))
            critic_optimizer[0].step()
        terms = self.objective.terms(outputs, batch)
        network_optimizer.zero_grad()
        self.manual_backward(torch.stack(list(terms.values())).sum())
        network_optimizer.step()
        self._report("train", terms, len(batch.labels))

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """The same terms on validation jets, and the accuracy under the weights."""
        outputs = self._outputs(batch)
        terms = self.objective.terms(outputs, batch)
        right = (outputs.logits.argmax(1) == batch.labels).float()
        accuracy = (batch.weights * right).sum() / batch.weights.sum()
        self._report("validation", terms, len(batch.labels))
        self.log("validation_accuracy", accuracy, batch_size=len(batch.labels), prog_bar=True, sync_dist=True)

    def _report(self, split: str, terms: dict[str, Tensor], jets: int) -> None:
        loss = torch.stack([term.detach() for term in terms.values()]).sum()
        for name, value in ({"loss": loss} | terms).items():
            self.log(
                f"{split}_{name}",
                value.detach(),
                on_step=False,
                on_epoch=True,
                batch_size=jets,
                prog_bar=name == "loss",
                sync_dist=True,
            )
