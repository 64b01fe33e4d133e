"""Jets to time a network on: made up, or read from files."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.pilot_jets import read_pilot
from edgeood.errors import EdgeoodError
from edgeood.inputs.constituents import constituents_of
from edgeood.jets.format import iterate_jets
from edgeood.jets.layout import Jets
from edgeood.recipe import Constituents

MEAN_CONSTITUENTS = 53.0
SPREAD_OF_CONSTITUENTS = 19.0
"""Mean and standard deviation of QCD, W and top jets of R = 1.0 and pT = 550–650 GeV in equal parts."""

_PLACES_APART = 1e-4
"""Radians: no two constituents of these jets share a place, where it would be open which one is nearer."""


def made_up_jets(jets: int, constituents: int, *, full: bool = False, seed: int = 1) -> NDArray[np.float32]:
    """(jets, constituents, 5) random clouds in the layout of :mod:`edgeood.inputs.constituents`.

    Their multiplicities follow a gamma distribution with the moments of simulated jets, cut at ``constituents``;
    ``full`` jets have as many as there is room for.
    """
    rng = np.random.default_rng(seed)
    shape = (MEAN_CONSTITUENTS / SPREAD_OF_CONSTITUENTS) ** 2
    counts = rng.gamma(shape, MEAN_CONSTITUENTS / shape, jets).round().clip(2, constituents)
    valid = np.arange(constituents) < (constituents if full else counts[:, None])
    table = np.zeros((jets, constituents, 5))
    table[..., :2] = rng.normal(0, 0.25, (jets, constituents, 2))
    table[..., 2] = -np.sort(-rng.normal(1.5, 1.2, (jets, constituents)), axis=1)
    table[..., 3] = table[..., 2] + np.abs(rng.normal(0, 0.5, (jets, constituents)))
    table[..., 4] = 1
    return (table * valid[..., None]).astype(np.float32)


def read_clouds(paths: Sequence[Path], jets: int, constituents: int) -> NDArray[np.float32]:
    """The first ``jets`` jets of jet files or folders of them, as (jets, constituents, 5) clouds."""
    return _clouds([_first(iterate_jets(list(paths), jets), jets)], jets, constituents)


def read_pilot_clouds(folder: Path, jets: int, constituents: int) -> NDArray[np.float32]:
    """``jets`` jets of the compact files ``qcd.h5``, ``w.h5`` and ``top.h5``, in equal parts."""
    each = -(-jets // 3)
    files = [folder / f"{process}.h5" for process in ("qcd", "w", "top")]
    return _clouds([_first(read_pilot(file, constituents, each), each) for file in files], jets, constituents)


def _first(stream: Iterator[Jets], jets: int) -> Jets:
    some = next(stream, None)
    if some is None:
        raise EdgeoodError("The jet files hold no jets to time a network on: generate some first.")
    return Jets(some.jets[:jets], some.constituents[:jets], some.processes)


def _clouds(samples: Sequence[Jets], jets: int, constituents: int) -> NDArray[np.float32]:
    settings = Constituents(constituents=constituents).model_dump()
    clouds = np.concatenate([constituents_of(sample, settings) for sample in samples])
    if len(clouds) < jets:
        raise EdgeoodError(
            f"The jet files hold {len(clouds)} jets, but {jets} are to be timed: say --jets {len(clouds)}."
        )
    rng = np.random.default_rng(1)
    clouds = clouds[rng.permutation(len(clouds))[:jets]]
    clouds[..., :2] += _PLACES_APART * rng.normal(size=clouds[..., :2].shape) * clouds[..., 4:]
    return clouds
