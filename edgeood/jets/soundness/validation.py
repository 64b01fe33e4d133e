"""Check that arrays hold jets: every complaint names the file, the jet's row and the remedy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.jets.soundness.complaints import Complaints

KINEMATICS = ("pt", "eta", "phi", "mass", "energy")
LARGEST_ETA = 20.0
"""A particle of the LHC's 7 TeV would have a pT below 0.1 keV there."""
LARGEST_PHI = 8.0
"""In radians: angles from 0 to 2π, and a jet's constituents on either side, wrap; more is no azimuth."""
_LEAST_ENERGY = np.float32(0.99)
"""Of pT: files keep ten bits of a number, some of them."""
# The checks ignore what NumPy warns of: a NaN may signal when it is touched, and it is told in a sentence.
_BLOCK = 2048
"""Jets checked at once: columns of that many jets stay in the processor's cache."""


@np.errstate(all="ignore")
def check_jets(jets: NDArray[Any], processes: tuple[str, ...], complaints: Complaints) -> None:
    """Complain of jets of a structured array (N,) that are not sound.

    Kinematics must be finite, pT positive, mass not negative, energy not below pT, angles possible, and ``process``
    an index into ``processes``. Truth and substructure may be NaN: not known.
    Raises :class:`EdgeoodError` unless the complaints are kept.
    """
    about = complaints.about
    # Angles first: an energy that the file lacks was made of them.
    about(np.abs(jets["eta"]) > LARGEST_ETA, lambda row: f"has {impossible_eta(jets['eta'][row])}")
    about(np.abs(jets["phi"]) > LARGEST_PHI, lambda row: f"has {impossible_phi(jets['phi'][row])}")
    for field in KINEMATICS:
        about(
            ~np.isfinite(jets[field]),
            lambda row, name=field: f"has {name} = {jets[name][row]}; remove or repair it.",  # type: ignore[misc]
        )
    about(
        ~(jets["pt"] > 0), lambda row: f"has pt = {jets['pt'][row]:g} GeV; remove jets without positive pT."
    )
    for field in ("mass", "energy"):
        about(
            jets[field] < 0,
            lambda row, name=field: f"has {name} = {jets[name][row]:g} GeV; clip it at 0.",  # type: ignore[misc]
        )
    about(
        (jets["energy"] != 0) & (jets["energy"] < _LEAST_ENERGY * jets["pt"]),
        lambda row: (
            f"has energy = {jets['energy'][row]:g} GeV, below its pT of {jets['pt'][row]:g} GeV; "
            "write both in GeV, from the same correction."
        ),
    )
    about(
        (jets["process"] < 0) | (jets["process"] >= len(processes)),
        lambda row: (
            f"has process {jets['process'][row]}, but the attribute 'processes' names {len(processes)}; "
            "list the name of every process there."
        ),
    )


def impossible_eta(eta: float) -> str:
    """End of the sentence about a pseudorapidity that no particle has."""
    return f"eta = {eta:g}, which no particle has; write the pseudorapidity, within ±{LARGEST_ETA:g}."


def impossible_phi(phi: float) -> str:
    """End of the sentence about an azimuth that is none."""
    degrees = ", which looks like degrees" if abs(phi) <= 360 else ""
    return f"phi = {phi:g}{degrees}; write radians from −π to π."


@np.errstate(all="ignore")
def check_constituents(constituents: NDArray[Any], complaints: Complaints) -> None:
    """Complain of jets whose padded constituents (N, P) are not sound.

    Every jet needs at least one valid constituent; the valid ones come first, are finite, have positive pT, an
    energy not below it and possible angles, and fall in pT. What stands in padded entries is not looked at.
    """
    for start in range(0, len(constituents), _BLOCK):
        block = constituents[start : start + _BLOCK]
        if not _all_sound(block):
            _complain_of(block, complaints, start)


def _all_sound(block: NDArray[Any]) -> bool:
    """True for sound constituents with zeros in the padding; not-a-number fails every comparison."""
    valid = np.ascontiguousarray(block["valid"])
    pt, energy = np.ascontiguousarray(block["pt"]), block["energy"]
    return bool(
        valid[:, 0].all()
        and not (valid[:, 1:] > valid[:, :-1]).any()
        and np.array_equal(pt > 0, valid)
        and not (pt[:, 1:] > pt[:, :-1]).any()
        and pt[:, 0].max(initial=0) < np.inf
        and (energy >= _LEAST_ENERGY * pt).all()
        and energy.max(initial=0) < np.inf
        and _within(block["eta"], LARGEST_ETA)
        and _within(block["phi"], LARGEST_PHI)
    )


def _within(values: NDArray[Any], limit: float) -> bool:
    return bool(values.max(initial=0) <= limit and values.min(initial=0) >= -limit)


def _complain_of(block: NDArray[Any], complaints: Complaints, start: int) -> None:
    valid = np.ascontiguousarray(block["valid"])
    pt, eta, phi, energy = (np.where(valid, block[name], 0) for name in ("pt", "eta", "phi", "energy"))

    def about(bad: NDArray[np.bool_], tell: Any) -> None:
        complaints.about(bad, tell, start)

    about(
        valid.sum(axis=1) == 0,
        lambda _: "has no valid constituent; drop empty jets, or score with --skip-bad.",
    )
    about(
        ~valid[:, 0],
        lambda _: "has no valid constituent in front; pack the valid ones first, or score with --sort.",
    )
    about(
        valid[:, 1:] & ~valid[:, :-1],
        lambda row: (
            f"has a valid constituent behind padding (entry {int(valid[row].argmin())}); "
            "pack the valid ones at the front, or score with --sort."
        ),
    )
    for name, column in (("pt", pt), ("eta", eta), ("phi", phi), ("energy", energy)):
        about(
            ~np.isfinite(column),
            lambda row, name=name, values=column: (
                f"has a constituent with {name} = "
                f"{values[row][~np.isfinite(values[row])][0]}; remove the jet or repair the file."
            ),
        )
    about(
        valid & ~(pt > 0),
        lambda row: (
            f"has a valid constituent with pt = {pt[row][valid[row]].min():g} GeV; "
            "mark entries without positive pT as not valid."
        ),
    )
    about(
        valid & ~(energy > 0),
        lambda _: "has a valid constituent without positive energy; mark it as not valid.",
    )
    low = energy < _LEAST_ENERGY * pt
    about(
        low,
        lambda row: (
            f"has a constituent with energy = {energy[row][low[row]][0]:g} GeV, below its pT of "
            f"{pt[row][low[row]][0]:g} GeV; write both in GeV."
        ),
    )
    for column, limit, tell in ((eta, LARGEST_ETA, impossible_eta), (phi, LARGEST_PHI, impossible_phi)):
        about(
            np.abs(column) > limit,
            lambda row, values=column, tell=tell: (
                f"has a constituent with {tell(values[row][np.abs(values[row]).argmax()])}"
            ),
        )
    about(
        pt[:, 1:] > pt[:, :-1],
        lambda row: (
            "has constituents that are not sorted by falling pT "
            f"(entry {int((np.diff(pt[row]) > 0).argmax()) + 1}); sort them, or score with --sort."
        ),
    )
