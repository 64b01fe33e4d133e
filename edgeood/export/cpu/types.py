"""Which C++ integers hold the numbers of a fixed-point graph: the narrowest that provably hold all of them."""

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.ranges import Range


def reach(one: Range) -> int:
    """The largest magnitude of a range, in units of its step."""
    return max(-one.lowest, one.highest)


def reach_of_rounding(given: Range, fixed_type: FixedPoint) -> int:
    """The largest magnitude that appears while numbers of a range are rounded to a type."""
    drop = given.fraction - fixed_type.fraction
    if drop > 0:
        return reach(given) + (1 << (drop - 1))
    return max(reach(given), fixed_type.highest_integer + 1 + (1 << -drop))


def c_integer(where: str, *reaches: int) -> str:
    """The narrowest C++ integer, of 32 bits or more, for all magnitudes of an operation named ``where``.

    Raises :class:`EdgeoodError` if 64 bits do not hold them.
    """
    bits = max(reaches).bit_length() + 1
    if bits > 64:
        raise EdgeoodError(
            f"'{where}' needs integers of {bits} bits, more than the 64 of a CPU; choose types of more similar steps."
        )
    return "int32_t" if bits <= 32 else "int64_t"


def c_storage(where: str, *reaches: int) -> str:
    """The same for numbers that are only stored, which may have 16 bits."""
    return "int16_t" if max(reaches) < 2**15 else c_integer(where, *reaches)


def c_tensor(where: str, *held: Range) -> str:
    """The C++ integer that a tensor is stored in: in two's complement, the lowest number reaches one further."""
    return c_storage(where, *(max(one.highest, -one.lowest - 1) for one in held))
