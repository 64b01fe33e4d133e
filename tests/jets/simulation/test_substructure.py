"""Clustering, substructure and truth matching against closed forms, FastJet itself, and plain loops."""

import numpy as np
import pytest

from edgeood.jets.layout import PHOTON
from edgeood.jets.simulation.detector import Objects
from edgeood.jets.simulation.processes import PROCESSES, JetSelection

fastjet = pytest.importorskip("fastjet")

from edgeood.jets.simulation.clustering import Clusters, anti_kt, cluster  # noqa: E402
from edgeood.jets.simulation.selection import in_window, padded, sorted_members  # noqa: E402
from edgeood.jets.simulation.substructure import substructure  # noqa: E402
from edgeood.jets.simulation.truth import Origins, accepts, nearest  # noqa: E402

RADIUS = 0.8
SELECTION = JetSelection(RADIUS, 20.0, 1e4, 2.5)


def massless(event: list[int], pt: list[float], eta: list[float], phi: list[float]) -> Objects:
    columns = (np.array(values, float) for values in (pt, eta, phi))
    pt_, eta_, phi_ = columns
    return Objects(
        np.array(event),
        pt_ * np.cos(phi_),
        pt_ * np.sin(phi_),
        pt_ * np.sinh(eta_),
        pt_ * np.cosh(eta_),
        np.full(len(pt_), PHOTON, np.int8),
        np.zeros(len(pt_), np.int8),
    )


def random_jets(jets: int, seed: int) -> tuple[Objects, np.ndarray]:
    """Jets with 1 to 60 constituents, steeply falling in pT and spread over 0.8."""
    rng = np.random.default_rng(seed)
    size = np.concatenate([[1, 2], rng.integers(1, 60, jets - 2)])
    event = np.repeat(np.arange(jets), size)
    pt = 0.5 + rng.pareto(1.1, len(event))
    eta, phi = rng.normal(0, 0.25, len(event)), rng.normal(0, 0.25, len(event))
    objects = massless(event.tolist(), pt.tolist(), eta.tolist(), phi.tolist())
    return objects, np.concatenate([[0], np.cumsum(size)])


def test_soft_drop_is_that_of_fastjet() -> None:
    objects, bounds = random_jets(300, 1)
    member = np.arange(bounds[-1])
    mass, _ = substructure(objects, member, bounds, RADIUS)
    trees = cluster(objects, member, bounds, fastjet.JetDefinition(fastjet.cambridge_algorithm, 5.0))
    groomed = trees.to_numpy_softdrop_grooming(1, 0.0, 0.1, "scalar_z", RADIUS, "larger_pt", float("inf"))
    np.testing.assert_allclose(mass, groomed[8], rtol=1e-6, atol=1e-3)


def test_n_subjettiness_is_that_of_fastjet() -> None:
    objects, bounds = random_jets(300, 2)
    member = np.arange(bounds[-1])
    _, tau = substructure(objects, member, bounds, RADIUS)
    trees = cluster(objects, member, bounds, fastjet.JetDefinition(fastjet.cambridge_algorithm, 5.0))
    expected = trees.to_numpy_njettiness(
        "NormalizedMeasure", "WTA_KT_Axes", [1, 2, 3, 4], 1.0, RADIUS, 999.0, 999, 999.0
    )[0]
    np.testing.assert_allclose(tau, np.reshape(expected, (300, 4)), atol=2e-6)


def test_two_prongs_have_their_invariant_mass_and_a_soft_third_is_dropped() -> None:
    objects = massless([0, 0, 0], [100.0, 80.0, 5.0], [0.0, 0.3, 0.0], [0.0, 0.0, -0.7])
    mass, tau = substructure(objects, np.array([0, 1, 2]), np.array([0, 3]), RADIUS)
    assert mass[0] == pytest.approx(np.sqrt(2 * 100 * 80 * (np.cosh(0.3) - 1)))
    assert tau[0, 2:] == pytest.approx([0, 0], abs=1e-9)
    assert tau[0, 1] == pytest.approx(5 * 0.7 / (185 * RADIUS), rel=1e-6)
    assert tau[0, 0] == pytest.approx((80 * 0.3 + 5 * 0.7) / (185 * RADIUS), rel=1e-6)


def test_anti_kt_finds_the_jets_of_each_event() -> None:
    objects = massless(
        [0, 0, 0, 2, 2], [100.0, 50.0, 60.0, 30.0, 10.0], [0, 0.1, 0.0, 1.0, 1.1], [0, 0, 3.1, 1.0, -2.0]
    )
    clusters = anti_kt(objects, 3, SELECTION)
    order = np.lexsort((-clusters.pt, clusters.event))
    assert clusters.event[order].tolist() == [0, 0, 2]
    np.testing.assert_allclose(clusters.pt[order], [150.0, 60.0, 30.0])
    assert sorted(clusters.member[clusters.jet_of == order[0]].tolist()) == [0, 1]


def _clusters(event: list[int], pt: list[float], eta: list[float], phi: list[float]) -> Clusters:
    objects = massless(event, pt, eta, phi)
    rows = np.arange(len(event))
    return Clusters(objects.event, objects.px, objects.py, objects.pz, objects.energy, rows, rows)


def test_only_the_two_leading_jets_inside_the_window_are_kept() -> None:
    clusters = _clusters(
        [0, 0, 0, 1, 1], [40.0, 60.0, 50.0, 2e4, 30.0], [0.0, 0.5, 2.6, 0.0, 0.1], [0, 1, 2, 0, 2]
    )
    assert in_window(clusters, SELECTION).tolist() == [1, 4]


def test_members_are_sorted_and_padded() -> None:
    objects = massless([0] * 4, [30.0, 50.0, 40.0, 20.0], [0.1, 0.2, 0.3, 0.4], [0.0] * 4)
    clusters = Clusters(
        np.zeros(2, int), *(np.ones(2) for _ in range(4)), np.array([3, 0, 2, 1]), np.array([0, 1, 1, 1])
    )
    members, bounds = sorted_members(clusters, objects, np.array([0, 1]))
    assert members.tolist() == [3, 1, 2, 0]
    assert bounds.tolist() == [0, 1, 4]
    table = padded(objects, members, bounds, 2)
    np.testing.assert_allclose(table["pt"], [[20, 0], [50, 40]], rtol=1e-6)
    np.testing.assert_allclose(table["eta"], [[0.4, 0], [0.2, 0.3]], rtol=1e-6)
    assert table["valid"].tolist() == [[True, False], [True, True]]


def test_nearest_origin_is_that_of_a_plain_loop() -> None:
    rng = np.random.default_rng(5)
    event = np.sort(rng.integers(0, 40, 100))
    origins = Origins(
        event, np.full(100, 24, np.int32), rng.normal(size=100), rng.uniform(-3.1, 3.1, 100), rng.random(100)
    )
    jets = _clusters(
        np.sort(rng.integers(0, 40, 80)).tolist(),
        (rng.random(80) + 1).tolist(),
        rng.normal(size=80).tolist(),
        rng.uniform(-3.1, 3.1, 80).tolist(),
    )
    candidates = np.flatnonzero(rng.random(80) < 0.7)
    row, distance = nearest(origins, jets, candidates)
    for index, candidate in enumerate(candidates):
        best, closest = -1, np.inf
        for other in np.flatnonzero(event == jets.event[candidate]):
            turn = abs(origins.phi[other] - jets.phi[candidate])
            apart = np.hypot(origins.eta[other] - jets.eta[candidate], min(turn, 2 * np.pi - turn))
            if apart < closest:
                best, closest = other, apart
        assert row[index] == best
        assert distance[index] == pytest.approx(closest)


def test_processes_accept_what_they_are_named_after() -> None:
    pdg, distance = np.array([21, 2, 5, 2, 0]), np.array([0.1, 0.1, 0.1, 0.45, np.inf])
    assert accepts(PROCESSES["gluon"], pdg, distance).tolist() == [True, False, False, False, False]
    assert accepts(PROCESSES["quark"], pdg, distance).tolist() == [False, True, True, False, False]
    assert accepts(PROCESSES["qcd"], pdg, distance).tolist() == [True, True, False, True, True]
    assert accepts(PROCESSES["w"], pdg, np.array([0, 0.74, 0.76, 1, np.inf])).tolist() == [
        True,
        True,
        *[False] * 3,
    ]
