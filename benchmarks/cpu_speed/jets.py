"""Jets to time the engines on: made up, or read from files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.particlenet_speed.jets import MEAN_CONSTITUENTS, SPREAD_OF_CONSTITUENTS
from edgeood.errors import EdgeoodError
from edgeood.jets.format import iterate_jets
from edgeood.jets.layout import CHARGED_HADRON, CONSTITUENT_DTYPE, JET_DTYPE, NEUTRAL_HADRON, PHOTON, Jets

_MOST = 128
_KINDS, _SHARES = (CHARGED_HADRON, PHOTON, NEUTRAL_HADRON), (0.6, 0.3, 0.1)
_JET_PT_GEV = 600.0


def made_up_jets(count: int, seed: int = 1) -> Jets:
    """Random jets with the multiplicities of simulated ones: a core, and constituents that soften away from it."""
    random = np.random.default_rng(seed)
    jets, parts = np.zeros(count, JET_DTYPE), np.zeros((count, _MOST), CONSTITUENT_DTYPE)
    shape = (MEAN_CONSTITUENTS / SPREAD_OF_CONSTITUENTS) ** 2
    size = random.gamma(shape, MEAN_CONSTITUENTS / shape, count).round().clip(1, _MOST).astype(int)
    parts["valid"] = np.arange(_MOST) < size[:, None]
    momentum = -np.sort(-(random.exponential(1, parts.shape) ** 2) * parts["valid"], axis=1)
    parts["pt"] = _JET_PT_GEV * momentum / momentum.sum(axis=1, keepdims=True)
    width = 0.4 / (1 + 10 * momentum / momentum.max(axis=1, keepdims=True))
    jets["pt"], jets["event"], jets["n_constituents"] = _JET_PT_GEV, np.arange(count), size
    jets["eta"], jets["phi"] = random.uniform(-2, 2, count), random.uniform(-np.pi, np.pi, count)
    parts["eta"] = jets["eta"][:, None] + random.normal(0, width)
    phi = jets["phi"][:, None] + random.normal(0, width)
    parts["phi"] = (phi + np.pi) % (2 * np.pi) - np.pi
    parts["energy"] = parts["pt"] * np.cosh(parts["eta"])
    parts["kind"] = random.choice(_KINDS, parts.shape, p=_SHARES)
    jets["energy"] = parts["energy"].sum(axis=1)
    jets["mass"] = 0.1 * _JET_PT_GEV
    return Jets(jets, parts, ("made_up",))


def first_jets(paths: Sequence[Path], count: int) -> Jets:
    """The first jets of files, or folders of them. Raises :class:`EdgeoodError` if they hold fewer."""
    found, left = [], count
    for some in iterate_jets(list(paths), count):
        found.append(Jets(some.jets[:left], some.constituents[:left], some.processes))
        left -= len(found[-1].jets)
        if not left:
            break
    if left:
        raise EdgeoodError(
            f"the jet files hold {count - left} jets, fewer than {count}; say --jets {count - left}."
        )
    widest = max(one.constituents.shape[1] for one in found)
    constituents = np.zeros((count, widest), found[0].constituents.dtype)
    start = 0
    for one in found:
        constituents[start : start + len(one.jets), : one.constituents.shape[1]] = one.constituents
        start += len(one.jets)
    return Jets(np.concatenate([one.jets for one in found]), constituents, found[0].processes)
