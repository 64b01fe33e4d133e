"""Directed graphs on packed constituents, and sums over their edges."""

from functools import cached_property
from itertools import accumulate, pairwise

import torch
from torch import Tensor
from torch.nn import functional


class Graph:
    """Directed edges from each of M packed constituents to its neighbours; E in all, none between two jets."""

    def __init__(self, neighbour: Tensor, degree: Tensor, sizes: list[int]) -> None:
        """``neighbour``: (E,) packed indices, grouped by constituent; ``degree``: (M,) size of each group.

        ``sizes`` are the numbers of constituents of the jets, in the order of packing.
        """
        self.neighbour = neighbour
        self.degree = degree
        self.sizes = sizes
        nodes = torch.arange(len(degree), device=degree.device)
        self.centre = nodes.repeat_interleave(degree, output_size=len(neighbour))
        """(E,) constituent that each edge starts from"""
        self.starts = degree.cumsum(0) - degree
        """(M,) first edge of each constituent"""
        self.pairs = torch.stack([self.centre, neighbour + len(degree)], 1)
        """(E, 2) i and M + j for the edge from constituent i to its neighbour j"""

    def parts(self, edges: int) -> list["Part"]:
        """The graph in runs of whole jets with about ``edges`` edges, at least one jet each."""
        nodes, total = len(self.degree), len(self.neighbour)
        if total <= edges:
            return [Part(self, slice(0, nodes), slice(0, total))]
        ends = [end for end in accumulate(self.sizes) if end]
        edge_ends = [*self.starts[ends[:-1]].tolist(), total]
        cuts = [(0, 0)]
        for last, this in pairwise(zip(ends, edge_ends, strict=True)):
            if this[1] - cuts[-1][1] > edges and last > cuts[-1]:
                cuts.append(last)
        cuts.append((nodes, total))
        return [Part(self, slice(a[0], b[0]), slice(a[1], b[1])) for a, b in pairwise(cuts)]

    def mean_from(self, sums: Tensor) -> Tensor:
        """(M, C) sums over each one's edges → the means, zero where there is no edge."""
        return sums / self.degree.clamp_min(1).to(sums.dtype)[:, None]

    @cached_property
    def chosen(self) -> Tensor:
        """(M,) how often each constituent is a neighbour."""
        return torch.bincount(self.neighbour, minlength=len(self.degree))

    @cached_property
    def incoming(self) -> tuple[Tensor, Tensor]:
        """The edges (E,) grouped by neighbour in place of constituent, and the start of each group (M,)."""
        return self.neighbour.argsort(stable=True), self.chosen.cumsum(0) - self.chosen

    def sum_of_neighbours(self, values: Tensor) -> Tensor:
        """(M, C) → (M, C): for every constituent the sum over its neighbours."""
        return functional.embedding_bag(self.neighbour, values, self.starts, mode="sum")

    def sum_of_choosers(self, values: Tensor) -> Tensor:
        """(M, C) → (M, C): for every constituent the sum over those that have it as a neighbour."""
        edges, starts = self.incoming
        return functional.embedding_bag(self.centre.index_select(0, edges), values, starts, mode="sum")


class Part:
    """The m constituents of some consecutive jets, and their e edges."""

    def __init__(self, graph: Graph, nodes: slice, edges: slice) -> None:
        self.graph = graph
        self.nodes = nodes
        self.edges = edges

    def pair_sums(self, table: Tensor) -> Tensor:
        """(2, M, C) table → (e, C): its entry (0, i) plus its entry (1, j) for every edge."""
        return functional.embedding_bag(
            self.graph.pairs[self.edges], table.view(-1, table.shape[2]), mode="sum"
        )

    def spread(self, values: Tensor) -> Tensor:
        """(M, C) values of constituents → (e, C), each edge that of its constituent i."""
        return values.index_select(0, self.graph.centre[self.edges])

    def sum_over_neighbours(self, values: Tensor) -> Tensor:
        """(e, C) → (m, C): for every constituent the sum over the edges that start from it."""
        starts = self.graph.starts[self.nodes] - self.edges.start
        return functional.embedding_bag(
            torch.arange(len(values), device=values.device), values, starts, mode="sum"
        )

    def sum_over_choosers(self, values: Tensor) -> Tensor:
        """(e, C) → (m, C): for every constituent the sum over the edges that end at it."""
        edges, starts = self.graph.incoming
        return functional.embedding_bag(
            edges[self.edges] - self.edges.start, values, starts[self.nodes] - self.edges.start, mode="sum"
        )
