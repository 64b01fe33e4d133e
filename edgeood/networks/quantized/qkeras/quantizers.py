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
    def forward(ctx: Any, values: Tensor, fixed_type: FixedPoint) -> Tensor:
        integers = values.mul(1 / fixed_type.step).round_()
        if ctx.needs_input_grad[0]:
            inside = (integers >= fixed_type.lowest_integer) & (integers <= fixed_type.highest_integer)
            ctx.save_for_backward(inside)
        return integers.clamp_(fixed_type.lowest_integer, fixed_type.highest_integer).mul_(fixed_type.step)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (inside,) = ctx.saved_tensors
        return gradients[0] * inside, None


def quantize(values: Tensor, fixed_type: FixedPoint) -> Tensor:
    """Nearest values of a fixed-point type, any shape, with straight-through gradient.

    Exact for every finite input. QKeras computes ``x + (q(x) − x)`` instead, which in float32 can miss the
    grid by an ulp where a signed type saturates.
    """
    result: Tensor = _RoundAndSaturate.apply(values, fixed_type)
    return result


def _tensor(x: Any) -> Tensor:
    result: Tensor = x.value if isinstance(x, keras.Variable) else x
    return result


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


def plain_quantizer(fixed_type: FixedPoint) -> Any:
    """The QKeras quantizer that rounds to a type: ``quantized_bits`` if it is signed, else ``quantized_relu``."""
    if fixed_type.signed:
        return qkeras.quantized_bits(fixed_type.bits, fixed_type.integer, alpha=1)
    return qkeras.quantized_relu(fixed_type.bits, fixed_type.integer)


def fused_quantizer(fixed_type: FixedPoint) -> Any:
    """The fast twin of :func:`plain_quantizer`."""
    if fixed_type.signed:
        return FusedBits(fixed_type.bits, fixed_type.integer, alpha=1)
    return FusedRelu(fixed_type.bits, fixed_type.integer)
