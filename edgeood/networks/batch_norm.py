"""Batch norms that can be folded into a product, and fed with moments that were computed elsewhere."""

import torch
from torch import Tensor, nn


class BatchNorm(nn.BatchNorm1d):
    """:class:`torch.nn.BatchNorm1d`, with the same parameters and state."""

    running_mean: Tensor
    running_var: Tensor
    momentum: float

    def folded(self, weight: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Weight (C, ·) and bias (C,) of one product that does in evaluation what ``weight`` and this norm do."""
        slope = self.weight * (self.running_var + self.eps).rsqrt()
        return (slope[:, None] * weight).to(dtype), (self.bias - slope * self.running_mean).to(dtype)

    @torch.no_grad()
    def remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Take the moments (C,) of a batch of ``count`` > 1 values into the running statistics."""
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean.to(self.running_mean), self.momentum)
        self.running_var.lerp_(variance.to(self.running_var) * (count / (count - 1)), self.momentum)
