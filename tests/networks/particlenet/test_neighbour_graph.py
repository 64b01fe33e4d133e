"""Nearest neighbours of packed jets, and the sums over their edges."""

import torch

from edgeood.networks.particlenet.graph import Graph
from edgeood.networks.particlenet.neighbours import nearest_neighbours
from edgeood.networks.particlenet.packing import Packing


def grid_jets(counts: list[int], seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Jets on a coarse integer grid: most distances have equals, and constituents share a place."""
    generator = torch.Generator().manual_seed(seed)
    width = max(counts)
    points = torch.randint(0, 4, (len(counts), width, 2), generator=generator).float()
    return points, torch.arange(width) < torch.tensor(counts)[:, None]


def edges_of(graph: Graph) -> set[tuple[int, int]]:
    return set(zip(graph.centre.tolist(), graph.neighbour.tolist(), strict=True))


def test_equal_distances_go_to_the_lower_index_and_no_jet_reaches_into_another():
    counts = [5, 0, 30, 12, 1, 9, 2, *([20] * 40)]
    points, valid = grid_jets(counts)
    packing = Packing(valid)
    graph = nearest_neighbours(packing.pack(points), packing, 8)
    expected = set()
    start = 0
    for row in sorted(range(len(counts)), key=counts.__getitem__):
        cloud = points[row, : counts[row]]
        for i in range(counts[row]):
            distance = (cloud - cloud[i]).square().sum(1)
            others = [j for j in distance.argsort(stable=True).tolist() if j != i]
            expected |= {(start + i, start + j) for j in others[:8]}
        start += counts[row]
    assert len(graph.neighbour) == len(expected) == sum(count * min(8, max(0, count - 1)) for count in counts)
    assert edges_of(graph) == expected


def test_features_that_are_not_finite_still_give_every_constituent_its_neighbours():
    points, valid = grid_jets([3, 12, 20])
    points[0, 0, 0], points[1, 3, 1], points[2, 0, 0] = torch.nan, torch.inf, 1e30
    packing = Packing(valid)
    graph = nearest_neighbours(packing.pack(points), packing, 4)
    assert torch.equal(graph.degree, torch.tensor([2] * 3 + [4] * 32))
    assert len(graph.neighbour) == int(graph.degree.sum())
    assert torch.equal(packing.jet[graph.centre], packing.jet[graph.neighbour])


def test_packing_leaves_padding_out_and_averages_real_constituents():
    points, valid = grid_jets([7, 0, 3, 9])
    packing = Packing(valid)
    packed = packing.pack(points)
    assert packed.shape == (19, 2)
    assert torch.equal(packed[:3], points[2, :3])
    assert torch.equal(packed[3:10], points[0, :7])
    means = [points[0, :7].mean(0), torch.zeros(2), points[2, :3].mean(0), points[3].mean(0)]
    torch.testing.assert_close(packing.average(packed), torch.stack(means))


def test_sums_over_edges_are_those_of_the_adjacency_matrix():
    generator = torch.Generator().manual_seed(4)
    sizes = [0, 1, 4, 10, 15]
    jet = torch.arange(5).repeat_interleave(torch.tensor(sizes))
    adjacency = (torch.rand(30, 30, generator=generator) < 0.4) & (jet[:, None] == jet)
    adjacency[6], adjacency[:, 7] = False, False
    centre, neighbour = adjacency.nonzero().T
    graph = Graph(neighbour, adjacency.sum(1), sizes)
    assert torch.equal(graph.centre, centre)
    t, u = torch.randn(2, 30, 4, generator=generator, dtype=torch.float64)
    matrix = adjacency.double()
    torch.testing.assert_close(graph.sum_of_neighbours(u), matrix @ u)
    torch.testing.assert_close(graph.sum_of_choosers(t), matrix.T @ t)
    values = t[centre] + u[neighbour]
    for edges, count in ((1, 4), (45, 2), (1000, 1)):
        parts = graph.parts(edges)
        assert len(parts) == count
        of_parts = values.split([part.edges.stop - part.edges.start for part in parts])
        pairs = list(zip(parts, of_parts, strict=True))
        assert [part.nodes.stop for part in parts][-1] == 30
        torch.testing.assert_close(torch.cat([part.pair_sums(torch.stack([t, u])) for part in parts]), values)
        torch.testing.assert_close(torch.cat([part.spread(t) for part in parts]), t[centre])
        for name, index in (("sum_over_neighbours", centre), ("sum_over_choosers", neighbour)):
            sums = torch.cat([getattr(part, name)(some) for part, some in pairs])
            torch.testing.assert_close(sums, torch.zeros_like(t).index_add(0, index, values))
    torch.testing.assert_close(graph.mean_from(matrix @ u), matrix @ u / matrix.sum(1).clamp_min(1)[:, None])
