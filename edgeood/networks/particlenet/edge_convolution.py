"""EdgeConv: what a constituent learns from its neighbours [Wang et al., arXiv:1801.07829; arXiv:1902.08570]."""

from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from edgeood.networks.particlenet.batch_norm import BatchNorm
from edgeood.networks.particlenet.edge_norm import NormalisedPairs
from edgeood.networks.particlenet.edge_perceptron import EdgePerceptron, edges_at_once
from edgeood.networks.particlenet.graph import Graph
from edgeood.networks.particlenet.products import product, working_dtype
from edgeood.networks.particlenet.rectifier import rectify_


class EdgeConvolution(nn.Module):
    """x'_i = ReLU(mean_j h(x_i, x_j − x_i) + s(x_i)), h a perceptron with batch norm, s linear with batch norm.

    The first layer of h is linear in (x_i, x_j − x_i), so that W·(x_i, x_j − x_i) = Φ x_i + Θ x_j: one product
    for every constituent instead of one for every edge. A constituent without neighbours has the mean zero.
    """

    def __init__(self, width: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.centre = nn.Linear(width, channels[0], bias=False)
        self.neighbour = nn.Linear(width, channels[0], bias=False)
        self.layers = nn.ModuleList(nn.Linear(*sizes, bias=False) for sizes in pairwise(channels))
        self.norms = nn.ModuleList(BatchNorm(size) for size in channels)
        self.shortcut = nn.Linear(width, channels[-1], bias=False)
        self.shortcut_norm = BatchNorm(channels[-1])

    def forward(self, features: Tensor, graph: Graph) -> Tensor:
        """(M, C) features of packed constituents → (M, C')."""
        if self.training:
            shortcut = self.shortcut_norm(product(features, self.shortcut.weight))
            return torch.relu(self._mean_in_training(features, graph) + shortcut)
        features = features.to(working_dtype(features))
        with torch.autocast(features.device.type, enabled=False):
            shortcut = product(features, *self.shortcut_norm.folded(self.shortcut.weight, features.dtype))
            return shortcut.add_(self._mean_in_evaluation(features, graph)).relu_()

    def _mean_in_evaluation(self, features: Tensor, graph: Graph) -> Tensor:
        """mean_j h (M, C'): every batch norm folded into its product, and one part of the graph at a time."""
        dtype = features.dtype
        first, *later = self._norms()
        centre, shift = first.folded(self.centre.weight, dtype)
        neighbour, _ = first.folded(self.neighbour.weight, dtype)
        table = torch.stack([product(features, centre, shift), product(features, neighbour)])
        layers = [norm.folded(weight, dtype) for norm, weight in zip(later, self._weights(), strict=True)]
        widest = max(len(norm.weight) for norm in (first, *later))
        sums = []
        for part in graph.parts(edges_at_once(table, widest)):
            values = rectify_(part.pair_sums(table))
            for weight, bias in layers:
                values = product(values, weight, bias, rectified=True)
            sums.append(part.sum_over_neighbours(values))
        return graph.mean_from(torch.cat(sums))

    def _mean_in_training(self, features: Tensor, graph: Graph) -> Tensor:
        """mean_j h (M, C'), normalised over all edges of the batch; the running statistics take them in."""
        edges = len(graph.neighbour)
        if edges == 0:
            return features.new_zeros(len(features), len(self.shortcut_norm.weight))
        first, *later = self._norms()
        centre, neighbour = (product(features, layer.weight) for layer in (self.centre, self.neighbour))
        table, mean, variance = NormalisedPairs.apply(
            centre, neighbour, graph, first.weight, first.bias, first.eps
        )
        first.remember(mean, variance, edges)
        parameters = [
            parameter
            for norm, weight in zip(later, self._weights(), strict=True)
            for parameter in (weight, norm.weight, norm.bias)
        ]
        means: Tensor
        means, *moments = EdgePerceptron.apply(table, graph, first.eps, *parameters)
        for norm, mean, variance in zip(later, moments[::2], moments[1::2], strict=True):
            norm.remember(mean, variance, edges)
        return means

    def _norms(self) -> list[BatchNorm]:
        return [cast(BatchNorm, norm) for norm in self.norms]

    def _weights(self) -> list[Tensor]:
        return [cast(nn.Linear, layer).weight for layer in self.layers]
