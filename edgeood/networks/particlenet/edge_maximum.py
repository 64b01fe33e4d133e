"""EdgeConv with a factorised edge layer: the largest b_j of the nearest constituents, and means over constituents."""

import torch
from torch import Tensor


def neighbour_mask(points: Tensor, valid: Tensor, k: int) -> Tensor:
    """Which constituents j are among the k nearest valid others of i. (B, N, N) bool.

    Nearest by Euclidean distance; equal distances go to the lower index. A constituent without any valid other
    is its own neighbour; one with fewer than k has them all. ``points`` (B, N, D), ``valid`` (B, N) bool.
    """
    with torch.no_grad():
        difference = points[:, :, None, :] - points[:, None, :, :]
        distance = difference.square().sum(-1)
        itself = torch.eye(points.shape[1], dtype=torch.bool, device=points.device)
        # What is no neighbour stands behind all that are: the constituent itself before those that are padding.
        distance = distance.masked_fill(itself, torch.finfo(distance.dtype).max).masked_fill(
            ~valid[:, None, :] & ~itself, torch.inf
        )
        order = torch.sort(distance, dim=-1, stable=True).indices[..., :k]
        chosen = torch.zeros_like(distance, dtype=torch.bool).scatter_(-1, order, True)
        others = chosen & valid[:, None, :] & ~itself
        return others | (itself & ~others.any(-1, keepdim=True))


def edge_maximum(edges: Tensor, neighbours: Tensor, valid: Tensor) -> Tensor:
    """a_i + max_j b_j over the neighbours j of i, and zero where i is padding. (B, N, C).

    ``edges`` (B, N, 2C) holds a and b, ``neighbours`` (B, N, N) is of :func:`neighbour_mask`.
    """
    own, others = edges.chunk(2, -1)
    jets, count, channels = own.shape
    # One row for each edge alone: a table of all pairs is several times slower.
    jet, _, j = neighbours.nonzero(as_tuple=True)
    rows = others.reshape(-1, channels).index_select(0, jet * count + j)
    lengths = neighbours.sum(-1).flatten()
    largest = torch.segment_reduce(rows, "max", lengths=lengths, unsafe=True)
    return (own + largest.view(jets, count, channels)) * valid[..., None]


def constituent_mean(features: Tensor, valid: Tensor) -> Tensor:
    """Σ_i h_i / N over valid constituents, N counting the empty places too: exact if N is a power of two. (B, C)."""
    return (features * valid[..., None]).sum(1) / features.shape[1]
