"""The later layers of an edge convolution in training, normalised over all edges of the batch.

Forward and backward are written out, part by part of the graph: what a part needs stays in a core's cache. Only what
a layer gives before its normalisation is kept; the rest is computed again on the way back.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from edgeood.networks.particlenet.batch_norm import gradient_sums, moments
from edgeood.networks.particlenet.graph import Graph, Part
from edgeood.networks.particlenet.parallel import in_parallel
from edgeood.networks.particlenet.products import product
from edgeood.networks.particlenet.rectifier import rectified_gradient_, rectify_

_BYTES_AT_ONCE = 2**20
"""Of one part's values in one layer: half of a core's second-level cache."""


def edges_at_once(values: Tensor, widest: int) -> int:
    """Edges of one part of the graph, for layers of up to ``widest`` channels in the dtype of ``values``."""
    if values.device.type != "cpu":
        return 2**31
    return max(1, _BYTES_AT_ONCE // (widest * values.element_size()))


class _Norm(NamedTuple):
    """y = weight·ŷ + bias with ŷ = (x − mean)/√(variance + ε), the moments those of all edges."""

    weight: Tensor
    bias: Tensor
    mean: Tensor
    variance: Tensor
    epsilon: float

    def __call__(self, x: Tensor) -> Tensor:
        """(e, C) → (e, C)."""
        statistics = self.mean, self.variance
        return torch.native_batch_norm(x, self.weight, self.bias, *statistics, False, 0.0, self.epsilon)[0]

    @property
    def deviation(self) -> Tensor:
        """(C,) 1/√(variance + ε)."""
        return (self.variance + self.epsilon).rsqrt()

    def sums(self, gradient: Tensor, x: Tensor) -> Tensor:
        """(2, C): Σ ŷ·∂y and Σ ∂y, what these edges add to the gradients of weight and bias."""
        return gradient_sums(gradient, x, self.mean, self.deviation)

    def backward(self, gradient: Tensor, x: Tensor, means: Tensor) -> Tensor:
        """(e, C): ∂y − ŷ·⟨ŷ·∂y⟩ − ⟨∂y⟩, with the ``means`` ⟨·⟩ (2, C) over all edges.

        This is ∂x but for the slope, weight·deviation.
        """
        return self._replace(weight=-means[0], bias=-means[1])(x).add_(gradient)


class _Layers:
    """The layers so far, and what goes into their batch norms in every part of the graph."""

    def __init__(self, table: Tensor, parts: list[Part]) -> None:
        self.table = table
        self.parts = parts
        self.norms: list[_Norm] = []
        self.inputs: list[Sequence[Tensor]] = []

    def activation(self, layer: int, part: int) -> Tensor:
        """(e, C) what a layer gives, number 0 being the ReLU of t_i + u_j."""
        if layer == 0:
            return rectify_(self.parts[part].pair_sums(self.table))
        return rectify_(self.norms[layer - 1](self.inputs[layer - 1][part]))

    def next_input(self, matrix: Tensor, part: int) -> tuple[Tensor, Tensor, Tensor]:
        """What the next layer's product gives (e, C), and its mean and variance (C,)."""
        x = product(self.activation(len(self.norms), part), matrix)
        return x, *moments(x)

    def sum_of_last(self, part: int) -> Tensor:
        """(m, C) what the last layer gives, summed over the neighbours."""
        return self.parts[part].sum_over_neighbours(self.activation(len(self.norms), part))

    def last_gradient(self, shares: Tensor, gradients: list[Tensor], part: int) -> Tensor:
        """Enter the last layer's gradient, of what its ReLU takes, from that of :meth:`sum_of_last` (M, C)."""
        gradient = self.parts[part].spread(shares)
        last = len(self.norms)
        return self._enter(rectified_gradient_(gradient, self.activation(last, part)), last, gradients, part)

    def gradient_before(
        self, layer: int, means: Tensor, back: Tensor, gradients: list[Tensor], part: int
    ) -> tuple[Tensor, Tensor]:
        """Enter the gradient of the layer before ``layer`` in place of that of ``layer``.

        Returns what this part adds to the gradient of the product of ``layer``, but for the slope of its norm.
        """
        before = self.activation(layer - 1, part)
        of_x = self.norms[layer - 1].backward(gradients[part], self.inputs[layer - 1][part], means)
        of_matrix = product(of_x.t(), before.t())
        gradient = rectified_gradient_(product(of_x, back), before)
        return of_matrix, self._enter(gradient, layer - 1, gradients, part)

    def _enter(self, gradient: Tensor, layer: int, gradients: list[Tensor], part: int) -> Tensor:
        """Enter what is needed of an (e, C) gradient later on; returns its norm's sums."""
        if layer > 0:
            gradients[part] = gradient
            return self.norms[layer - 1].sums(gradient, self.inputs[layer - 1][part])
        run = self.parts[part]
        gradients[part] = torch.stack([run.sum_over_neighbours(gradient), run.sum_over_choosers(gradient)])
        return gradient.new_zeros(())


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
        count = len(layers.parts)
        with torch.autocast(table.device.type, enabled=False):
            for matrix, weight, bias in zip(parameters[::3], parameters[1::3], parameters[2::3], strict=True):
                step = partial(layers.next_input, matrix.to(table.dtype))
                x, means, variances = zip(*in_parallel(step, count), strict=True)
                mean, variance = _merged(means, variances, [len(part) for part in x])
                layers.norms.append(_Norm(weight, bias, mean, variance, epsilon))
                layers.inputs.append(x)
            result = graph.mean_from(torch.cat(list(in_parallel(layers.sum_of_last, count))))
        statistics = [moment for norm in layers.norms for moment in (norm.mean, norm.variance)]
        ctx.graph, ctx.parts, ctx.epsilon = graph, layers.parts, epsilon
        ctx.mark_non_differentiable(*statistics)
        ctx.save_for_backward(table, *parameters, *statistics, *(part for x in layers.inputs for part in x))
        return result, *statistics

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        """From the last layer to the first, the gradient of what the layer's ReLU takes in every part."""
        layers, matrices = _restored(ctx)
        count, edges = len(layers.parts), len(ctx.graph.neighbour)
        gradients = [gradient] * count
        of_parameters: list[Tensor] = []
        with torch.autocast(gradient.device.type, enabled=False):
            shares = ctx.graph.mean_from(gradient)
            sums = tuple(in_parallel(partial(layers.last_gradient, shares, gradients), count))
            for layer in range(len(matrices), 0, -1):
                matrix, slope = (
                    matrices[layer - 1],
                    layers.norms[layer - 1].weight * layers.norms[layer - 1].deviation,
                )
                affine = torch.stack(sums).sum(0)
                back = (slope[:, None] * matrix).t().to(gradient.dtype)
                step = partial(layers.gradient_before, layer, affine / edges, back, gradients)
                products, sums = zip(*in_parallel(step, count), strict=True)
                of_matrix = slope[:, None] * torch.stack(products).sum(0, dtype=matrix.dtype)
                of_parameters = [of_matrix, *affine, *of_parameters]
        return torch.cat(gradients, 1), None, None, *of_parameters


def _merged(means: Sequence[Tensor], variances: Sequence[Tensor], counts: list[int]) -> tuple[Tensor, Tensor]:
    """Mean and variance (C,) over all parts, from those of each."""
    each = torch.stack(list(means))
    share = (each.new_tensor(counts) / sum(counts))[:, None]
    mean = (share * each).sum(0)
    return mean, (share * (torch.stack(list(variances)) + (each - mean).square())).sum(0)


def _restored(ctx: Any) -> tuple[_Layers, tuple[Tensor, ...]]:
    """The layers of the forward pass and their products, from what it saved."""
    table, *saved = ctx.saved_tensors
    layers = _Layers(table, ctx.parts)
    count = len(saved) // (5 + len(ctx.parts))
    parameters, statistics, inputs = saved[: 3 * count], saved[3 * count : 5 * count], saved[5 * count :]
    for i in range(count):
        affine, moments_of = parameters[3 * i + 1 : 3 * i + 3], statistics[2 * i : 2 * i + 2]
        layers.norms.append(_Norm(affine[0], affine[1], moments_of[0], moments_of[1], ctx.epsilon))
        layers.inputs.append(inputs[i * len(ctx.parts) : (i + 1) * len(ctx.parts)])
    return layers, tuple(parameters[::3])
