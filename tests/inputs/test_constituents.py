"""Constituents as points: closed forms, symmetries, padding."""

import numpy as np
import pytest

from edgeood.inputs.constituents import FEATURES, IDENTITY, jet_constituents
from edgeood.jets.layout import CONSTITUENT_DTYPE, ELECTRON, PHOTON

rng = np.random.default_rng(2)


def some_jets(number: int = 20, width: int = 30) -> np.ndarray:
    constituents = np.zeros((number, width), CONSTITUENT_DTYPE)
    constituents["pt"] = -np.sort(-rng.exponential(20, (number, width)) - 1)
    constituents["eta"], constituents["phi"] = rng.normal(0, 0.3, (2, number, width))
    constituents["energy"] = constituents["pt"] * np.cosh(constituents["eta"])
    constituents["valid"] = np.arange(width) < rng.integers(5, width, (number, 1))
    for field in ("pt", "eta", "phi", "energy"):
        constituents[field][~constituents["valid"]] = 0
    return constituents


def test_one_constituent_in_closed_form():
    constituents = np.zeros((1, 2), CONSTITUENT_DTYPE)
    constituents[0, 0] = (20.0, 1.3, -3.1, 50.0, -1, ELECTRON, True)
    tensor = jet_constituents(
        constituents, np.array([1.0]), np.array([3.1]), leading=3, rotate=False, identity=True
    )
    expected = [0.3, 2 * np.pi - 6.2, np.log(20), np.log(50), 1, -1, 0, 0, 0, 1, 0]
    assert tensor.shape == (1, 3, len(FEATURES) + len(IDENTITY))
    assert tensor[0, 0] == pytest.approx(expected, abs=1e-6)
    assert not tensor[0, 1:].any()


def test_a_turned_or_mirrored_jet_looks_the_same():
    constituents = some_jets()
    zero = np.zeros(len(constituents))
    upright = jet_constituents(constituents, zero, zero)
    for angle, mirror in ((0.7, 1), (2.5, 1), (0.0, -1), (1.9, -1)):
        turned = constituents.copy()
        eta, phi = constituents["eta"], mirror * constituents["phi"]
        turned["eta"] = np.cos(angle) * eta - np.sin(angle) * phi
        turned["phi"] = np.sin(angle) * eta + np.cos(angle) * phi
        assert jet_constituents(turned, zero, zero) == pytest.approx(upright, abs=2e-5)


def test_only_the_leading_constituents_are_kept_and_the_rest_is_padding():
    constituents = some_jets(width=30)
    zero = np.zeros(len(constituents))
    few, many = (jet_constituents(constituents, zero, zero, leading=n, rotate=False) for n in (8, 50))
    assert np.array_equal(few, many[:, :8])
    assert not many[:, 30:].any()
    assert np.array_equal(many[:, :30, 4], constituents["valid"])


def test_a_photon_is_a_photon():
    constituents = some_jets()
    constituents["kind"] = PHOTON
    told = jet_constituents(constituents, np.zeros(20), np.zeros(20), identity=True)
    assert np.array_equal(told[..., 5 + IDENTITY.index("photon")], told[..., 4])
