"""The later layers of an edge convolution in training, normalised over all edges of the batch.

Forward and backward are written out, part by part of the graph: what a part needs stays in the cache. Only what a
layer gives before its normalisation is kept; the rest is computed again on the way back.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from edgeood.networks.graph import Edges, Graph
from edgeood.networks.products import product
from edgeood.networks.rectifier import rectified_gradient_, rectify_

_BYTES_AT_ONCE = 2**20
"""Of one part's values in one layer, for each thread: half of a core's second-level cache."""


def edges_at_once(values: Tensor, widest: int) -> int:
    """Edges of one part of the graph, for layers of up to ``widest`` channels in the dtype of ``values``."""
    if values.device.type != "cpu":
        return 2**62
    return max(1, _BYTES_AT_ONCE * torch.get_num_threads() // (widest * values.element_size()))


class _BatchNorm(NamedTuple):
    """y = weight·ŷ + bias with ŷ = (x − mean)/√(variance + ε), the moments those of all edges."""

    weight: Tensor
    bias: Tensor
    mean: Tensor
    variance: Tensor
    epsilon: float

    def __call__(self, x: Tensor) -> Tensor:
        """(e, C) → (e, C)."""
        moments = self.mean, self.variance
        return torch.native_batch_norm(x, self.weight, self.bias, *moments, False, 0.0, self.epsilon)[0]

    @property
    def slope(self) -> Tensor:
        """(C,) weight/√(variance + ε)."""
        return self.weight * (self.variance + self.epsilon).rsqrt()

    def sums(self, gradient: Tensor, x: Tensor) -> Tensor:
        """(2, C): Σ ŷ·∂y and Σ ∂y, what these edges add to the gradients of weight and bias."""
        deviation = (self.variance + self.epsilon).rsqrt()
        _, weight, bias = torch.ops.aten.native_batch_norm_backward(
            gradient,
            x,
            self.weight,
            None,
            None,
            self.mean,
            deviation,
            True,
            self.epsilon,
            [False, True, True],
        )
        return torch.stack([weight, bias])

    def backward(self, gradient: Tensor, x: Tensor, means: Tensor) -> Tensor:
        """(e, C): ∂x/slope = ∂y − ŷ·⟨ŷ·∂y⟩ − ⟨∂y⟩, with the ``means`` ⟨·⟩ (2, C) over all edges."""
        return self._replace(weight=-means[0], bias=-means[1])(x).add_(gradient)


class _Layers:
    """The layers so far, and what goes into their batch norms in every part of the graph."""

    def __init__(self, table: Tensor, parts: list[Edges]) -> None:
        self.table = table
        self.parts = parts
        self.norms: list[_BatchNorm] = []
        self.inputs: list[list[Tensor]] = []

    def before_relu(self, layer: int, part: int) -> Tensor:
        """(e, C) of a layer, number 0 that of t_i + u_j."""
        if layer == 0:
            return self.parts[part].pair_sums(self.table)
        return self.norms[layer - 1](self.inputs[layer - 1][part])

    def activation(self, layer: int, part: int) -> Tensor:
        """(e, C) ReLU of :meth:`before_relu`."""
        return rectify_(self.before_relu(layer, part))


class EdgePerceptron(torch.autograd.Function):
    """mean_j h(t_i + u_j): h is ReLU, and then for every layer a product, a batch norm and ReLU."""

    @staticmethod
    def forward(
        ctx: Any, table: Tensor, graph: Graph, epsilon: float, *parameters: Tensor
    ) -> tuple[Tensor, ...]:
        """The mean over the neighbours of each constituent (M, C'); then mean and variance of every layer.

        ``table``: (2, M, C) of t and u; ``parameters``: product (C', C), weight and bias of each layer in turn.
        """
        widest = max(table.shape[2], *(len(parameter) for parameter in parameters), 1)
        layers = _Layers(table, graph.parts(edges_at_once(table, widest)))
        every = range(len(layers.parts))
        count = len(parameters) // 3
        with torch.autocast(table.device.type, enabled=False):
            for i in range(count):
                matrix, weight, bias = parameters[3 * i : 3 * i + 3]
                x, moments = [], []
                for part in every:
                    x.append(product(layers.activation(i, part), matrix.to(table.dtype)))
                    moments.append(_moments(x[-1]))
                mean, variance = _merged(moments, [len(values) for values in x])
                layers.norms.append(_BatchNorm(weight, bias, mean, variance, epsilon))
                layers.inputs.append(x)
            sums = [layers.parts[part].gathered(layers.activation(count, part)) for part in every]
            result = graph.mean_from(torch.cat(sums))
        statistics = [moment for norm in layers.norms for moment in (norm.mean, norm.variance)]
        ctx.graph, ctx.parts, ctx.epsilon = graph, layers.parts, epsilon
        ctx.mark_non_differentiable(*statistics)
        ctx.save_for_backward(table, *parameters, *statistics, *(part for x in layers.inputs for part in x))
        return result, *statistics

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        """From the last layer to the first, the gradient of every part before the layer's ReLU."""
        layers, matrices = _restored(ctx)
        every = range(len(layers.parts))
        edges = len(ctx.graph.neighbour)
        gradients: list[Tensor] = []
        with torch.autocast(gradient.device.type, enabled=False):
            shares = ctx.graph.mean_from(gradient)
            parts = [
                rectified_gradient_(
                    layers.parts[part].spread(shares), layers.before_relu(len(matrices), part)
                )
                for part in every
            ]
            for i in reversed(range(len(matrices))):
                norm, x = layers.norms[i], layers.inputs[i]
                sums = torch.stack([norm.sums(parts[part], x[part]) for part in every]).sum(0)
                back = (norm.slope[:, None] * matrices[i]).t().to(gradient.dtype)
                of_matrix = torch.zeros_like(matrices[i])
                for part in every:
                    before = layers.activation(i, part)
                    of_x = norm.backward(parts[part], x[part], sums / edges)
                    of_matrix += product(of_x.t(), before.t())
                    parts[part] = rectified_gradient_(product(of_x, back), before)
                gradients = [norm.slope[:, None] * of_matrix, *sums, *gradients]
            of_t = torch.cat([layers.parts[part].gathered(parts[part]) for part in every])
            of_u = ctx.graph.sum_at_neighbours(torch.cat(parts))
        return torch.stack([of_t, of_u]), None, None, *gradients


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance (C,) over a part of the edges."""
    zeros = x.new_zeros(2, x.shape[1], dtype=torch.promote_types(x.dtype, torch.float32))
    return torch.batch_norm_update_stats(x, zeros[0], zeros[1], 0.0)


def _merged(moments: list[tuple[Tensor, Tensor]], counts: list[int]) -> tuple[Tensor, Tensor]:
    """Mean and variance (C,) over all parts, from those of each."""
    means, variances = (torch.stack(each) for each in zip(*moments, strict=True))
    share = (means.new_tensor(counts) / sum(counts))[:, None]
    mean = (share * means).sum(0)
    return mean, (share * (variances + (means - mean).square())).sum(0)


def _restored(ctx: Any) -> tuple[_Layers, tuple[Tensor, ...]]:
    """The layers of the forward pass and their products, from what it saved."""
    table, *saved = ctx.saved_tensors
    layers = _Layers(table, ctx.parts)
    count = len(saved) // (5 + len(ctx.parts))
    parameters, statistics, inputs = saved[: 3 * count], saved[3 * count : 5 * count], saved[5 * count :]
    for i in range(count):
        affine, moments = parameters[3 * i + 1 : 3 * i + 3], statistics[2 * i : 2 * i + 2]
        layers.norms.append(_BatchNorm(affine[0], affine[1], moments[0], moments[1], ctx.epsilon))
        layers.inputs.append(inputs[i * len(ctx.parts) : (i + 1) * len(ctx.parts)])
    return layers, tuple(parameters[::3])
