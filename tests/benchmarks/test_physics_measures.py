"""Measures of scores whose measures are known, and what chance gives."""

import math

import numpy as np
import pytest

from benchmarks.physics.measures import (
    DETECTION,
    MEASURES,
    SCULPTING,
    Truth,
    measure,
    measure_auroc,
    smaller_shares,
    truth_of,
)
from edgeood.evaluation.detection import WORKING_POINTS
from edgeood.jets.layout import Jets

QCD, SIGNAL, NOISE = 4000, 2000, 2000


@pytest.fixture(scope="module")
def truth() -> Truth:
    """Masses that are uniform on [50, 250] GeV."""
    names = np.repeat(["qcd", "signal", "noise"], [QCD, SIGNAL, NOISE])
    mass = np.random.default_rng(1).uniform(50, 250, len(names))
    return Truth(names, mass, ("qcd",), 64, {})


def test_a_score_that_tells_one_signal_and_nothing_else(truth):
    score = np.where(truth.names == "signal", 2, 0) + np.random.default_rng(2).uniform(0, 1, len(truth.names))
    found = measure(score, truth, ["signal", "noise"], replicas=20)
    assert set(MEASURES) == {*DETECTION, *SCULPTING, "spearman_mass"}
    assert set(found["signal"]) - set(MEASURES) == {
        *("efficiency_at_0.01", "sic_at_0.01", "jsd_at_0.1", "jsd_at_0.01"),
        *("wasserstein_gev_at_0.1", "wasserstein_gev_at_0.01"),
    }
    assert found["signal"]["auroc"] == (1.0, 0.0)
    assert not np.isfinite(found["signal"]["rejection50"][0]), "no background is left"
    assert found["signal"]["efficiency_at_0.01"] == (1.0, 0.0)
    assert found["signal"]["sic_at_0.01"][0] == pytest.approx(10)
    value, error = found["noise"]["auroc"]
    assert value == pytest.approx(0.5, abs=0.04)
    assert 0.004 < error < 0.02, "1/√12 · √(1/2000 + 1/4000) is 0.008"
    assert found["noise"]["rejection50"][0] == pytest.approx(2, rel=0.1)
    value, error = found["noise"]["efficiency_at_0.01"]
    assert value == pytest.approx(0.01, abs=4 * error)
    assert abs(found["noise"]["spearman_mass"][0]) < 0.06


def test_a_score_that_is_the_mass(truth):
    of_mass = measure(truth.mass_gev, truth, ["signal"], replicas=20)["signal"]
    assert of_mass["spearman_mass"][0] == pytest.approx(1.0)
    # The upper share f of a mass that is uniform on [50, 250]: its quantile 50 + 200 u becomes 250 - 200 f (1 - u).
    for name, share in (("wasserstein_gev", 0.5), ("wasserstein_gev_at_0.1", 0.1)):
        assert of_mass[name][0] == pytest.approx(200 * (1 - share) / math.sqrt(3), rel=0.03)
    assert of_mass["jsd"][0] == pytest.approx(0.311, abs=0.01)
    assert of_mass["js_distance"][0] == pytest.approx(math.sqrt(of_mass["jsd"][0]))
    # h((1 + f)/2) - h(f)/2 bits with the binary entropy h, where f = 0.1.
    entropy = [-p * math.log2(p) - (1 - p) * math.log2(1 - p) for p in (0.55, 0.1)]
    assert of_mass["jsd_at_0.1"][0] == pytest.approx(entropy[0] - entropy[1] / 2, abs=0.01)


def test_other_scores_have_the_same_auroc_and_nothing_else(truth):
    full = measure(truth.mass_gev, truth, ["signal", "noise"], replicas=20)
    brief = measure_auroc(truth.mass_gev, truth, ["signal", "noise"], replicas=20)
    assert brief == {signal: {"auroc": own["auroc"]} for signal, own in full.items()}


def test_without_replicas_the_values_are_the_same_and_there_are_no_errors(truth):
    with_errors = measure(truth.mass_gev, truth, ["signal"], replicas=20)["signal"]
    without = measure(truth.mass_gev, truth, ["signal"], replicas=0)["signal"]
    assert {name: value for name, (value, _) in without.items()} == {
        name: value for name, (value, _) in with_errors.items()
    }
    assert all(math.isnan(error) for _, error in without.values())


def test_smaller_shares_go_down_to_what_the_background_measures():
    assert smaller_shares(WORKING_POINTS[0.001] - 1) == (0.1, 0.01)
    assert smaller_shares(WORKING_POINTS[0.001]) == (0.1, 0.01, 0.001)


def test_chance_is_what_a_score_without_mass_gives_and_falls_with_the_jets_kept(toy_jets):
    jets: Jets = toy_jets(1000, seed=3)
    truth = truth_of(jets, ("quark", "gluon"), replicas=20)
    assert truth.constituents == jets.constituents.shape[1]
    assert truth.is_background.sum() == 2000
    assert set(truth.chance) == {
        f"{name}_at_{share}" for name in ("jsd", "wasserstein_gev") for share in (0.1, 0.01)
    }
    for name in ("jsd", "wasserstein_gev"):
        assert 0 < truth.chance[f"{name}_at_0.1"] < truth.chance[f"{name}_at_0.01"]
    rng = np.random.default_rng(4)
    blind = [measure(rng.uniform(size=len(jets)), truth, ["top_1tev"], replicas=0) for _ in range(20)]
    found = np.mean([own["top_1tev"]["jsd_at_0.1"][0] for own in blind])
    assert found == pytest.approx(truth.chance["jsd_at_0.1"], rel=0.25)
