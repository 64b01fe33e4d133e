"""Batch norms that can be folded into a product, and whose moments may be computed elsewhere."""

import torch
from torch import Tensor, nn


class BatchNorm(nn.BatchNorm1d):
    """:class:`torch.nn.BatchNorm1d`, with the same parameters and state."""

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float

    def folded(self, weight: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Weight (C, ·) and bias (C,) of one product that does in evaluation what ``weight`` and this norm do."""
        slope = self.weight * (self.running_var + self.eps).rsqrt()
        return (slope[:, None] * weight).to(dtype), (self.bias - slope * self.running_mean).to(dtype)

    @torch.no_grad()
    def remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Take the moments (C,) of a batch of ``count`` > 1 values into the running statistics."""
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean.to(self.running_mean), self.momentum)
        self.running_var.lerp_(variance.to(self.running_var) * (count / (count - 1)), self.momentum)


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance (C,) of (n, C) values, in float32 or better."""
    zeros = x.new_zeros(2, x.shape[1], dtype=torch.promote_types(x.dtype, torch.float32))
    return torch.batch_norm_update_stats(x, zeros[0], zeros[1], 0.0)


def gradient_sums(gradient: Tensor, x: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """(2, C): Σ ŷ·∂y and Σ ∂y of (n, C) gradients ∂y, with ŷ = (x − mean)·deviation; in float32 or better.

    Summed over all values that are normalised together, these are the gradients of a batch norm's weight and bias.
    """
    _, weight, bias = torch.ops.aten.native_batch_norm_backward(
        gradient, x, torch.ones_like(mean), None, None, mean, deviation, True, 0.0, [False, True, True]
    )
    return torch.stack([weight, bias])
