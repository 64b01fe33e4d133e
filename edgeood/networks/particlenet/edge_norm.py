"""Batch norm of t_i + u_j over all edges (i, j) of a graph, from sums over constituents."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from edgeood.networks.particlenet.batch_norm import gradient_sums
from edgeood.networks.particlenet.graph import Graph


class NormalisedPairs(torch.autograd.Function):
    """t and u such that t_i + u_j has the mean ``bias`` and the deviation ``weight`` over all edges.

    With t and u centred, let a_i be the sum of t_i + u_j over the edges from i, and b_j that over the edges to j.
    Then Σ(t_i + u_j)² = Σ_i t_i a_i + Σ_j u_j b_j: sums over neighbours, but no table of edges.
    """

    @staticmethod
    def forward(
        ctx: Any, t: Tensor, u: Tensor, graph: Graph, weight: Tensor, bias: Tensor, epsilon: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(M, C) t and u → (2, M, C) of both in their dtype, and the mean and the variance before (C,)."""
        dtype, edges = t.dtype, len(graph.neighbour)
        exact = torch.promote_types(dtype, torch.float32)
        with torch.autocast(t.device.type, enabled=False):
            t, u = t.to(exact, copy=True), u.to(exact, copy=True)
            degree, chosen = graph.degree.to(exact), graph.chosen.to(exact)
            means = degree @ t / edges, chosen @ u / edges
            t -= means[0]
            u -= means[1]
            a = graph.sum_of_neighbours(u).addcmul_(t, degree[:, None])
            b = graph.sum_of_choosers(t).addcmul_(u, chosen[:, None])
            zero, one = torch.zeros_like(means[0]), torch.ones_like(means[0])
            # Σ t·a and Σ u·b in one pass each, as what they would be of a batch norm.
            squares = gradient_sums(a, t, zero, one)[0] + gradient_sums(b, u, zero, one)[0]
            mean, variance = means[0] + means[1], squares.clamp_min_(0) / edges
            slope = weight * (variance + epsilon).rsqrt()
            table = torch.stack([(t * slope).add_(bias).to(dtype), (u * slope).to(dtype)])
        ctx.graph, ctx.epsilon = graph, epsilon
        ctx.mark_non_differentiable(mean, variance)
        ctx.save_for_backward(t, u, a, b, weight, variance)
        return table, mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        """∂x = slope·(∂y − ⟨∂y⟩ − ŷ⟨ŷ∂y⟩) of every edge, summed over the edges at either end."""
        t, u, a, b, weight, variance = ctx.saved_tensors
        edges = len(ctx.graph.neighbour)
        with torch.autocast(t.device.type, enabled=False):
            deviation = (variance + ctx.epsilon).rsqrt()
            of_t, of_u = gradient.to(t.dtype, copy=True)
            nothing = torch.zeros_like(deviation)
            sums = gradient_sums(of_t, t, nothing, deviation)
            sums[0] += gradient_sums(of_u, u, nothing, deviation)[0]
            for of, together, times in ((of_t, a, ctx.graph.degree), (of_u, b, ctx.graph.chosen)):
                of.addcmul_(together, deviation * sums[0], value=-1 / edges)
                of.addcmul_(times.to(of.dtype)[:, None], sums[1], value=-1 / edges)
                of *= weight * deviation
        return of_t.to(gradient.dtype), of_u.to(gradient.dtype), None, sums[0], sums[1], None
