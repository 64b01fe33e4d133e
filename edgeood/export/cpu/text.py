"""Pieces of C++ text: structures of constants."""

import textwrap
from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.ranges import Range

_WIDTH = 118


def structure(name: str, comment: str, members: Iterable[str]) -> str:
    """A structure of static members."""
    return f"// {comment}\nstruct {name} {{\n" + "".join(f"    {one}\n" for one in members) + "};\n"


def types(**names: str) -> list[str]:
    """Type definitions."""
    return [f"typedef {c_type} {name};" for name, c_type in names.items()]


def constants(**values: int) -> str:
    """Integer constants."""
    return "static constexpr int " + ", ".join(f"{key} = {value}" for key, value in values.items()) + ";"


def table(c_type: str, name: str, values: NDArray[Any]) -> str:
    """An array of constants, wrapped into lines."""
    numbers = ", ".join(map(str, values.ravel().tolist()))
    lines = textwrap.fill(numbers, _WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8)
    return f"alignas(4) static constexpr {c_type} {name}[{values.size}] = {{\n{lines}}};"


def rounding(given: Range, fixed_type: FixedPoint, prefix: str = "") -> list[str]:
    """The constants of a ``requantize`` from the steps of a range to a type."""
    # C++ reads −2^63 as the negative of a number that is none.
    low = f"{fixed_type.lowest_integer + 1} - 1" if fixed_type.signed else "0"
    return [
        constants(**{f"{prefix}shift": given.fraction - fixed_type.fraction}),
        f"static constexpr long long {prefix}low = {low}, {prefix}high = {fixed_type.highest_integer};",
    ]
