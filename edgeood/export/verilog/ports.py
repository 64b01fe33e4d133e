"""The ports of a design: which bits of its words are which number of a jet."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.fixed_point import FixedPoint
from edgeood.scores.fused.network import FusedNetwork


@dataclass(frozen=True)
class Ports:
    """Words of a jet: number n of it is at the bits from n · ``input.bits`` on of the port ``in_data``."""

    shape: tuple[int, int]
    """(N, F): candidates, and numbers of each"""
    input: FixedPoint
    mass: FixedPoint | None
    """of the port ``in_mass``, if the decision reads it"""
    score: FixedPoint
    """of the port ``out_score``"""

    @classmethod
    def of(cls, network: FusedNetwork) -> "Ports":
        """The ports of a network on candidates."""
        constituents, features = network.graph.shape
        mass = network.decision.mass_type if network.decision else None
        return cls((constituents, features), network.input_type, mass, network.score_type)

    @classmethod
    def read(cls, about: Mapping[str, Any]) -> "Ports":
        """From what :meth:`plain` wrote."""
        mass = FixedPoint(**about["mass"]) if about["mass"] else None
        return cls(tuple(about["shape"]), FixedPoint(**about["input"]), mass, FixedPoint(**about["score"]))

    def plain(self) -> dict[str, Any]:
        """As plain JSON."""
        return {**asdict(self), "shape": list(self.shape)}

    @property
    def numbers(self) -> int:
        """Numbers of a jet."""
        return self.shape[0] * self.shape[1]

    @property
    def data_bits(self) -> int:
        """Width of ``in_data``."""
        return self.numbers * self.input.bits

    def words(self, inputs: NDArray[Any], mass_gev: ArrayLike) -> list[tuple[str, str]]:
        """What enters for jets (n, N, F) of masses (n,) in GeV: hexadecimal ``in_data`` and ``in_mass``."""
        integers = self.input.to_integers(inputs).reshape(len(inputs), self.numbers)
        places = np.arange(self.input.bits)
        # The lowest bit first; Python reads the bytes as one integer.
        bits = (integers[..., None] >> places & 1).astype(np.uint8).reshape(len(integers), self.data_bits)
        data = [row.tobytes()[::-1].hex() for row in np.packbits(bits, axis=1, bitorder="little")]
        if self.mass is None:
            return [(one, "0") for one in data]
        masses = self.mass.to_integers(np.asarray(mass_gev, np.float32)).tolist()
        return [(one, f"{mass:x}") for one, mass in zip(data, masses, strict=True)]

    def values(self, inputs: NDArray[Any], mass_gev: ArrayLike) -> NDArray[np.float64]:
        """(n, numbers, and one more if the mass is read): the same as numbers, for the interpreter."""
        flat = self.input.quantize(inputs).reshape(len(inputs), self.numbers)
        if self.mass is None:
            return np.ascontiguousarray(flat)
        return np.column_stack([flat, self.mass.quantize(np.asarray(mass_gev, np.float32))])
