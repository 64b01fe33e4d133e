"""Brevitas quantizers of fixed-point types: every scale is a constant power of two, nothing is learnt or observed.

The numbers agree bit for bit with :meth:`FixedPoint.quantize`: Brevitas divides by the scale, which is exact for a
power of two, rounds half to even, and clamps the integers.
"""

from typing import Any

from brevitas.core.zero_point import ZeroZeroPoint
from brevitas.inject import ExtendedInjector
from brevitas.inject.enum import (
    BitWidthImplType,
    FloatToIntImplType,
    QuantType,
    RestrictValueType,
    ScalingImplType,
    ScalingPerOutputType,
)
from brevitas.quant.solver.act import ActQuantSolver
from brevitas.quant.solver.bias import BiasQuantSolver
from brevitas.quant.solver.weight import WeightQuantSolver

from edgeood.fixed_point import FixedPoint


class _PowerOfTwo(ExtendedInjector):
    """What all our quantizers have in common."""

    quant_type = QuantType.INT
    bit_width_impl_type = BitWidthImplType.CONST
    float_to_int_impl_type = FloatToIntImplType.ROUND
    scaling_impl_type = ScalingImplType.CONST
    restrict_scaling_type = RestrictValueType.POWER_OF_TWO
    scaling_per_output_type = ScalingPerOutputType.TENSOR
    zero_point_impl = ZeroZeroPoint
    narrow_range = False


class _Weights(_PowerOfTwo, WeightQuantSolver):
    """The straight-through gradient passes where weights saturate as well; the twins keep them in range."""


class _Biases(_PowerOfTwo, BiasQuantSolver):
    """A bias has a step of its own, instead of the product of its layer's steps."""

    requires_input_scale = False


class _Activations(_PowerOfTwo, ActQuantSolver):
    """The straight-through gradient stops where activations saturate."""


def _reach(fixed_type: FixedPoint) -> float:
    """2^(bits without sign) steps: what Brevitas calls the threshold of a power-of-two scale."""
    return 2.0 ** (fixed_type.bits - fixed_type.signed) * fixed_type.step


def weight_quantizer(fixed_type: FixedPoint) -> Any:
    """Injector for ``weight_quant`` of a Brevitas layer."""
    return _Weights.let(bit_width=fixed_type.bits, signed=fixed_type.signed, scaling_const=_reach(fixed_type))


def bias_quantizer(fixed_type: FixedPoint) -> Any:
    """Injector for ``bias_quant`` of a Brevitas layer."""
    return _Biases.let(bit_width=fixed_type.bits, signed=fixed_type.signed, scaling_const=_reach(fixed_type))


def activation_quantizer(fixed_type: FixedPoint) -> Any:
    """Injector for ``act_quant`` of a Brevitas activation."""
    low = -_reach(fixed_type) if fixed_type.signed else 0.0
    return _Activations.let(
        bit_width=fixed_type.bits, signed=fixed_type.signed, min_val=low, max_val=_reach(fixed_type)
    )
