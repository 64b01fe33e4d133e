"""Directed graphs on packed constituents, and sums over their edges."""

from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional


class Edges(NamedTuple):
    """All edges of m consecutive constituents: e in number, those of one constituent together."""

    centre: Tensor
    """(e,) constituent i that each edge starts from"""
    pairs: Tensor
    """(e, 2) i and M + j for the edge from constituent i to its neighbour j"""
    starts: Tensor
    """(m,) first edge of each constituent"""

    def pair_sums(self, table: Tensor) -> Tensor:
        """(2, M, C) table → (e, C): its entry (0, i) plus its entry (1, j) for every edge."""
        return functional.embedding_bag(self.pairs, table.view(-1, table.shape[2]), mode="sum")

    def gathered(self, values: Tensor) -> Tensor:
        """(e, C) → (m, C) sum over the edges of each constituent."""
        every = torch.arange(len(values), device=values.device)
        return functional.embedding_bag(every, values, self.starts, mode="sum")

    def spread(self, values: Tensor) -> Tensor:
        """(M, C) values of constituents → (e, C), each edge that of its constituent i."""
        return values.index_select(0, self.centre)


class Graph:
    """Directed edges from each of M packed constituents to its neighbours; E in all."""

    def __init__(self, neighbour: Tensor, degree: Tensor) -> None:
        """``neighbour``: (E,) packed indices, grouped by constituent; ``degree``: (M,) size of each group."""
        self.neighbour = neighbour
        self.degree = degree
        nodes = torch.arange(len(degree), device=degree.device)
        self.centre = nodes.repeat_interleave(degree, output_size=len(neighbour))
        """(E,) constituent that each edge starts from"""
        self.starts = degree.cumsum(0) - degree
        """(M,) first edge of each constituent"""
        self.pairs = torch.stack([self.centre, neighbour + len(degree)], 1)

    def parts(self, edges: int) -> list[Edges]:
        """The edges in runs of about ``edges``, none of which divides a constituent's."""
        size = len(self.degree)
        step = max(1, min(size, edges * size // max(1, len(self.neighbour))))
        nodes = [*range(0, max(1, size), step), size]
        bounds = [*self.starts[nodes[:-1]].tolist(), len(self.neighbour)] if size else [0, 0]
        return [
            Edges(self.centre[run], self.pairs[run], self.starts[part] - run.start)
            for part, run in zip(_between(nodes), _between(bounds), strict=True)
        ]

    def mean_from(self, sums: Tensor) -> Tensor:
        """(M, C) sums over each one's edges → the means, zero where there is no edge."""
        return sums / self.degree.clamp_min(1).to(sums.dtype)[:, None]

    @cached_property
    def chosen(self) -> Tensor:
        """(M,) how often each constituent is a neighbour."""
        return torch.bincount(self.neighbour, minlength=len(self.degree))

    @cached_property
    def incoming(self) -> Tensor:
        """(E,) the edges, grouped by neighbour in place of constituent."""
        return self.neighbour.argsort(stable=True)

    def sum_of_neighbours(self, values: Tensor) -> Tensor:
        """(M, C) → (M, C): for every constituent the sum over its neighbours."""
        return functional.embedding_bag(self.neighbour, values, self.starts, mode="sum")

    def sum_of_choosers(self, values: Tensor) -> Tensor:
        """(M, C) → (M, C): for every constituent the sum over those that have it as a neighbour."""
        return self._over_incoming(self.centre[self.incoming], values)

    def sum_at_neighbours(self, values: Tensor) -> Tensor:
        """(E, C) → (M, C): for every constituent the sum over the edges that end at it."""
        return self._over_incoming(self.incoming, values)

    def _over_incoming(self, rows: Tensor, values: Tensor) -> Tensor:
        return functional.embedding_bag(rows, values, self.chosen.cumsum(0) - self.chosen, mode="sum")


def _between(bounds: list[int]) -> list[slice]:
    return [slice(*pair) for pair in pairwise(bounds)]
