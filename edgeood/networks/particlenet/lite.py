"""ParticleNet at trigger size, in floating point: what its quantized twins are distilled from."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from edgeood.inputs.trigger_candidates import ANGLES, FIRST_ANGLE, PT
from edgeood.networks import Outputs
from edgeood.networks.particlenet.edge_maximum import constituent_mean, edge_maximum, neighbour_mask
from edgeood.recipe import ParticleNetLite, TriggerCandidates


class ParticleNetLiteClassifier(nn.Module):
    """EdgeConv blocks on trigger candidates, a mean over them, dense layers, representation, logits.

    Layers are named as in the quantized twins (:func:`edgeood.networks.quantized.layer_types.layer_names`); the
    rows of an edge layer's weights are a's, then b's. The representation is linear.
    """

    def __init__(self, inputs: TriggerCandidates, network: ParticleNetLite, classes: int) -> None:
        super().__init__()
        self.settings = network
        width = inputs.features
        for i, block in enumerate(network.blocks):
            self.add_module(f"edge{i}", nn.Linear(width, 2 * block.edge))
            width = block.edge
            for j, size in enumerate(block.nodes):
                self.add_module(f"node{i}_{j}", nn.Linear(width, size))
                width = size
        for i, size in enumerate(network.hidden):
            self.add_module(f"dense{i}", nn.Linear(width, size))
            width = size
        self.representation = nn.Linear(width, network.representation)
        self.logits = nn.Linear(network.representation, classes)
        for layer in self.children():
            assert isinstance(layer, nn.Linear)
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, candidates: Tensor) -> Outputs:
        """(batch, N, F) candidates → representation (batch, D) and logits (batch, K)."""
        return self.computed(candidates, neighbour_mask, edge_maximum)

    def computed(
        self,
        candidates: Tensor,
        neighbour_mask: Callable[[Tensor, Tensor, int], Tensor],
        edge_maximum: Callable[[Tensor, Tensor, Tensor], Tensor],
    ) -> Outputs:
        """:meth:`forward` with other ways to compute what :mod:`~edgeood.networks.particlenet.edge_maximum` does."""
        x, valid = candidates, candidates[..., PT] > 0
        points = candidates[..., FIRST_ANGLE : FIRST_ANGLE + ANGLES]
        neighbours = neighbour_mask(points, valid, self.settings.neighbours)
        for i, block in enumerate(self.settings.blocks):
            if i and self.settings.dynamic:
                neighbours = neighbour_mask(x[..., : self.settings.dynamic], valid, self.settings.neighbours)
            x = torch.relu(edge_maximum(self.get_submodule(f"edge{i}")(x), neighbours, valid))
            for j in range(len(block.nodes)):
                x = torch.relu(self.get_submodule(f"node{i}_{j}")(x))
        x = constituent_mean(x, valid)
        for i in range(len(self.settings.hidden)):
            x = torch.relu(self.get_submodule(f"dense{i}")(x))
        representation = self.representation(x)
        return Outputs(representation, self.logits(representation))
