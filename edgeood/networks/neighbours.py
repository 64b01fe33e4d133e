"""Which constituents of a jet are nearest to each other."""

import torch
from torch import Tensor

from edgeood.networks.graph import Graph
from edgeood.networks.packing import Packing
from edgeood.networks.parallel import in_parallel

_JETS_AT_ONCE = 32
"""Jets of similar size whose distances are taken together on a CPU: tables that stay in its cache."""


def nearest_neighbours(points: Tensor, packing: Packing, k: int) -> Graph:
    """The graph of the k nearest other constituents of the same jet, or of all others if there are fewer.

    ``points``: (M, C), packed. Distances are Euclidean, in float32 or better. Equal distances go to the lower index.
    """
    with torch.no_grad(), torch.autocast(points.device.type, enabled=False):
        points = points.to(torch.promote_types(points.dtype, torch.float32))
        jets = _JETS_AT_ONCE if points.device.type == "cpu" else len(packing.sizes)
        found = in_parallel(
            lambda number: _neighbours_in(points, packing, slice(number * jets, (number + 1) * jets), k),
            -(-len(packing.sizes) // jets),
        )
        degree = (packing.counts - 1).clamp(0, k)[packing.jet]
        return Graph(torch.cat(list(found)), degree)


def _neighbours_in(points: Tensor, packing: Packing, jets: slice, k: int) -> Tensor:
    """(e,) packed indices of the neighbours of all constituents of the packed ``jets``, in their order."""
    sizes = packing.sizes[jets]
    smallest, largest = sizes[0], sizes[-1]
    begin = sum(packing.sizes[: jets.start])
    nodes = slice(begin, begin + sum(sizes))
    first = packing.first[jets]
    columns = torch.arange(largest, device=points.device)
    # What stands behind a small jet belongs to another one, and is masked below.
    table = points[(first[:, None] + columns).clamp_max_(len(points) - 1)]
    square = table.square().sum(2)
    distance = torch.baddbmm(square[:, None], table, table.transpose(1, 2), alpha=-2).add_(square[:, :, None])
    # Finite and above zero: such a float orders as its bits do. Below them comes the index: no two keys are equal.
    limits = torch.finfo(torch.float32)
    distance = distance.float().nan_to_num_(limits.max, limits.max).clamp_min_(limits.tiny)
    distance.masked_fill_((columns >= packing.counts[jets, None])[:, None], torch.inf)
    distance.diagonal(dim1=1, dim2=2).fill_(torch.inf)
    bits = distance.view(torch.int32)
    shift = (largest - 1).bit_length()
    keys = (bits.long() << shift) | columns
    keys = keys.topk(min(k, max(largest - 1, 0)), dim=2, largest=False, sorted=False).values
    keys = keys.flatten(0, 1)[(packing.jet[nodes] - jets.start) * largest + packing.place[nodes]]
    neighbour = (keys & ((1 << shift) - 1)) + packing.first[packing.jet[nodes], None]
    if smallest > k:
        return neighbour.flatten()
    real = keys >> shift < torch.tensor(torch.inf).view(torch.int32)
    return neighbour[real]
