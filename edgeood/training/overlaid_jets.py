"""Two jets laid on top of each other: jets of more prongs than the known ones have, made of nothing but those.

No physics is claimed for them. A network that has to tell them from single jets must keep in its representation how
many cores a jet has and how they lie, which telling the known classes apart does not ask for.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.inputs.alignment import relative_phi
from edgeood.jets.layout import CONSTITUENT_DTYPE, Jets, jets_of_momenta

PROCESS = "overlaid"
_PAIRS_AT_ONCE = 4096


def overlaid_jets(
    jets: Jets,
    count: int,
    seed: int,
    *,
    radius: float = 0.4,
    least_share: float = 0.1,
    largest_distance: float = 0.5,
) -> Jets:
    """``count`` random pairs of ``jets``, each pair one jet.

    The axes of a pair lie a distance uniform up to ``largest_distance`` (radians in (η, φ)) apart, in a random
    direction. The softer of the two brings a share of the transverse momentum that is uniform between
    ``least_share`` and one half; the sum is that of the first jet. All momenta of a jet are scaled by one factor, and
    what then lies farther than ``radius`` from the axis of the pair is lost. As many constituents are kept as the
    given jets have room for. N-subjettiness and soft-drop mass are not computed (NaN).

    Raises ValueError if there are fewer than two jets to take pairs of.
    """
    if len(jets) < 2:
        raise ValueError(f"pairs need two jets, not {len(jets)}")
    random = np.random.default_rng(seed)
    first = random.integers(0, len(jets), count)
    second = (first + random.integers(1, len(jets), count)) % len(jets)
    share = random.uniform(least_share, 0.5, count)
    distance = random.uniform(0, largest_distance, count)
    direction = random.uniform(0, 2 * np.pi, count)
    parts = []
    for start in range(0, count, _PAIRS_AT_ONCE):
        some = slice(start, start + _PAIRS_AT_ONCE)
        apart = distance[some, None] * np.column_stack([np.cos(direction[some]), np.sin(direction[some])])
        parts.append(_overlay(jets[first[some]], jets[second[some]], share[some], apart, radius))
    overlaid = Jets.concatenate(parts)
    overlaid.jets["event"] = np.arange(count)
    return overlaid


def _overlay(first: Jets, second: Jets, share: NDArray[Any], apart: NDArray[Any], radius: float) -> Jets:
    """Pairs (N,): the second jet with ``share`` (N,) of the momentum, ``apart`` (N, 2) in (η, φ) from the first."""
    total, eta, phi = (first.jets[name].astype(np.float64) for name in ("pt", "eta", "phi"))
    # The harder core moves the less, so that the axis of the pair stays near that of the first jet.
    moved = [
        _moved(first, (1 - share) * total, eta, phi, -share[:, None] * apart),
        _moved(second, share * total, eta, phi, (1 - share)[:, None] * apart),
    ]
    constituents = np.concatenate(moved, 1)
    axis_of_all = _sums(constituents, constituents["valid"])
    distance = np.hypot(
        constituents["eta"] - axis_of_all["eta"][:, None],
        relative_phi(constituents["phi"], axis_of_all["phi"][:, None]),
    )
    inside = constituents["valid"] & (distance < radius)
    table = _sums(constituents, inside)
    table["n_constituents"] = inside.sum(1)
    constituents[~inside] = np.zeros((), CONSTITUENT_DTYPE)
    order = np.argsort(-constituents["pt"], axis=1, kind="stable")[:, : first.constituents.shape[1]]
    return Jets(table, np.take_along_axis(constituents, order, 1), (PROCESS,))


def _moved(
    jets: Jets, pt: NDArray[Any], eta: NDArray[Any], phi: NDArray[Any], away: NDArray[Any]
) -> NDArray[Any]:
    """Constituents (N, P) of jets scaled to ``pt`` GeV, with axes ``away`` (N, 2) from ``eta``, ``phi``. All (N,)."""
    own, constituents = jets.jets, jets.constituents.copy()
    valid = constituents["valid"]
    factor = (pt / own["pt"])[:, None]
    new_eta = constituents["eta"].astype(np.float64) - own["eta"][:, None] + (eta + away[:, 0])[:, None]
    turned = relative_phi(constituents["phi"].astype(np.float64), own["phi"][:, None].astype(np.float64))
    new_phi = relative_phi(turned + (phi + away[:, 1])[:, None], np.zeros(1))
    # A constituent keeps the ratio of its energy to its momentum.
    energy = constituents["energy"] * factor * np.cosh(new_eta) / np.cosh(constituents["eta"])
    for name, values in (
        ("pt", constituents["pt"] * factor),
        ("eta", new_eta),
        ("phi", new_phi),
        ("energy", energy),
    ):
        constituents[name] = np.where(valid, values, 0)
    return constituents


def _sums(constituents: NDArray[Any], inside: NDArray[Any]) -> NDArray[Any]:
    """(N,) jets: the sums of the four-momenta of the constituents ``inside`` (N, P)."""
    pt, eta, phi, energy = (
        np.where(inside, constituents[name], 0).astype(np.float64) for name in ("pt", "eta", "phi", "energy")
    )
    px, py, pz = (pt * np.cos(phi)).sum(1), (pt * np.sin(phi)).sum(1), (pt * np.sinh(eta)).sum(1)
    table = jets_of_momenta(np.stack([energy.sum(1), px, py, pz], axis=1))
    table["label"] = -1
    return table
