"""Jets → their leading constituents as integers on a trigger's grid, times powers of two.

What a Level-1 trigger hands to an algorithm are integers: pT in steps of 0.25 GeV, angles in steps of π/720
[CMS Phase-2 Level-1 Trigger TDR, CERN-LHCC-2020-004]. They are kept here as they are; only the binary point is
moved, so that the numbers that a network sees are of order one and every one of them is exact in fixed point.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.inputs.alignment import relative_phi
from edgeood.inputs.needs import Needs
from edgeood.jets.format import Jets
from edgeood.jets.layout import CHARGED_HADRON, ELECTRON, MUON, NEUTRAL_HADRON, PHOTON

FEATURES = ("pt", "delta_eta", "delta_phi")
"""The last axis; pT in steps of 2^−PT_FRACTION, angles in steps of 2^−ANGLE_FRACTION. Padding has pT = 0."""
IDENTITY = ("charged_hadron", "photon", "neutral_hadron", "electron", "muon")
"""What follows if identities are told: 1 for the candidate's kind, 0 for the others."""
PT_FRACTION = 10
ANGLE_FRACTION = 7
PT, FIRST_ANGLE, ANGLES = 0, 1, 2
"""Where the momentum stands, where the two coordinates begin, and how many they are."""


def trigger_candidates(
    constituents: NDArray[Any],
    axis_eta: ArrayLike,
    axis_phi: ArrayLike,
    *,
    leading: int = 16,
    pt_step_gev: float = 0.25,
    pt_bits: int = 14,
    angle_step: float = np.pi / 720,
    angle_bits: int = 9,
    identity: bool = False,
    leptons_first: bool = False,
) -> NDArray[np.float32]:
    """The leading constituents of jets as a trigger sees them, relative to the jet axis.

    Momenta and angles are rounded to their steps (half to even) and saturate; the jet axis is rounded to the
    same angles. A candidate whose momentum rounds to nothing is none.

    Parameters
    ----------
    constituents : (N, P) structured array with ``pt`` (GeV), ``eta``, ``phi`` (radians), ``valid``, falling in pT
    axis_eta, axis_phi : (N,) jet axes
    leading : constituents that are kept; jets with fewer are padded with zeros
    identity : add :data:`IDENTITY`, from the field ``kind``
    leptons_first : electrons and muons, falling in pT, before all others: soft leptons in a jet are few, and tell more
        than what they push out

    Returns
    -------
    (N, leading, 3 or 8) float32 of :data:`FEATURES`, and of :data:`IDENTITY` if told.
    """
    if leptons_first:
        is_lepton = constituents["valid"] & np.isin(constituents["kind"], (ELECTRON, MUON))
        order = np.argsort(~is_lepton, axis=1, kind="stable")[:, :leading]
        part = np.take_along_axis(constituents, order, 1)
    else:
        part = constituents[:, :leading]
    pt = np.rint(np.where(part["valid"], part["pt"], 0).astype(np.float64) / pt_step_gev)
    pt = np.minimum(pt, 2**pt_bits - 1)
    valid = pt > 0

    def steps(angle: ArrayLike) -> NDArray[np.float64]:
        return np.rint(np.asarray(angle, np.float64) / angle_step)

    def saturated(angle: NDArray[Any]) -> NDArray[np.float64]:
        limit = 2 ** (angle_bits - 1)
        return np.where(valid, np.clip(angle, -limit, limit - 1), 0)

    tensor = np.zeros((len(part), leading, len(FEATURES) + identity * len(IDENTITY)), np.float32)
    filled = tensor[:, : part.shape[1]]
    filled[..., PT] = pt * 2.0**-PT_FRACTION
    eta = steps(np.where(part["valid"], part["eta"], 0)) - steps(axis_eta)[:, None]
    # The difference is wrapped before it is rounded: 2π is a whole number of the usual steps, but not of all.
    axis = steps(axis_phi)[:, None] * angle_step
    phi = steps(relative_phi(np.where(part["valid"], part["phi"], 0).astype(np.float64), axis))
    filled[..., FIRST_ANGLE] = saturated(eta) * 2.0**-ANGLE_FRACTION
    filled[..., FIRST_ANGLE + 1] = saturated(phi) * 2.0**-ANGLE_FRACTION
    if identity:
        for i, kind in enumerate((CHARGED_HADRON, PHOTON, NEUTRAL_HADRON, ELECTRON, MUON)):
            filled[..., len(FEATURES) + i] = valid & (part["kind"] == kind)
    return tensor


def trigger_candidates_of(jets: Jets, inputs: Mapping[str, Any]) -> NDArray[np.float32]:
    """Candidates as the ``inputs`` section of a recipe says (a plain mapping). (N, P, 3 or 8) float32."""
    return trigger_candidates(
        jets.constituents,
        jets.jets["eta"],
        jets.jets["phi"],
        leading=inputs["constituents"],
        **{key: inputs[key] for key in ("pt_step_gev", "pt_bits", "angle_step", "angle_bits", "identity")},
        leptons_first=inputs.get("leptons_first", False),
    )


def needs(inputs: Mapping[str, Any]) -> Needs:
    """What candidates are made of: pT and angles; with identities, or leptons first, also the kind."""
    told = inputs["identity"] or inputs.get("leptons_first", False)
    return Needs(("eta", "phi"), ("pt", "eta", "phi") + ("kind",) * told)
