"""Float graph networks on padded tables: the same functions as in training, in operations that ONNX has.

The trained modules keep their weights; what is packed or sparse there is a (B, N, N) or (B, N, k) table here.
"""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from edgeood.errors import EdgeoodError
from edgeood.networks import Outputs
from edgeood.networks.particlenet.classifier import ParticleNetClassifier
from edgeood.networks.particlenet.edge_convolution import EdgeConvolution
from edgeood.networks.particlenet.lite import ParticleNetLiteClassifier

if TYPE_CHECKING:
    from edgeood.networks.particlenet.batch_norm import BatchNorm

_FAR = 1e30
"""A squared distance behind all that constituents have."""


def dense(network: nn.Module) -> nn.Module:
    """A module that computes what ``network`` does in evaluation and that can be exported; other networks as they are.

    Raises :class:`EdgeoodError` for a network whose output is a Gaussian process.
    """
    if isinstance(network, ParticleNetLiteClassifier):
        return _DenseLite(network)
    if isinstance(network, ParticleNetClassifier):
        if not isinstance(network.logits, nn.Linear):
            raise EdgeoodError(
                "a Gaussian process (network.output) is not exported; export a network without it."
            )
        return _DenseParticleNet(network)
    return network


def _squared_distances(points: Tensor, valid: Tensor) -> Tensor:
    """(B, N, N) from each constituent (row) to the others; :data:`_FAR` to itself and to padding."""
    square = points.square().sum(2)
    across = square[:, None, :] - 2 * (points @ points.transpose(1, 2)) + square[:, :, None]
    itself = _diagonal(points)
    return torch.where(valid[:, None, :] & ~itself, across.clamp(min=0), torch.full_like(across, _FAR))


def _diagonal(points: Tensor) -> Tensor:
    """(N, N) true where a constituent meets itself. (Runtimes have no EyeLike of booleans.)"""
    places = torch.arange(points.shape[1], device=points.device)
    return places[:, None] == places


class _DenseParticleNet(nn.Module):
    """:class:`ParticleNetClassifier` in evaluation. Neighbours are the first k by distance, then by index."""

    def __init__(self, network: ParticleNetClassifier) -> None:
        super().__init__()
        self.network = network

    def forward(self, constituents: Tensor) -> Outputs:
        network, valid = self.network, constituents[..., 4] > 0
        there = valid[..., None].to(constituents.dtype)
        features = torch.cat([constituents[..., :4], constituents[..., 5:]], 2)
        coordinates = features[..., :2]
        norm: Any = network.input_norm
        slope = norm.weight * (norm.running_var + norm.eps).rsqrt()
        features = (features - norm.running_mean) * slope + norm.bias
        for block in network.blocks:
            assert isinstance(block, EdgeConvolution)
            features = coordinates = self._convolved(block, features, coordinates, valid)
        mean = (features * there).sum(1) / there.sum(1).clamp(min=1)
        representation = torch.relu(network.representation(mean))
        return Outputs(representation, network.logits(representation))

    def _convolved(self, block: EdgeConvolution, features: Tensor, points: Tensor, valid: Tensor) -> Tensor:
        """(B, N, C) → (B, N, C'): :meth:`EdgeConvolution.forward` with its batch norms folded."""
        places = features.shape[1]
        k = min(self.network.neighbours, places - 1)
        distance, chosen = torch.topk(_squared_distances(points, valid), k, dim=2, largest=False)
        first, *later = (_folded(norm) for norm in block.norms)
        shortcut, shift = _folded(block.shortcut_norm)
        own = features @ (first[0][:, None] * block.centre.weight).t() + first[1]
        others = features @ (first[0][:, None] * block.neighbour.weight).t()
        # Row j of jet b of a table of all jets.
        rows = chosen + places * torch.arange(features.shape[0], device=features.device)[:, None, None]
        values = torch.relu(own[:, :, None] + others.flatten(0, 1)[rows])
        for (slope, bias), layer in zip(later, block.layers, strict=True):
            values = torch.relu(values @ (slope[:, None] * layer.weight).t() + bias)  # type: ignore[operator]
        there = (distance < _FAR).to(values.dtype)
        mean = (values * there[..., None]).sum(2) / there.sum(2).clamp(min=1)[..., None]
        return torch.relu(mean + features @ (shortcut[:, None] * block.shortcut.weight).t() + shift)


def _folded(norm: "BatchNorm | nn.Module") -> tuple[Tensor, Tensor]:
    """Slope and shift (C,) of a batch norm in evaluation."""
    own: Any = norm
    slope = own.weight * (own.running_var + own.eps).rsqrt()
    return slope, own.bias - slope * own.running_mean


class _DenseLite(nn.Module):
    """:class:`ParticleNetLiteClassifier`; equal distances go to the lower index, as ONNX's TopK has it."""

    def __init__(self, network: ParticleNetLiteClassifier) -> None:
        super().__init__()
        self.network = network

    def forward(self, candidates: Tensor) -> Outputs:
        return self.network.computed(candidates, _neighbour_mask, _edge_maximum)


def _neighbour_mask(points: Tensor, valid: Tensor, k: int) -> Tensor:
    """:func:`edgeood.networks.particlenet.edge_maximum.neighbour_mask` without a stable sort."""
    itself = _diagonal(points)
    distance = (points[:, :, None] - points[:, None]).square().sum(-1)
    distance = torch.where(valid[:, None] & ~itself, distance, torch.full_like(distance, _FAR))
    chosen = torch.topk(distance, k, dim=2, largest=False).indices
    marked = torch.zeros_like(distance).scatter(2, chosen, torch.ones_like(chosen, dtype=distance.dtype))
    others = (marked > 0) & (distance < _FAR)
    return others | (itself & ~others.any(-1, keepdim=True))


def _edge_maximum(edges: Tensor, neighbours: Tensor, valid: Tensor) -> Tensor:
    """:func:`edgeood.networks.particlenet.edge_maximum.edge_maximum` on a table of all pairs."""
    own, others = edges.chunk(2, -1)
    others = others[:, None]
    largest = torch.where(neighbours[..., None], others, torch.full_like(others, -_FAR)).amax(2)
    return (own + largest) * valid[..., None]
