"""Units and angles that are not ours: found because a jet and its constituents do not fit together.

One odd jet proves nothing: files keep only leading constituents, pile-up is weighed or removed, jets are groomed and
corrected. A file is refused when more than half of its jets so far cannot be right, and the sentence names the
likely mistake. Jets with their axis at η = φ = 0 look the same relative to it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.soundness.validation import LARGEST_PHI

_LEADING = 8
"""Constituents that are looked at: they carry most of a jet, and the look must cost little."""
_BLOCK = 2048
_OFF_AXIS = 0.4
"""Distance from the axis from which on another reading of the angles is tried."""
_NOT_OF_THIS_JET = 1.5
"""Distance from the axis that the leading constituents of jets of radius 1 and more do not have."""
_LARGEST_PT_GEV = 20_000.0
"""Of LHC jets 7000; jets of 20 GeV have as much in MeV."""
_UNIT_RATIO = 100.0
"""MeV over GeV is 1000, and what leading constituents carry of a jet is more than a tenth of it."""
_LARGEST_MASS_RATIO = 3.0
"""Mass over pT: below 1 for jets of radius 1; in MeV a light quark's jet of 1 TeV has 5."""

_MISTAKES = {
    "pt scale": "pt looks like MeV; write GeV.",
    "constituents scale": "constituents' pt looks like MeV and the jets' like GeV; write GeV in both.",
    "jets scale": "the jets' pt looks like MeV and the constituents' like GeV; write GeV in both.",
    "mass scale": "the jets' mass looks like MeV and their pt like GeV; write GeV in both.",
    "jet energy scale": "the jets' energy looks like MeV and their pt like GeV; write GeV in both.",
    "energy scale": "constituents' energy looks like MeV and their pt like GeV; write GeV in both.",
    "jet degrees": "the jets' phi looks like degrees; write radians.",
    "degrees": "constituents' phi looks like degrees; write radians.",
    "relative": "constituents' eta and phi look relative to the jet axis; write absolute ones.",
    "swapped": "constituents' eta and phi look swapped; write each into its own field.",
    "both swapped": "eta and phi look swapped, in jets and constituents; write each into its own field.",
    "elsewhere": "constituents are not near their jet's axis; write absolute eta and phi, "
    "and both tables in the same order.",
}
"""In the order in which they are told: what explains most comes first."""
_OF_ALL = ("jet degrees", "degrees")
"""Most angles in degrees are no angles in radians, so that few such jets are sound."""


class Conventions:
    """Counts, over the jets of one file, what each mistake would explain."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.jets = self.sound = 0
        self.broken = False
        """a mistake was found"""
        self.counts = dict.fromkeys(_MISTAKES, 0)

    def look(self, jets: NDArray[Any], constituents: NDArray[Any], sound: NDArray[np.bool_]) -> None:
        """Count jets (N,) with constituents (N, P), of which some are ``sound`` (N,) one by one.

        Raises :class:`EdgeoodError` if most of those so far show a mistake. Angles in degrees are counted among all.
        """
        for start in range(0, len(jets), _BLOCK):
            rows = slice(start, start + _BLOCK)
            # What is not finite compares as false and is told for each jet, elsewhere.
            with np.errstate(all="ignore"):
                signs = _signs(jets[rows], constituents[rows, :_LEADING])
            for mistake, shown in signs.items():
                judged = shown if mistake in _OF_ALL else shown & sound[rows]
                self.counts[mistake] += int(np.count_nonzero(judged))
        self.jets += len(jets)
        self.sound += int(np.count_nonzero(sound))
        for mistake, count in self.counts.items():
            of = self.jets if mistake in _OF_ALL else self.sound
            if 2 * count > of:
                self.broken = True
                raise EdgeoodError(f"{self.source}: in {count} of {of} jets {_MISTAKES[mistake]}")


def _signs(jets: NDArray[Any], leading: NDArray[Any]) -> dict[str, NDArray[np.bool_]]:
    """Mistake → (n,) where it would explain a jet."""
    jet_pt, axis_eta, axis_phi = (np.ascontiguousarray(jets[name]) for name in ("pt", "eta", "phi"))
    present = leading["valid"]
    pt, eta, phi = (np.where(present, leading[name], 0) for name in ("pt", "eta", "phi"))
    energy, first_pt, first_eta, first_phi = leading["energy"][:, 0], pt[:, 0], eta[:, 0], phi[:, 0]
    total = pt.sum(axis=1)
    momentum = first_pt * np.cosh(first_eta)
    jet_degrees = _is_degrees(axis_phi)
    degrees = _is_degrees(phi).sum(axis=1) * 2 > present.sum(axis=1)
    signs = {
        "pt scale": jet_pt > _LARGEST_PT_GEV,
        "constituents scale": total > _UNIT_RATIO * jet_pt,
        "jets scale": total * _UNIT_RATIO < jet_pt,
        "mass scale": jets["mass"] > _LARGEST_MASS_RATIO * jet_pt,
        "jet energy scale": jets["energy"] > _UNIT_RATIO * np.hypot(jet_pt * np.cosh(axis_eta), jets["mass"]),
        "energy scale": energy > _UNIT_RATIO * momentum,
        "jet degrees": jet_degrees,
        "degrees": degrees,
        "both swapped": (np.abs(energy / momentum - 1) > 0.2)
        & (np.abs(energy / (first_pt * np.cosh(first_phi)) - 1) < 0.05),
    }
    return signs | _angles(axis_eta, axis_phi, eta, phi, pt / total[:, None])


def _is_degrees(phi: NDArray[Any]) -> NDArray[np.bool_]:
    size = np.abs(phi)
    degrees: NDArray[np.bool_] = (size > LARGEST_PHI) & (size <= 360)
    return degrees


def _angles(
    axis_eta: NDArray[Any], axis_phi: NDArray[Any], eta: NDArray[Any], phi: NDArray[Any], share: NDArray[Any]
) -> dict[str, NDArray[np.bool_]]:
    """Signs that the centroid of constituents (n, P), weighed with ``share``, is not at the axis (n,)."""

    def distance(along: NDArray[Any], around: NDArray[Any]) -> NDArray[Any]:
        around = around - 2 * np.pi * np.rint(around / (2 * np.pi))
        length: NDArray[Any] = np.hypot((share * along).sum(axis=1), (share * around).sum(axis=1))
        return length

    away = distance(eta - axis_eta[:, None], phi - axis_phi[:, None])
    off_axis = away > _OFF_AXIS
    if 4 * np.count_nonzero(off_axis) < len(off_axis):
        return {}
    return {
        "relative": off_axis & (distance(eta, phi) < away / 2),
        "swapped": off_axis & (distance(phi - axis_eta[:, None], eta - axis_phi[:, None]) < away / 2),
        "elsewhere": away > _NOT_OF_THIS_JET,
    }
