"""hls4ml's HLS compilers, and how their vendors spell fixed-point types."""

from typing import Literal

from edgeood.fixed_point import FixedPoint

Backend = Literal["Vitis", "Vivado", "Quartus", "Catapult"]
"""hls4ml's name of the HLS compiler."""

Vendor = Literal["amd", "intel", "siemens"]
"""Whose the compiler is; a folder of ``firmware/``. AMD's knows ``ap_fixed``, the others know ``ac_fixed``."""

VENDORS: dict[str, Vendor] = {"Vivado": "amd", "Vitis": "amd", "Quartus": "intel", "Catapult": "siemens"}
"""The vendor of each backend that knows our layers."""

HLS_TARGETS: dict[str, Backend] = {
    "vitis": "Vitis",
    "vivado": "Vivado",
    "quartus": "Quartus",
    "catapult": "Catapult",
}
"""The backend of each export target that is an HLS project."""


def exact_type(fixed_type: FixedPoint, vendor: Vendor = "amd") -> str:
    """The type in HLS C++ for numbers that are truncated on assignment and never overflow."""
    sizes = f"{fixed_type.bits}, {fixed_type.integer + fixed_type.signed}"
    if vendor == "amd":
        return f"ap_{'' if fixed_type.signed else 'u'}fixed<{sizes}>"
    return f"ac_fixed<{sizes}, {'true' if fixed_type.signed else 'false'}>"


def rounded_type(fixed_type: FixedPoint, vendor: Vendor = "amd") -> str:
    """The type in HLS C++ for numbers that are rounded half to even on assignment and saturate."""
    if vendor == "amd":
        return fixed_type.hls_type
    return f"{exact_type(fixed_type, vendor).removesuffix('>')}, AC_RND_CONV, AC_SAT>"


def counter_type(bits: int, vendor: Vendor = "amd") -> str:
    """The type in HLS C++ of an unsigned integer."""
    return f"ap_uint<{bits}>" if vendor == "amd" else f"ac_int<{bits}, false>"
