"""The jets that a network is for, as ranges of what they look like; and how many of others lie outside.

A network scores anything. Of jets unlike its own background neither its scores nor its threshold mean what was
measured: other momenta, another cone, other constituents. Single anomalies may well lie outside; a sample should not.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError, OutsideDomainWarning
from edgeood.jets.layout import Jets

Domain = Mapping[str, Sequence[float]]
"""Quantity → lowest and highest value, both inside."""
QUANTILES = (0.005, 0.995)
"""Of the background, between which its domain lies: one jet in a hundred of its own is outside of each range."""
WORTH_A_WORD = 0.1
"""Share outside of one range, ten times what is so by construction; of less than three jets nothing is said."""
_FEWEST = 3
_MEASURED = 256
"""About so many jets of a batch have their radius measured: as good as all of them, and the time of none."""
_MOST_OF_THEM = 0.95
_AT_ONCE = 2048


def radius(jets: Jets) -> NDArray[np.float32]:
    """(N,) distance from the jet axis in (η, φ), in radians, within which 95 % of a jet's constituents lie."""
    found = np.empty(len(jets), np.float32)
    for start in range(0, len(jets), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        found[some] = _radius(jets.jets[some], jets.constituents[some])
    return found


def _radius(jets: NDArray[Any], constituents: NDArray[Any]) -> NDArray[np.float32]:
    valid = constituents["valid"]
    eta = constituents["eta"] - jets["eta"][:, None]
    phi = constituents["phi"] - jets["phi"][:, None]
    phi -= np.float32(2 * np.pi) * np.rint(phi / np.float32(2 * np.pi))
    # Padding comes first, so that the place of the wanted one counts from the end.
    squares = np.where(valid, eta * eta + phi * phi, -1)
    squares.sort(axis=1)
    farther = valid.sum(axis=1) - np.ceil(_MOST_OF_THEM * valid.sum(axis=1)).astype(np.int64)
    place = squares.shape[1] - 1 - farther
    radius: NDArray[np.float32] = np.sqrt(
        np.maximum(np.take_along_axis(squares, place[:, None], axis=1)[:, 0], 0)
    )
    return radius


def _count(jets: Jets) -> NDArray[Any]:
    told = jets.jets["n_constituents"]
    return told if (told >= 0).all() else np.where(told >= 0, told, jets.constituents["valid"].sum(axis=1))


QUANTITIES: dict[str, Callable[[Jets], NDArray[Any]]] = {
    "pt": lambda jets: jets.jets["pt"],
    "eta": lambda jets: jets.jets["eta"],
    "mass": lambda jets: jets.jets["mass"],
    "n_constituents": _count,
    "radius": radius,
}
"""What a domain is told in: name → (N,) values; GeV, radians. A new one is a line here and in :data:`_TOLD`."""
_TOLD = {
    "pt": "pT {:.0f} to {:.0f} GeV",
    "eta": "η {:.1f} to {:.1f}",
    "mass": "mass {:.0f} to {:.0f} GeV",
    "n_constituents": "{:.0f} to {:.0f} constituents",
    "radius": "radius {:.2f} to {:.2f}",
}


def quantities_of(jets: Jets) -> dict[str, NDArray[np.float32]]:
    """The (N,) values of every quantity that a domain is told in."""
    return {name: np.asarray(measure(jets), np.float32) for name, measure in QUANTITIES.items()}


def domain_of(quantities: Mapping[str, NDArray[Any]]) -> dict[str, list[float]]:
    """The ranges between the :data:`QUANTILES` of what :func:`quantities_of` gave, by quantity."""
    return {name: np.quantile(values, QUANTILES).round(3).tolist() for name, values in quantities.items()}


def told(name: str, limits: Sequence[float]) -> str:
    """One range in words and units."""
    return _TOLD[name].format(*limits)


def _sound(domain: Any) -> dict[str, tuple[float, float]]:
    """The ranges that are known here. A run or a card without a digest may hold anything in their place."""
    try:
        known = {name: limits for name, limits in (domain or {}).items() if name in QUANTITIES}
        return {name: (float(low), float(high)) for name, (low, high) in known.items()}
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise EdgeoodError(
            f"the jets that a network is for are told as {domain!r}, not as two numbers by name; copy the run or the "
            "detector again."
        ) from error


class Outside:
    """Counts the jets of a sample that lie outside of a domain, batch by batch.

    Raises :class:`EdgeoodError` for a domain that is none.
    """

    def __init__(self, domain: Domain | None) -> None:
        self.domain = _sound(domain)
        self.jets = 0
        self._seen = dict.fromkeys(self.domain, 0)
        self._outside = dict.fromkeys(self.domain, 0)

    def count(self, jets: Jets) -> None:
        """Look at a batch; the radius of about :data:`_MEASURED` of its jets stands for that of all."""
        self.jets += len(jets)
        for name, (low, high) in self.domain.items():
            some = jets[:: max(1, len(jets) // _MEASURED)] if name == "radius" else jets
            values = QUANTITIES[name](some)
            self._seen[name] += len(values)
            self._outside[name] += int(np.count_nonzero((values < low) | (values > high)))

    def fractions(self) -> dict[str, float]:
        """Quantity → share of the jets outside of its range; empty without a domain or jets."""
        return {name: self._outside[name] / seen for name, seen in self._seen.items() if seen}

    def attributes(self) -> dict[str, float]:
        """What a file of scores says of it: ``outside_domain``, the largest share, and each range's own."""
        shares = self.fractions()
        largest = {"outside_domain": max(shares.values())} if shares else {}
        return largest | {f"outside_domain_{name}": share for name, share in shares.items()}

    def warn(self, who: str, stacklevel: int = 2) -> None:
        """An :class:`OutsideDomainWarning` if more than :data:`WORTH_A_WORD` lie outside of a range of ``who``."""
        worst = {
            name: share
            for name, share in self.fractions().items()
            if share > WORTH_A_WORD and self._outside[name] >= _FEWEST
        }
        if worst:
            parts = "; ".join(
                f"{100 * share:.0f} % outside {told(name, self.domain[name])}"
                for name, share in worst.items()
            )
            warnings.warn(
                f"{who} is made for other jets than these {self.jets} ({parts}): its scores and its threshold were not "
                "measured there.",
                OutsideDomainWarning,
                stacklevel + 1,
            )
