"""What our hls4ml layers share: types, and how they enter hls4ml through its Extension API."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from edgeood.export.hls.vendors import VENDORS, Vendor
from edgeood.export.onnx.score_operators import constants_of
from edgeood.fixed_point import FixedPoint
from edgeood.resources import firmware_folder

VENDOR_HEADER = "nnet_edgeood_vendor.h"
"""What our headers need of a compiler; each vendor has its own."""


def vendor_of(node: Any) -> Vendor:
    """Whose types a layer's project is written in."""
    return VENDORS[node.model.config.backend.name]


def precision(fixed_type: FixedPoint) -> Any:
    """The same type as hls4ml writes it down."""
    from hls4ml.model.types import FixedPrecisionType

    return FixedPrecisionType(fixed_type.bits, fixed_type.integer + fixed_type.signed, fixed_type.signed)


def fixed_point(precision: Any) -> FixedPoint:
    """The type that hls4ml wrote down, its rounding and overflow left out."""
    return FixedPoint(precision.width, precision.integer - bool(precision.signed), bool(precision.signed))


def register(
    layers: Mapping[str, type],
    parser: Callable[..., dict[str, Any]],
    templates: tuple[type, ...],
    header: str,
) -> None:
    """Make layers known to hls4ml, each by the ONNX operator that it stands for, for all our backends."""
    import hls4ml
    from hls4ml.model.layers import register_layer

    for operator, layer in layers.items():
        hls4ml.converters.register_onnx_layer_handler(operator, parser)
        register_layer(layer.__name__, layer)
    for name, vendor in VENDORS.items():
        backend = hls4ml.backends.get_backend(name)
        for template in templates:
            backend.register_template(template)
        backend.register_source(firmware_folder() / header)
        backend.register_source(firmware_folder() / vendor / VENDOR_HEADER)


def described(node: Any, layer_class: type, input_names: list[str]) -> dict[str, Any]:
    """What a parser tells hls4ml of an ONNX node of ours: its attributes, tensors as ``<name>_values``."""
    layer = {"class_name": layer_class.__name__, "name": node.name}
    layer |= {"inputs": input_names, "outputs": list(node.output)}
    for key, value in constants_of(node).items():
        layer[f"{key}_values" if isinstance(value, np.ndarray) else key] = value
    return layer


def struct(index: int, base: str, numbers: dict[str, int], types: dict[str, str]) -> str:
    """The configuration of layer ``index`` in C++."""
    lines = [f"static const unsigned {name} = {number};" for name, number in numbers.items()]
    lines += [f"typedef {hls_type} {name};" for name, hls_type in types.items()]
    return f"struct config{index} : nnet::{base} {{\n" + "".join(f"    {line}\n" for line in lines) + "};\n"
