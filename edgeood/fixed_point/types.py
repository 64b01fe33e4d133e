"""Fixed-point number types: the integer meaning that every engine must agree on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class FixedPoint:
    """A fixed-point type with a power-of-two step, round-half-to-even and saturation.

    ``bits`` counts all bits, the sign included; ``integer`` counts the bits left of the binary point
    without the sign (the convention of QKeras). It may be negative or exceed ``bits``.
    """

    bits: int
    integer: int
    signed: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= 64:
            raise ValueError(f"a fixed-point type has 1 to 64 bits, not {self.bits}")

    @property
    def fraction(self) -> int:
        """Bits right of the binary point; the step is 2 to the minus this."""
        return self.bits - self.integer - self.signed

    @property
    def step(self) -> float:
        """Distance between neighbouring values."""
        return 2.0**-self.fraction

    @property
    def lowest_integer(self) -> int:
        """Smallest value in units of the step."""
        return -(2 ** (self.bits - 1)) if self.signed else 0

    @property
    def highest_integer(self) -> int:
        """Largest value in units of the step."""
        result: int = 2 ** (self.bits - self.signed) - 1
        return result

    @property
    def low(self) -> float:
        """Smallest value."""
        return self.lowest_integer * self.step

    @property
    def high(self) -> float:
        """Largest value."""
        return self.highest_integer * self.step

    @property
    def hls_type(self) -> str:
        """The same type in HLS C++, with the rounding and overflow modes it stands for."""
        name = "ap_fixed" if self.signed else "ap_ufixed"
        return f"{name}<{self.bits},{self.integer + self.signed},AP_RND_CONV,AP_SAT>"

    def to_integers(self, values: ArrayLike) -> NDArray[np.int64]:
        """Nearest representable values in units of the step (ties to even, saturating). Any shape."""
        scaled = np.rint(np.asarray(values, np.float64) / self.step)
        return np.clip(scaled, self.lowest_integer, self.highest_integer).astype(np.int64)

    def quantize(self, values: ArrayLike) -> NDArray[np.float64]:
        """Nearest representable values (ties to even, saturating). Any shape."""
        scaled = np.rint(np.asarray(values, np.float64) / self.step)
        return np.asarray(np.clip(scaled, self.lowest_integer, self.highest_integer) * self.step, np.float64)


def smallest_type(low: float, high: float, fraction: int, signed: bool) -> FixedPoint:
    """The narrowest type with that many fraction bits whose range covers [low, high]."""
    integer = 1 - signed - fraction
    while True:
        narrowest = FixedPoint(integer + signed + fraction, integer, signed)
        if narrowest.low <= low and high <= narrowest.high:
            return narrowest
        integer += 1
