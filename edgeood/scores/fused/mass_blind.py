"""The mass-blind decision: a jet is anomalous if its score is above a threshold that depends on the jet's mass.

A score that knows nothing of mass where half of the background passes can be mass in disguise where one jet in a
hundred does. A threshold for each mass, the same quantile of the background everywhere, keeps the shape of the
background's mass spectrum at the working point that a trigger has: the "designed decorrelated tagger" of Dolen et al.,
arXiv:1603.00027, as firmware can have it. The jet's mass is an input word beside what the network sees; its integer is
the place in a table of thresholds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint

MASS_TYPE = FixedPoint(9, 9, signed=False)
"""Of the word that carries a jet's mass: steps of 1 GeV up to 511 GeV, where heavier jets saturate."""
_TYPE, _TABLES, _EFFICIENCIES = "mass_type", "mass_thresholds", "mass_efficiencies"


@dataclass(frozen=True, eq=False)
class MassBlindDecision:
    """score > threshold(mass), in integers."""

    mass_type: FixedPoint
    """unsigned; in GeV"""
    thresholds: NDArray[np.int64]
    """(2^bits,) in units of the score's step, one for each mass word"""
    background_efficiency: float
    """the share of the background that passes, at every mass"""

    def words(self, mass_gev: ArrayLike) -> NDArray[np.int64]:
        """(N,) mass words of jets of masses (N,) in GeV: rounded half to even, saturating."""
        return self.mass_type.to_integers(np.asarray(mass_gev, np.float32))

    def __call__(self, integers: NDArray[np.int64], mass_gev: ArrayLike) -> NDArray[np.bool_]:
        """(N,) decisions on jets of integer scores (N,) and masses (N,) in GeV."""
        result: NDArray[np.bool_] = integers > self.thresholds[self.words(mass_gev)]
        return result


class Tables(NamedTuple):
    """Thresholds for several working points, as they are kept with a run's score."""

    mass_type: FixedPoint
    efficiencies: tuple[float, ...]
    thresholds: NDArray[np.int64]
    """(working points, 2^bits)"""

    def parameters(self) -> dict[str, NDArray[Any]]:
        """The arrays that :func:`tables_of` reads."""
        one = self.mass_type
        return {
            _TYPE: np.array([one.bits, one.integer, one.signed], np.int64),
            _EFFICIENCIES: np.array(self.efficiencies, np.float64),
            _TABLES: np.asarray(self.thresholds, np.int64),
        }

    def decision(self, background_efficiency: float) -> MassBlindDecision | None:
        """The decision of one working point; None if it has no table."""
        if background_efficiency not in self.efficiencies:
            return None
        place = self.efficiencies.index(background_efficiency)
        return MassBlindDecision(self.mass_type, self.thresholds[place], background_efficiency)


def tables_of(parameters: Mapping[str, NDArray[Any]], score_type: FixedPoint) -> Tables | None:
    """The tables among the fitted ``parameters`` of a score of that type; None if it was never calibrated.

    Raises :class:`EdgeoodError` if they cannot be such tables.
    """
    if _TABLES not in parameters:
        return None
    try:
        bits, integer, signed = (int(number) for number in parameters[_TYPE])
        mass_type = FixedPoint(bits, integer, bool(signed))
        efficiencies = tuple(float(one) for one in parameters[_EFFICIENCIES])
        thresholds = parameters[_TABLES]
        sound = thresholds.dtype == np.int64 and thresholds.shape == (len(efficiencies), 2**mass_type.bits)
    except (KeyError, ValueError, TypeError, OverflowError):
        sound = False
    if (
        not sound
        or mass_type.signed
        or thresholds.size == 0
        or thresholds.min() < score_type.lowest_integer
        or thresholds.max() > score_type.highest_integer
    ):
        raise EdgeoodError(
            "the fitted scores hold no proper table of thresholds in mass; run `edgeood calibrate` again."
        )
    return Tables(mass_type, efficiencies, thresholds)
