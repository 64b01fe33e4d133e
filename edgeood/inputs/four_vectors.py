"""Jets → four-vectors of the leading constituents, in the frame where all jets point the same way."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.inputs.alignment import relative_phi, upright
from edgeood.inputs.needs import Needs
from edgeood.jets.format import Jets

_JETS_AT_ONCE = 16384


def aligned_momenta(jets: Jets) -> NDArray[np.float64]:
    """(N, P, 4) momenta (E, px, py, pz) of all constituents in GeV, seen from a frame that suits the jet.

    Three steps, each a Lorentz transformation or a mirror, so that all invariant masses stay as they are: a
    boost along the beam after which the jet moves at a right angle to it; a rotation about the beam that
    puts the jet along x; and one about x that turns the principal axis of the momenta across it (Σ pᵢpⱼ/E)
    along y, mirrored so that the harder halves have positive py and pz. Padding is zero.
    """
    table, axes = jets.constituents, jets.jets
    pt, eta = (table[field].astype(np.float64) for field in ("pt", "eta"))
    pt, energy = (np.where(table["valid"], values, 0.0) for values in (pt, table["energy"]))
    longitudinal = pt * np.sinh(np.where(table["valid"], eta, 0.0))
    jet_pt, jet_eta, jet_energy = (axes[field].astype(np.float64) for field in ("pt", "eta", "energy"))
    rapidity = np.arctanh(np.clip(jet_pt * np.sinh(jet_eta) / jet_energy, -1 + 1e-9, 1 - 1e-9))
    cosh, sinh = np.cosh(rapidity)[:, None], np.sinh(rapidity)[:, None]
    boosted = cosh * energy - sinh * longitudinal
    along_beam = cosh * longitudinal - sinh * energy
    angle = relative_phi(table["phi"].astype(np.float64), axes["phi"].astype(np.float64)[:, None])
    forward, sideways = pt * np.cos(angle), pt * np.sin(angle)
    share = np.divide(1.0, boosted, out=np.zeros_like(boosted), where=boosted > 0)
    across, upwards = upright(along_beam, sideways, share)
    return np.stack([boosted, forward, upwards, across], axis=-1)


def four_vectors_of(jets: Jets, settings: Mapping[str, Any]) -> NDArray[np.float32]:
    """(E, px, py, pz) of the ``settings["constituents"]`` leading constituents, one after the other.

    CC22 (App. B) has them "properly normalized": here they are aligned (:func:`aligned_momenta`) and divided by
    the jet's pT, so that a jet looks the same wherever it points and at whatever scale; the networks on them
    standardise each feature besides. Four times ``P`` columns, zeros where a jet has fewer constituents.

    Returns (N, 4·P) float32.
    """
    kept = int(settings["constituents"])
    present = min(kept, jets.constituents.shape[1])
    vectors = np.zeros((len(jets), kept, 4), np.float32)
    for start in range(0, len(jets), _JETS_AT_ONCE):
        some = slice(start, start + _JETS_AT_ONCE)
        part = jets[some]
        scale = part.jets["pt"].astype(np.float64)[:, None, None]
        vectors[some, :present] = aligned_momenta(part)[:, :present] / scale
    return vectors.reshape(len(jets), 4 * kept)


def needs(settings: Mapping[str, Any]) -> Needs:
    """What the vectors are made of: momenta of the constituents, and of the jet, whose frame they are seen from."""
    return Needs(("pt", "eta", "phi", "energy"), ("pt", "eta", "phi", "energy"))
