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

from edgeood.networks.graph import Edges, Graph
from edgeood.networks.parallel import in_parallel
from edgeood.networks.products import product
from edgeood.networks.rectifier import rectified_gradient_, rectify_

_BYTES_AT_ONCE = 2**19
"""Of one part's values in one layer: a share of a core's second-level cache."""


def edges_at_once(values: Tensor, widest: int) -> int:
    """Edges of one part of the graph, for layers of up to ``widest`` channels in the dtype of ``values``."""
    if values.device.type != "cpu":
        return 2**31
    return max(1, _BYTES_AT_ONCE // (widest * values.element_size()))


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

    def next_input(self, matrix: Tensor, part: int) -> tuple[Tensor, Tensor, Tensor]:
        """What the next layer's product gives (e, C), and its mean and variance (C,)."""
        x = product(self.activation(len(self.norms), part), matrix)
        return x, *_moments(x)

    def sum_of_last(self, part: int) -> Tensor:
        """(m, C) what the last layer gives, summed over the neighbours."""
        return self.parts[part].gathered(self.activation(len(self.norms), part))

    def last_gradient(self, shares: Tensor, part: int) -> tuple[Tensor, Tensor]:
        """Before the last ReLU (e, C), from the gradient of :meth:`sum_of_last`; and its batch norm's sums."""
        last = len(self.norms)
        gradient = rectified_gradient_(self.parts[part].spread(shares), self.before_relu(last, part))
        return gradient, self._sums(last, gradient, part)

    def gradient_before(
        self, layer: int, gradients: Sequence[Tensor], means: Tensor, back: Tensor, part: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Before the ReLU of the layer before ``layer``, and its batch norm's sums, from those before ``layer``'s.

        In the middle: what the part adds to the gradient of the layer's product, but for the slope of its norm.
        """
        before = self.activation(layer - 1, part)
        of_x = self.norms[layer - 1].backward(gradients[part], self.inputs[layer - 1][part], means)
        gradient = rectified_gradient_(product(of_x, back), before)
        return gradient, product(of_x.t(), before.t()), self._sums(layer - 1, gradient, part)

    def _sums(self, layer: int, gradient: Tensor, part: int) -> Tensor:
        if layer == 0:
            return gradient.new_zeros(())
        return self.norms[layer - 1].sums(gradient, self.inputs[layer - 1][part])


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
                inputs, means, variances = zip(*in_parallel(step, count), strict=True)
                mean, variance = _merged(means, variances, [len(x) for x in inputs])
                layers.norms.append(_BatchNorm(weight, bias, mean, variance, epsilon))
                layers.inputs.append(list(inputs))
            result = graph.mean_from(torch.cat(list(in_parallel(layers.sum_of_last, count))))
        moments = [moment for norm in layers.norms for moment in (norm.mean, norm.variance)]
        ctx.graph, ctx.parts, ctx.epsilon = graph, layers.parts, epsilon
        ctx.mark_non_differentiable(*moments)
        ctx.save_for_backward(table, *parameters, *moments, *(part for x in layers.inputs for part in x))
        return result, *moments

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        """From the last layer to the first, the gradient of every part before the layer's ReLU."""
        layers, matrices = _restored(ctx)
        count, edges = len(layers.parts), len(ctx.graph.neighbour)
        of_parameters: list[Tensor] = []
        with torch.autocast(gradient.device.type, enabled=False):
            shares = ctx.graph.mean_from(gradient)
            gradients, sums = zip(*in_parallel(partial(layers.last_gradient, shares), count), strict=True)
            for layer in range(len(matrices), 0, -1):
                matrix, slope = matrices[layer - 1], layers.norms[layer - 1].slope[:, None]
                affine = torch.stack(sums).sum(0)
                back = (slope * matrix).t().to(gradient.dtype)
                step = partial(layers.gradient_before, layer, gradients, affine / edges, back)
                gradients, products, sums = zip(*in_parallel(step, count), strict=True)
                of_product = slope * torch.stack(products).sum(0, dtype=matrix.dtype)
                of_parameters = [of_product, *affine, *of_parameters]
            of_t = torch.cat([run.gathered(part) for run, part in zip(layers.parts, gradients, strict=True)])
            of_u = ctx.graph.sum_at_neighbours(torch.cat(gradients))
        return torch.stack([of_t, of_u]), None, None, *of_parameters


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance (C,) over a part of the edges."""
    zeros = x.new_zeros(2, x.shape[1], dtype=torch.promote_types(x.dtype, torch.float32))
    return torch.batch_norm_update_stats(x, zeros[0], zeros[1], 0.0)


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
        affine, moments = parameters[3 * i + 1 : 3 * i + 3], statistics[2 * i : 2 * i + 2]
        layers.norms.append(_BatchNorm(affine[0], affine[1], moments[0], moments[1], ctx.epsilon))
        layers.inputs.append(inputs[i * len(ctx.parts) : (i + 1) * len(ctx.parts)])
    return layers, tuple(parameters[::3])
