"""Jets → a handful of high-level observables that do not change when a jet is scaled in size.

What a trigger physicist would write down by hand: N-subjettiness ratios (Thaler & Van Tilburg,
arXiv:1011.2268), the groomed mass fraction, multiplicity, momentum dispersion, and how the momentum is shared.
Jet mass itself is left out. The kinds of constituents can be added: leptons tell of heavy quarks.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.inputs.alignment import relative_phi
from edgeood.inputs.needs import Needs
from edgeood.jets.format import Jets
from edgeood.jets.layout import CHARGED_HADRON, ELECTRON, MUON, NEUTRAL_HADRON, PHOTON

OBSERVABLES = (
    "tau21", "tau32", "tau43", "tau31", "softdrop_fraction", "multiplicity", "girth", "tau1", "dispersion",
    "share1", "share2", "share3", "share5", "share20",
)  # fmt: skip
"""τ ratios; soft-drop mass over mass; ln of the number of constituents; Σ z ΔR and τ₁, both in units of m/pT;
√Σ z²; momentum shares z of the three leading constituents, and of the 5 and 20 leading ones together."""
IDENTITY = ("charged_hadrons", "photons", "neutral_hadrons", "electrons", "muons", "leptons")
"""What follows if identities are told: momentum shares of the kinds of constituents, and the number of leptons."""

_JETS_AT_ONCE = 16384


def substructure_of(jets: Jets, inputs: Mapping[str, Any]) -> NDArray[np.float32]:
    """(N, 14 or 20) float32 of :data:`OBSERVABLES` as the ``inputs`` section of a recipe says (a plain mapping).

    :data:`IDENTITY` follows if identities are told. Of jets without N-subjettiness or soft-drop mass some are NaN:
    :func:`needs` says so.
    """
    identity = inputs["identity"]
    starts = range(0, len(jets), _JETS_AT_ONCE)
    parts = [_observables(jets[start : start + _JETS_AT_ONCE], identity) for start in starts]
    return np.concatenate(parts).astype(np.float32)


def needs(inputs: Mapping[str, Any]) -> Needs:
    """What the observables are made of; with identities also the kinds of constituents."""
    taus = ("tau1", "tau2", "tau3", "tau4")
    return Needs(
        ("pt", "eta", "phi", "mass", "n_constituents", "softdrop_mass", *taus),
        ("pt", "eta", "phi") + ("kind",) * inputs["identity"],
    )


def _observables(jets: Jets, identity: bool) -> NDArray[np.float64]:
    table, constituents = jets.jets, jets.constituents
    pt = np.where(constituents["valid"], constituents["pt"], 0).astype(np.float64)
    share = pt / np.maximum(pt.sum(1, keepdims=True), np.finfo(np.float64).tiny)
    distance = np.hypot(
        constituents["eta"] - table["eta"][:, None], relative_phi(constituents["phi"], table["phi"][:, None])
    )
    mass = np.maximum(table["mass"].astype(np.float64), 1e-3)
    size = mass / table["pt"]
    tau = [table[f"tau{n}"].astype(np.float64) for n in (1, 2, 3, 4)]
    counted = np.where(table["n_constituents"] >= 0, table["n_constituents"], constituents["valid"].sum(1))
    columns = [
        _ratio(tau[1], tau[0]),
        _ratio(tau[2], tau[1]),
        _ratio(tau[3], tau[2]),
        _ratio(tau[2], tau[0]),
        table["softdrop_mass"] / mass,
        np.log(np.maximum(counted, 1)),
        (share * distance).sum(1) / size,
        tau[0] / size,
        np.sqrt((share**2).sum(1)),
        *(_leading(share, n) - _leading(share, n - 1) for n in (1, 2, 3)),
        _leading(share, 5),
        _leading(share, 20),
    ]
    if identity:
        kind = constituents["kind"]
        kinds = (CHARGED_HADRON, PHOTON, NEUTRAL_HADRON, ELECTRON, MUON)
        columns += [np.where(kind == one, share, 0).sum(1) for one in kinds]
        columns.append((constituents["valid"] & np.isin(kind, (ELECTRON, MUON))).sum(1))
    return np.stack(columns, axis=1)


def _ratio(above: NDArray[Any], below: NDArray[Any]) -> NDArray[Any]:
    """Their ratio, 0 where there is nothing to divide by: a jet of one constituent has no second axis."""
    result: NDArray[Any] = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return result


def _leading(share: NDArray[Any], n: int) -> NDArray[Any]:
    result: NDArray[Any] = share[:, :n].sum(1)
    return result
