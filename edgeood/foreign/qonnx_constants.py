"""What a QONNX file computes of constants alone: weights and biases on their way to a layer."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.fixed_point import FixedPoint

Folded = tuple[NDArray[Any], FixedPoint | None]
"""Values, and the type that they were rounded to, if it has a power-of-two step for all"""


def folded(node: Any, settings: Mapping[str, Any], constants: Mapping[str, Folded]) -> Folded | None:
    """What a node makes of ``constants``, its name in the file → value; None if that is not known here."""
    if node.op_type == "Constant" and "value" in settings:
        from onnx import numpy_helper

        return numpy_helper.to_array(settings["value"]), None
    if not node.input:
        return None
    first, declared = constants[node.input[0]]
    if node.op_type == "Quant":
        from qonnx.custom_op.general.quant import quant

        others = (constants[name][0] for name in node.input[1:])
        signed, narrow = bool(settings["signed"]), bool(settings["narrow"])
        rounded = quant(first, *others, signed, narrow, settings["rounding_mode"].decode())
        # A narrow range is one step less of the type's: of constants it is as good.
        return np.asarray(rounded), type_of_quant(node, {**settings, "narrow": 0}, constants)
    if node.op_type == "Transpose":
        return first.transpose(settings.get("perm")), declared
    if node.op_type == "Reshape":
        return first.reshape(constants[node.input[1]][0].astype(int)), declared
    if node.op_type == "Identity":
        return first, declared
    return None


def type_of_quant(
    node: Any, settings: Mapping[str, Any], constants: Mapping[str, Folded]
) -> FixedPoint | None:
    """The type that a Quant node rounds to; None if it has no power-of-two step for all, or not its full range."""
    if any(name not in constants for name in node.input[1:]):
        return None
    scale, zero, bits = (constants[name][0] for name in node.input[1:4])
    if np.size(scale) != 1 or np.size(bits) != 1 or np.any(zero) or settings["narrow"]:
        return None
    step, width, signed = float(np.ravel(scale)[0]), int(np.ravel(bits)[0]), bool(settings["signed"])
    if np.frexp(step)[0] != 0.5 or settings["rounding_mode"] != b"ROUND" or not 1 <= width <= 64:
        return None
    return FixedPoint(width, width - signed + int(np.log2(step)), signed)
