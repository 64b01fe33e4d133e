"""QKeras quantizers as one torch operation: the same values, a third of the passes over memory."""

from typing import Any

import torch
from torch import Tensor

from edgeood.fixed_point import FixedPoint
from edgeood.networks.quantized.qkeras.backend import import_qkeras

keras, qkeras = import_qkeras()


class _RoundAndSaturate(torch.autograd.Function):
    """Round half to even and saturate; the gradient passes where nothing saturates (straight-through)."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, kind: FixedPoint) -> Tensor:
        integers = values.mul(1 / kind.step).round_()
        if ctx.needs_input_grad[0]:
            inside = (integers >= kind.lowest_integer) & (integers <= kind.highest_integer)
            ctx.save_for_backward(inside)
        return integers.clamp_(kind.lowest_integer, kind.highest_integer).mul_(kind.step)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (inside,) = ctx.saved_tensors
        return gradients[0] * inside, None


def quantize(values: Tensor, kind: FixedPoint) -> Tensor:
    """Nearest values of a fixed-point type, any shape, with straight-through gradient.

    Exact for every finite input. QKeras computes ``x + (q(x) − x)`` instead, which in float32 can miss the
    grid by an ulp where a signed type saturates.
    """
    return _RoundAndSaturate.apply(values, kind)


def _tensor(x: Any) -> Tensor:
    return x.value if isinstance(x, keras.Variable) else x


class FusedBits(qkeras.quantized_bits):  # type: ignore[name-defined]
    """``quantized_bits`` (signed) through :func:`quantize`."""

    def __call__(self, x: Any) -> Tensor:
        return quantize(_tensor(x), fixed_point_of(self))


class FusedRelu(qkeras.quantized_relu):  # type: ignore[name-defined]
    """``quantized_relu`` (unsigned) through :func:`quantize`."""

    def __call__(self, x: Any) -> Tensor:
        return quantize(_tensor(x), fixed_point_of(self))


def fixed_point_of(quantizer: Any) -> FixedPoint:
    """The fixed-point type that a QKeras quantizer rounds to. Raises ValueError if it is none of ours."""
    if isinstance(quantizer, qkeras.quantized_relu):
        plain = not (quantizer.negative_slope or quantizer.use_sigmoid or quantizer.relu_upper_bound)
        signed = False
    elif isinstance(quantizer, qkeras.quantized_bits):
        plain = quantizer.alpha == 1 and not quantizer.symmetric and bool(quantizer.keep_negative)
        signed = True
    else:
        plain = False
    if not plain or quantizer.use_stochastic_rounding:
        raise ValueError(f"{quantizer} has no plain fixed-point type with a power-of-two step")
    return FixedPoint(int(quantizer.bits), int(quantizer.integer), signed)


def plain_quantizer(kind: FixedPoint) -> Any:
    """The QKeras quantizer that rounds to ``kind``: ``quantized_bits`` if signed, else ``quantized_relu``."""
    if kind.signed:
        return qkeras.quantized_bits(kind.bits, kind.integer, alpha=1)
    return qkeras.quantized_relu(kind.bits, kind.integer)


def fused_quantizer(kind: FixedPoint) -> Any:
    """The fast twin of :func:`plain_quantizer`."""
    if kind.signed:
        return FusedBits(kind.bits, kind.integer, alpha=1)
    return FusedRelu(kind.bits, kind.integer)
