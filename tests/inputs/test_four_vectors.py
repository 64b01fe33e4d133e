"""Four-vectors: the frame they are seen from changes no invariant, and no two frames of one jet differ."""

import numpy as np
import pytest

from edgeood.inputs import inputs_of
from edgeood.inputs.four_vectors import aligned_momenta, four_vectors_of
from edgeood.jets.layout import CONSTITUENT_DTYPE, JET_DTYPE, Jets

METRIC = np.array([1.0, -1, -1, -1])


def jets_of(momenta: np.ndarray, padding: int = 2) -> Jets:
    """Jets (N,) of constituents with momenta (N, P, 4) in GeV, by falling pT, and entries of padding."""
    count, width = momenta.shape[:2]
    order = np.argsort(-np.hypot(momenta[..., 1], momenta[..., 2]), axis=1)
    momenta = np.take_along_axis(momenta, order[..., None], axis=1)
    jets, constituents = np.zeros(count, JET_DTYPE), np.zeros((count, width + padding), CONSTITUENT_DTYPE)
    for table, vectors in ((constituents[:, :width], momenta), (jets, momenta.sum(1))):
        energy, px, py, pz = np.moveaxis(vectors, -1, 0)
        table["pt"], table["phi"] = np.hypot(px, py), np.arctan2(py, px)
        table["eta"], table["energy"] = np.arcsinh(pz / np.hypot(px, py)), energy
    jets["mass"] = np.sqrt((momenta.sum(1) ** 2 @ METRIC).clip(0))
    constituents["valid"][:, :width] = True
    return Jets(jets, constituents, ("qcd",))


def cones(count: int = 20, width: int = 30, seed: int = 1) -> np.ndarray:
    """(N, P, 4) momenta of pions around the x axis, with a falling spectrum."""
    rng = np.random.default_rng(seed)
    along = rng.exponential(20, (count, width)) + 1
    sideways = rng.normal(0, [0.25, 0.1], (count, width, 2)) * along[..., None]
    momenta = np.concatenate([along[..., None], sideways], axis=-1)
    energy = np.sqrt((momenta**2).sum(-1) + 0.13957**2)
    return np.concatenate([energy[..., None], momenta], axis=-1)


def turned(momenta: np.ndarray, rows: tuple[int, int], angle: float) -> np.ndarray:
    """Momenta rotated in the plane of two of their components."""
    rotation = np.eye(4)
    rotation[np.ix_(rows, rows)] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return momenta @ rotation.T


def boosted(momenta: np.ndarray, rapidity: float) -> np.ndarray:
    """Momenta boosted along the beam."""
    boost = np.eye(4)
    boost[np.ix_((0, 3), (0, 3))] = [
        [np.cosh(rapidity), np.sinh(rapidity)],
        [np.sinh(rapidity), np.cosh(rapidity)],
    ]
    return momenta @ boost.T


def test_masses_of_jets_and_of_pairs_are_untouched():
    momenta = boosted(cones(), 1.3)
    jets = jets_of(momenta)
    seen = aligned_momenta(jets)[:, :30]
    assert np.sqrt(seen.sum(1) ** 2 @ METRIC) == pytest.approx(jets.jets["mass"], rel=1e-3)
    pt, eta, phi, energy = (
        jets.constituents[name][:, :30].astype(np.float64) for name in ("pt", "eta", "phi", "energy")
    )
    true = np.stack([energy, pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=-1)
    products = [(vectors * METRIC) @ np.swapaxes(vectors, 1, 2) for vectors in (seen, true)]
    assert np.allclose(*products, rtol=1e-9, atol=1e-6)


def test_the_sum_of_all_points_along_x_and_has_the_mass_of_the_jet():
    jets = jets_of(turned(boosted(cones(), -0.8), (1, 2), 2.9))
    vectors = four_vectors_of(jets, {"constituents": 32}).reshape(20, 32, 4)
    total = vectors.sum(1, dtype=np.float64)
    assert total[:, 1:] == pytest.approx(np.tile([1.0, 0, 0], (20, 1)), abs=2e-6)
    mass = np.sqrt(total**2 @ METRIC) * jets.jets["pt"]
    assert mass == pytest.approx(jets.jets["mass"], rel=1e-3)


@pytest.mark.parametrize(
    "move",
    [
        lambda momenta: turned(momenta, (1, 2), 2.0),
        lambda momenta: turned(momenta, (1, 2), np.pi),
        lambda momenta: turned(momenta, (2, 3), 0.7),
        lambda momenta: boosted(momenta, 1.5),
        lambda momenta: momenta * [1, 1, -1, 1],
        lambda momenta: momenta * [1, 1, 1, -1],
        lambda momenta: momenta * 3.0,
    ],
    ids=["about the beam", "to the seam of phi", "about the jet", "boosted", "mirrored", "flipped", "harder"],
)
def test_equal_jets_look_equal(move):
    momenta = cones()
    # The jet exactly along x, so that a turn about x is a turn about the jet.
    momenta[:, 0, 2:] -= momenta[..., 2:].sum(1)
    momenta[:, 0, 0] = np.sqrt((momenta[:, 0, 1:] ** 2).sum(-1))
    first = four_vectors_of(jets_of(momenta), {"constituents": 20})
    moved = four_vectors_of(jets_of(move(momenta)), {"constituents": 20})
    # A turn about the jet changes which constituents lead in pT; those that lead in both must agree.
    first, moved = (vectors.reshape(20, 20, 4) for vectors in (first, moved))
    distance = np.abs(first[:, :, None] - moved[:, None]).max(-1).min(2)
    assert np.mean(distance < 3e-6) > 0.95
    assert np.abs(first).max() > 0.1


def test_the_principal_axis_lies_along_y_and_the_harder_half_upwards():
    vectors = aligned_momenta(jets_of(turned(cones(), (2, 3), 1.1)))[:, :30]
    weighted = vectors[..., 2:] / vectors[..., :1]
    moments = np.swapaxes(weighted, 1, 2) @ vectors[..., 2:]
    assert np.all(moments[:, 0, 0] > moments[:, 1, 1])
    assert np.abs(moments[:, 0, 1]) == pytest.approx(0, abs=1e-6)
    skewness = (np.abs(vectors[..., 2:]) * vectors[..., 2:] / vectors[..., :1]).sum(1)
    assert np.all(skewness > 0)


def test_leading_constituents_come_first_and_padding_is_zero():
    jets = jets_of(cones(count=3, width=5))
    inputs = inputs_of(jets, {"kind": "four_vectors", "constituents": 8})
    assert inputs.shape == (3, 32)
    assert inputs.dtype == np.float32
    pt = np.hypot(inputs[:, 1::4], inputs[:, 2::4])
    assert np.all(inputs[:, 20:] == 0)
    assert np.all(inputs[:, :20:4] > 0)
    assert pt[:, :5] == pytest.approx(jets.constituents["pt"][:, :5] / jets.jets["pt"][:, None], rel=0.1)
    assert np.array_equal(inputs[:, :8], four_vectors_of(jets, {"constituents": 2}))


def test_the_jets_of_the_package_fit(toy_jets):
    jets = toy_jets(40)
    inputs = inputs_of(jets, {"kind": "four_vectors", "constituents": 20})
    assert inputs.shape == (200, 80)
    assert np.isfinite(inputs).all()
    assert np.abs(inputs[:, 1::4].sum(1) - 1).max() < 0.1
