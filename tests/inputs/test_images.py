"""Jet images: where the energy goes."""

import numpy as np
import pytest

from edgeood.inputs.images import jet_images, relative_phi

CONSTITUENT = np.dtype([("pt", "f4"), ("eta", "f4"), ("phi", "f4"), ("energy", "f4"), ("valid", "?")])


def jet(*constituents: tuple[float, float, float], padding: int = 2) -> np.ndarray:
    """One jet from (eta, phi, energy) triples, padded with entries that must not count."""
    table = np.zeros((1, len(constituents) + padding), CONSTITUENT)
    for i, (eta, phi, energy) in enumerate(constituents):
        table[0, i] = (energy, eta, phi, energy, True)
    table["energy"][0, len(constituents) :] = 1e6
    return table


ORIGIN = np.zeros(1)


def test_energy_shares_land_in_their_pixels_and_sum_to_one():
    images = jet_images(
        jet((0.31, -0.31, 30.0), (-0.79, 0.79, 10.0)), ORIGIN, ORIGIN, pixels=16, half_width=0.8, rotate=False
    )
    assert images.shape == (1, 1, 16, 16)
    assert images.dtype == np.float32
    assert images[0, 0, 11, 4] == 0.75
    assert images[0, 0, 0, 15] == 0.25
    assert images.sum() == 1


def test_constituents_outside_the_window_do_not_count():
    images = jet_images(jet((0.0, 0.0, 10.0), (0.9, 0.0, 90.0)), ORIGIN, ORIGIN, rotate=False)
    assert images.max() == 1


def test_a_jet_without_energy_in_the_window_is_all_zero():
    images = jet_images(jet((2.0, 0.0, 10.0)), ORIGIN, ORIGIN)
    assert np.isfinite(images).all()
    assert images.sum() == 0


def test_square_roots_and_scales():
    linear = jet_images(jet((0.1, 0, 3.0), (-0.1, 0, 1.0)), ORIGIN, ORIGIN)
    root = jet_images(jet((0.1, 0, 3.0), (-0.1, 0, 1.0)), ORIGIN, ORIGIN, intensity="sqrt", scale=4.0)
    assert np.allclose(root, 4 * np.sqrt(linear), rtol=1e-6)


def test_images_do_not_depend_on_where_the_jet_points_nor_on_its_orientation():
    rng = np.random.default_rng(1)
    eta, phi, energy = rng.normal(0, 0.2, 30), rng.normal(0, 0.1, 30), rng.exponential(10, 30)
    first = jet_images(jet(*zip(eta, phi, energy, strict=True)), ORIGIN, ORIGIN, pixels=10)
    for angle, flip in ((0.4, 1), (2.0, -1), (np.pi, 1)):
        turned_eta = np.cos(angle) * eta - np.sin(angle) * phi * flip
        turned_phi = np.sin(angle) * eta + np.cos(angle) * phi * flip
        # The axis lies at the seam of φ, where half the constituents wrap around.
        moved = jet(*zip(turned_eta + 1.2, turned_phi + np.pi, energy, strict=True))
        again = jet_images(moved, np.array([1.2]), np.array([np.pi]), pixels=10)
        assert np.abs(again - first).sum() < 0.05


def test_the_principal_axis_is_turned_upright():
    # Half a pixel off the window's middle, so that no rounding can move the energy to a neighbouring row.
    images = jet_images(jet((0.5, 0.5, 2.0), (-0.5, -0.5, 1.0)), ORIGIN, ORIGIN, pixels=15)
    assert images[0, 0, 7, 14] == pytest.approx(2 / 3)
    assert images[0, 0, 7, 0] == pytest.approx(1 / 3)


@pytest.mark.parametrize(("phi", "expected"), [(np.pi - 0.1, -0.2), (-np.pi + 0.1, 0.0), (0.1, -np.pi)])
def test_azimuths_wrap(phi, expected):
    assert relative_phi(np.array(phi), np.array(-np.pi + 0.1)) == pytest.approx(expected)


def test_batches_make_no_difference():
    rng = np.random.default_rng(2)
    many = np.zeros((5000, 4), CONSTITUENT)
    for field in ("eta", "phi"):
        many[field] = rng.normal(0, 0.3, many.shape)
    many["energy"], many["valid"] = rng.exponential(5, many.shape), True
    zeros = np.zeros(len(many))
    whole = jet_images(many, zeros, zeros, pixels=12)
    assert np.array_equal(whole[4990:], jet_images(many[4990:], zeros[:10], zeros[:10], pixels=12))
