"""Jets → their leading constituents as a cloud of points in (η, φ) [CC22 §3.1]."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.inputs.alignment import relative_phi, upright
from edgeood.inputs.needs import Needs
from edgeood.jets.format import Jets
from edgeood.jets.layout import CHARGED_HADRON, ELECTRON, MUON, NEUTRAL_HADRON, PHOTON

FEATURES = ("delta_eta", "delta_phi", "log_pt", "log_energy", "valid")
"""The last axis: radians, radians, ln(pT / GeV), ln(E / GeV), and 1 for a constituent, 0 for padding."""
IDENTITY = ("charge", "charged_hadron", "photon", "neutral_hadron", "electron", "muon")
"""What follows if identities are told: −1, 0 or 1, then 1 for the constituent's kind and 0 for the others."""

_JETS_AT_ONCE = 8192


def jet_constituents(
    constituents: NDArray[Any],
    axis_eta: NDArray[Any],
    axis_phi: NDArray[Any],
    *,
    leading: int = 100,
    rotate: bool = True,
    identity: bool = False,
) -> NDArray[np.float32]:
    """The leading constituents of jets, centred on the jet axis.

    Parameters
    ----------
    constituents : (N, P) structured array with ``pt``, ``energy`` (GeV), ``eta``, ``phi`` (radians), ``valid``,
        falling in pT
    axis_eta, axis_phi : (N,) jet axes
    leading : constituents that are kept; jets with fewer are padded with zeros
    rotate : turn the principal axis of the momenta along φ and flip the heavier halves up and right
    identity : add :data:`IDENTITY`, from the fields ``charge`` and ``kind``

    Returns
    -------
    (N, leading, 5 or 11) float32 of :data:`FEATURES`, and of :data:`IDENTITY` if told.
    """
    tensor = np.zeros((len(constituents), leading, len(FEATURES) + identity * len(IDENTITY)), np.float32)
    for start in range(0, len(constituents), _JETS_AT_ONCE):
        some = slice(start, start + _JETS_AT_ONCE)
        part = constituents[some, :leading]
        valid = part["valid"]
        pt = np.where(valid, part["pt"], 0).astype(np.float64)
        eta = np.where(valid, part["eta"] - axis_eta[some, None], 0).astype(np.float64)
        phi = np.where(valid, relative_phi(part["phi"], axis_phi[some, None]), 0).astype(np.float64)
        if rotate:
            eta, phi = upright(eta, phi, pt)
        energy = np.where(valid, part["energy"], 1).astype(np.float64)
        filled = tensor[some, : part.shape[1]]
        filled[..., 0], filled[..., 1] = eta, phi
        filled[..., 2] = np.log(np.where(valid, pt, 1))
        filled[..., 3] = np.log(energy)
        filled[..., 4] = valid
        if identity:
            filled[..., 5] = np.where(valid, part["charge"], 0)
            for i, kind in enumerate((CHARGED_HADRON, PHOTON, NEUTRAL_HADRON, ELECTRON, MUON)):
                filled[..., 6 + i] = valid & (part["kind"] == kind)
    return tensor


def constituents_of(jets: Jets, inputs: Mapping[str, Any]) -> NDArray[np.float32]:
    """Constituents as the ``inputs`` section of a recipe says (a plain mapping). (N, P, 5 or 11) float32."""
    return jet_constituents(
        jets.constituents,
        jets.jets["eta"],
        jets.jets["phi"],
        leading=inputs["constituents"],
        rotate=inputs["rotate"],
        identity=inputs["identity"],
    )


def needs(inputs: Mapping[str, Any]) -> Needs:
    """What the cloud is made of: the momenta; with identities also charge and kind."""
    return Needs(("eta", "phi"), ("pt", "eta", "phi", "energy") + ("charge", "kind") * inputs["identity"])
