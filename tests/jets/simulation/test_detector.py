"""The detector response against closed forms: resolutions, bending, efficiencies, no double counting."""

import numpy as np
import pytest

from edgeood.jets.layout import CHARGED_HADRON, ELECTRON, MUON, NEUTRAL_HADRON, PHOTON
from edgeood.jets.simulation.calorimeter import ECAL, HCAL, ecal_resolution, hcal_resolution
from edgeood.jets.simulation.detector import Objects, Particles, respond
from edgeood.jets.simulation.tracking import (
    CALORIMETER_RADIUS,
    MAGNETIC_FIELD,
    bent_phi,
    efficiency,
    log_normal,
    relative_resolution,
)

MANY = 20_000


def one_an_event(pdg: int, charge: int, mass: float, pt: float, eta: float, phi: float = 0.3) -> Particles:
    """``MANY`` events with one particle each."""
    ones = np.ones(MANY)
    energy = np.sqrt((pt * np.cosh(eta)) ** 2 + mass**2)
    return Particles(
        np.arange(MANY),
        np.full(MANY, pdg, np.int32),
        np.full(MANY, charge, np.int8),
        ones * pt * np.cos(phi),
        ones * pt * np.sin(phi),
        ones * pt * np.sinh(eta),
        ones * energy,
    )


def response(pdg: int, charge: int, mass: float, pt: float, eta: float) -> Objects:
    return respond(one_an_event(pdg, charge, mass, pt, eta), np.random.default_rng(1))


@pytest.mark.parametrize(("pt", "eta"), [(20.0, 0.3), (100.0, 1.2), (50.0, -2.2)])
def test_photons_are_unbiased_with_the_resolution_of_the_ecal(pt: float, eta: float) -> None:
    objects = response(22, 0, 0.0, pt, eta)
    energy = pt * np.cosh(eta)
    assert len(objects) == MANY
    assert (objects.kind == PHOTON).all()
    sigma = float(ecal_resolution(np.array([energy]), np.array([eta]))[0])
    assert objects.energy.mean() == pytest.approx(energy, abs=5 * sigma / np.sqrt(MANY))
    assert objects.energy.std() == pytest.approx(sigma, rel=0.04)
    mass2 = objects.energy**2 - objects.px**2 - objects.py**2 - objects.pz**2
    assert np.abs(mass2).max() < 1e-6 * energy**2
    assert np.abs(np.arctan2(objects.py, objects.px) - 0.3).max() < ECAL.cell
    assert np.abs(np.arcsinh(objects.pz / np.hypot(objects.px, objects.py)) - eta).max() < ECAL.cell


def test_neutral_hadrons_are_unbiased_with_the_resolution_of_the_hcal() -> None:
    objects = response(2112, 0, 0.93957, 100.0, 0.5)
    energy = np.hypot(100.0 * np.cosh(0.5), 0.93957)
    assert (objects.kind == NEUTRAL_HADRON).all()
    sigma = float(hcal_resolution(np.array([energy]), np.array([0.5]))[0])
    assert objects.energy.mean() == pytest.approx(energy, abs=5 * sigma / np.sqrt(MANY))
    assert objects.energy.std() == pytest.approx(sigma, rel=0.04)
    assert sigma == pytest.approx(np.sqrt((0.05 * energy) ** 2 + 2.25 * energy))


def test_k0s_shares_its_energy_between_the_calorimeters() -> None:
    objects = response(310, 0, 0.4976, 200.0, 0.1)
    total = objects.energy.sum() / MANY
    assert objects.energy[objects.kind == PHOTON].sum() / MANY / total == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize(
    ("pdg", "mass", "kind", "expected"),
    [(211, 0.13957, CHARGED_HADRON, 0.95), (11, 0.000511, ELECTRON, 0.95), (13, 0.10566, MUON, 0.99)],
)
def test_tracks_have_the_efficiency_and_momentum_of_the_tracker(
    pdg: int, mass: float, kind: int, expected: float
) -> None:
    objects = response(pdg, -1, mass, 10.0, 0.2)
    tracks = objects.kind == kind
    assert tracks.mean() * len(objects) / MANY == pytest.approx(expected, abs=0.01)
    assert (objects.charge[tracks] == -1).all()
    assert (objects.charge[~tracks] == 0).all()
    direction = np.arctan2(objects.py[tracks], objects.px[tracks])
    np.testing.assert_allclose(direction, 0.3, atol=1e-12)
    pt = np.hypot(objects.px[tracks], objects.py[tracks])
    assert np.median(pt) == pytest.approx(10.0, rel=0.01)


def test_energy_is_counted_once() -> None:
    """A charged hadron is its track, or, where that was missed, its shower: never both in full."""
    objects = response(211, 1, 0.13957, 50.0, 0.4)
    energy = np.bincount(objects.event, objects.energy, MANY)
    assert energy.mean() == pytest.approx(np.hypot(50 * np.cosh(0.4), 0.13957), rel=0.05)


def test_lost_muons_leave_nothing() -> None:
    objects = response(13, -1, 0.10566, 10.0, 0.2)
    assert (objects.kind == MUON).all()


def test_beyond_the_tracker_charged_hadrons_look_neutral() -> None:
    objects = response(211, 1, 0.13957, 50.0, 2.7)
    assert (objects.kind == NEUTRAL_HADRON).all()
    assert (objects.charge == 0).all()


def test_beyond_the_calorimeter_there_is_nothing() -> None:
    assert len(response(22, 0, 0.0, 50.0, 3.2)) == 0


def test_particles_bend_on_a_circle() -> None:
    """The entry point lies on the barrel and on the circle r = pT / 0.3 B through the origin."""
    pt, phi, charge = np.array([0.8, 3.0, 50.0]), np.array([0.5, -1.0, 3.1]), np.array([1, -1, 1], np.int8)
    entry, reaches = bent_phi(pt, phi, charge)
    assert reaches.all()
    radius = pt / (0.3 * MAGNETIC_FIELD)
    centre = np.stack([np.sin(phi), -np.cos(phi)]) * radius * charge
    where = CALORIMETER_RADIUS * np.stack([np.cos(entry), np.sin(entry)])
    np.testing.assert_allclose(np.hypot(*(where - centre)), radius, rtol=1e-12)
    limit = 0.15 * MAGNETIC_FIELD * CALORIMETER_RADIUS
    assert bent_phi(np.array([limit * 0.999, limit * 1.001]), phi[:2], charge[:2])[1].tolist() == [
        False,
        True,
    ]
    straight, _ = bent_phi(np.array([0.1]), np.array([1.0]), np.array([0], np.int8))
    assert straight[0] == pytest.approx(1.0)


def test_curling_particles_do_not_reach_the_calorimeter() -> None:
    objects = response(211, 1, 0.13957, 0.7, 0.2)
    assert (objects.kind == CHARGED_HADRON).all()
    assert len(objects) / MANY == pytest.approx(0.70, abs=0.02)


def test_card_values() -> None:
    no = np.zeros(4, bool)
    pt, eta = np.array([0.5, 5.0, 5.0, 5.0]), np.array([0.0, 0.0, 2.0, 2.6])
    assert efficiency(pt, eta, no, no).tolist() == [0.70, 0.95, 0.85, 0.0]
    np.testing.assert_allclose(
        relative_resolution(np.array([100.0, 100.0]), np.array([0.1, 2.0])),
        [np.hypot(0.01, 0.01), np.hypot(0.025, 0.035)],
    )
    assert np.degrees(HCAL.cell) == pytest.approx(5)
    assert ecal_resolution(np.array([25.0]), np.array([0.0]))[0] == pytest.approx(
        np.sqrt((0.008 * 25) ** 2 + 0.11**2 * 25 + 0.4**2)
    )


def test_log_normal_has_the_asked_for_moments() -> None:
    draws = log_normal(np.full(200_000, 10.0), np.full(200_000, 3.0), np.random.default_rng(2))
    assert draws.mean() == pytest.approx(10.0, rel=0.005)
    assert draws.std() == pytest.approx(3.0, rel=0.01)
    assert (draws > 0).all()


def test_events_do_not_mix_and_stay_sorted() -> None:
    rng = np.random.default_rng(3)
    event = np.repeat(np.arange(5), [3, 0, 4, 1, 2])
    pdg = np.full(10, 22, np.int32)
    zeros = np.zeros(10, np.int8)
    px = 50.0 + event
    particles = Particles(event, pdg, zeros, px, np.zeros(10), np.zeros(10), px)
    objects = respond(particles, rng)
    assert objects.event.tolist() == [0, 2, 3, 4]
    true = np.bincount(event, px, 5)[objects.event]
    np.testing.assert_allclose(objects.energy, true, rtol=0.15)
