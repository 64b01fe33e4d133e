"""Matrix products by the fastest library that a machine has."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from edgeood.networks.particlenet.rectifier import rectify_


def working_dtype(values: Tensor) -> torch.dtype:
    """The dtype of products with ``values``: that of autocast where it is enabled, else their own."""
    device = values.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else values.dtype


def product(values: Tensor, weight: Tensor, bias: Tensor | None = None, *, rectified: bool = False) -> Tensor:
    """(n, C), (C', C) and (C',) → (n, C'): values · weightᵀ + bias, and ReLU of it if it is to be ``rectified``."""
    if _by_onednn(values):
        if torch.is_grad_enabled():
            found: Tensor = _Product.apply(values, weight, bias, rectified)
            return found
        return _onednn(values, weight, bias, rectified)
    result = functional.linear(values, weight, bias)
    return rectify_(result) if rectified else result


def _by_onednn(values: Tensor) -> bool:
    """Whether oneDNN is to be asked by name: in float32 on a CPU, where torch leaves a product to MKL.

    MKL uses half the width of an AMD processor's vectors: there, oneDNN is 2.3 times as fast.
    """
    return (
        values.device.type == "cpu"
        and working_dtype(values) == torch.float32
        and torch.backends.mkldnn.is_available()
    )


def _onednn(values: Tensor, weight: Tensor, bias: Tensor | None = None, rectified: bool = False) -> Tensor:
    result: Tensor = torch.ops.mkldnn._linear_pointwise(
        values, weight, bias, "relu" if rectified else "none", [], ""
    )
    return result


class _Product(torch.autograd.Function):
    """The derivative that oneDNN's operator lacks."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: Tensor, bias: Tensor | None, rectified: bool) -> Tensor:
        result = _onednn(values, weight, bias, rectified)
        ctx.save_for_backward(values, weight, *([result] if rectified else []))
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        values, weight, *result = ctx.saved_tensors
        if result:
            gradient = torch.ops.aten.threshold_backward(gradient, result[0], 0)
        of_values, of_weight, of_bias, _ = ctx.needs_input_grad
        return (
            _onednn(gradient, weight.t()) if of_values else None,
            _onednn(gradient.t(), values.t()) if of_weight else None,
            gradient.sum(0) if of_bias else None,
            None,
        )
