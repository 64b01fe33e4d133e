"""Batch norm of t_i + u_j over all edges (i, j) of a graph, from sums over constituents."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from edgeood.networks.graph import Graph


class NormalisedPairs(torch.autograd.Function):
    """t and u such that t_i + u_j has the mean ``bias`` and the deviation ``weight`` over all edges.

    With t and u centred, Σ(t_i + u_j)² = Σ_i d_i t_i² + Σ_j c_j u_j² + 2 Σ_i t_i Σ_j∈N(i) u_j, where d_i neighbours
    has i and c_j times j is one: the only sum over edges is one over the neighbours of each constituent.
    """

    @staticmethod
    def forward(
        ctx: Any, t: Tensor, u: Tensor, graph: Graph, weight: Tensor, bias: Tensor, epsilon: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(M, C) t and u → (2, M, C) of both in their dtype, and the mean and the variance before (C,)."""
        dtype, edges = t.dtype, len(graph.neighbour)
        with torch.autocast(t.device.type, enabled=False):
            t, u = (values.to(torch.promote_types(dtype, torch.float32)) for values in (t, u))
            degree, chosen = graph.degree.to(t.dtype), graph.chosen.to(t.dtype)
            means = degree @ t / edges, chosen @ u / edges
            t, u = t - means[0], u - means[1]
            mixed = (t * graph.sum_of_neighbours(u)).sum(0)
            variance = (degree @ t.square() + chosen @ u.square() + 2 * mixed).clamp_min_(0) / edges
            slope = weight * (variance + epsilon).rsqrt()
            table = torch.empty(2, *t.shape, dtype=dtype, device=t.device)
            torch.addcmul(bias, t, slope, out=table[0])
            torch.mul(u, slope, out=table[1])
            mean = means[0] + means[1]
        ctx.graph, ctx.epsilon = graph, epsilon
        ctx.mark_non_differentiable(mean, variance)
        ctx.save_for_backward(t, u, weight, variance)
        return table, mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        """∂x = slope·(∂y − ⟨∂y⟩ − ŷ⟨ŷ∂y⟩) of every edge, summed over the edges at either end."""
        t, u, weight, variance = ctx.saved_tensors
        graph, edges = ctx.graph, len(ctx.graph.neighbour)
        with torch.autocast(t.device.type, enabled=False):
            of_t, of_u = gradient.to(t.dtype)
            deviation = (variance + ctx.epsilon).rsqrt()
            of_bias = of_t.sum(0)
            of_weight = deviation * ((of_t * t).sum(0) + (of_u * u).sum(0))
            constant, along = of_bias / edges, deviation * of_weight / edges

            def projected(of_own: Tensor, times: Tensor, own: Tensor, others: Tensor) -> Tensor:
                removed = torch.addcmul(constant, own, along).mul_(times.to(own.dtype)[:, None])
                return (of_own - removed.addcmul_(others, along)).mul_(weight * deviation)

            return (
                projected(of_t, graph.degree, t, graph.sum_of_neighbours(u)).to(gradient.dtype),
                projected(of_u, graph.chosen, u, graph.sum_of_choosers(t)).to(gradient.dtype),
                None,
                of_weight,
                of_bias,
                None,
            )
