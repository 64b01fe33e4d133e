"""Toy jets with one, two or three prongs, for tests that need files but no generator."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from edgeood.jets.format import write_jets
from edgeood.jets.layout import CONSTITUENT_DTYPE, JET_DTYPE, Jets

PRONGS = {"quark": 1, "gluon": 1, "w_1tev": 2, "z_1tev": 2, "top_1tev": 3}
CONSTITUENTS = 24


def make_toy_jets(each: int, seed: int = 1) -> Jets:
    """``each`` jets of every set-B process: 1 TeV split over 1–3 prongs at random angles; true jet masses."""
    rng = np.random.default_rng(seed)
    processes = tuple(PRONGS)
    count = each * len(processes)
    jets, constituents = np.zeros(count, JET_DTYPE), np.zeros((count, CONSTITUENTS), CONSTITUENT_DTYPE)
    jets["process"] = np.repeat(np.arange(len(processes)), each)
    jets["event"], jets["n_constituents"] = np.arange(count), CONSTITUENTS
    jets["eta"], jets["phi"] = rng.uniform(-2, 2, count), rng.uniform(-np.pi, np.pi, count)
    for row in range(count):
        prongs = PRONGS[processes[jets["process"][row]]]
        angle, opening = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 0.35)
        which = np.arange(CONSTITUENTS) % prongs
        turn = angle + 2 * np.pi * which / prongs
        distance = opening * (prongs > 1)
        pt = np.sort(rng.dirichlet(np.full(CONSTITUENTS, 0.5)) * 1000 + 0.1)[::-1]
        constituents[row]["pt"] = pt
        constituents[row]["eta"] = (
            jets["eta"][row] + distance * np.cos(turn) + rng.normal(0, 0.05, CONSTITUENTS)
        )
        phi = jets["phi"][row] + distance * np.sin(turn) + rng.normal(0, 0.05, CONSTITUENTS)
        constituents[row]["phi"] = (phi + np.pi) % (2 * np.pi) - np.pi
    constituents["energy"] = constituents["pt"] * np.cosh(constituents["eta"])
    constituents["valid"] = True
    # Charged hadrons of either charge, photons and neutral hadrons in turn.
    turns = np.arange(CONSTITUENTS) % 4
    constituents["kind"], constituents["charge"] = (
        np.array([1, 1, 2, 3])[turns],
        np.array([1, -1, 0, 0])[turns],
    )
    phi = constituents["phi"].astype(np.float64)
    momentum = [
        (constituents["pt"] * direction).sum(1)
        for direction in (np.cos(phi), np.sin(phi), np.sinh(constituents["eta"].astype(np.float64)))
    ]
    jets["energy"] = constituents["energy"].sum(1)
    jets["pt"] = np.hypot(momentum[0], momentum[1])
    mass2 = constituents["energy"].sum(1, dtype=np.float64) ** 2 - sum(p * p for p in momentum)
    jets["mass"] = np.sqrt(np.maximum(mass2, 0))
    return Jets(jets, constituents, processes)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests compile goes into a cache of theirs, which ends with them."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture(scope="session")
def toy_jets() -> Callable[..., Jets]:
    """A maker of toy jets: ``toy_jets(each, seed)``."""
    return make_toy_jets


@pytest.fixture(scope="session")
def toy_jet_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with 400 toy jets of each set-B process."""
    path = tmp_path_factory.mktemp("toy") / "jets.h5"
    write_jets(path, make_toy_jets(400), {"generator": "toy"})
    return path
