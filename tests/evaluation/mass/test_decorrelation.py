"""The mass-decorrelation report against the measures that it quotes."""

import json

import numpy as np
import pytest

from edgeood.evaluation.mass.decorrelation import markdown_report, mass_decorrelation
from edgeood.evaluation.mass.dependence import (
    distance_correlation,
    measured_distance_correlation,
    spearman_noise,
)
from edgeood.evaluation.mass.sculpting import jensen_shannon_divergence
from edgeood.evaluation.score_metrics import evaluate_scores
from edgeood.evaluation.tables import format_measured


@pytest.fixture(scope="module")
def sample():
    """A blind score, one that leans on mass and the mass itself, of 4,000 background and 1,000 W jets."""
    rng = np.random.default_rng(0)
    names = np.repeat(["quark", "w_1tev"], [4000, 1000])
    mass = np.where(names == "w_1tev", rng.normal(85, 8, 5000), rng.gamma(4, 30, 5000)).clip(0)
    blind = rng.normal(size=5000)
    return {"max_logit": blind, "energy": blind + mass / 60, "mahalanobis": mass.copy()}, mass, names


@pytest.fixture(scope="module")
def metrics(sample):
    classes = {"qcd": ["quark"], "wz": ["w_1tev"]}
    return evaluate_scores(*sample, background=["quark"], signals={}, classes=classes, replicas=60)


@pytest.fixture(scope="module")
def report(sample, metrics):
    scores, mass, names = sample
    background = names == "quark"
    return mass_decorrelation(
        metrics, {name: score[background] for name, score in scores.items()}, mass[background]
    )


def test_numbers_are_those_of_the_metrics(metrics, report):
    for name, score in report["scores"].items():
        for group, own in score["dependence"].items():
            for key, measure in own.items():
                assert [measure["value"], measure["error"]] == metrics["mass_dependence"][name][group][key]
                noise = metrics["mass_dependence_noise"][name][group]
                assert measure["chance_mean"] == noise["mean"][key]
                assert measure["chance_q95"] == noise["q95"][key]
        for efficiency, own in score["sculpting"].items():
            for key, measure in own.items():
                assert [measure["value"], measure["error"]] == metrics["sculpting"][name][efficiency][key]
                assert measure["chance_q95"] == metrics["sculpting_noise"][efficiency]["q95"][key]
        assert score["measures"] == 2 * 2 + 3 * 4


def test_the_blind_score_is_told_from_the_others(report):
    scores = report["scores"]
    assert scores["max_logit"]["compatible"] >= scores["max_logit"]["measures"] - 3
    assert scores["mahalanobis"]["compatible"] == 0
    assert not scores["energy"]["dependence"]["qcd"]["spearman"]["compatible"]
    assert not any(measure["compatible"] for measure in scores["energy"]["sculpting"]["0.5"].values())


def test_spectra_before_and_after_give_back_the_divergence(report):
    spectra = report["spectra"]
    assert sum(spectra["before"]) == report["jets"] == 4000
    assert np.allclose(np.diff(spectra["edges_gev"]), 5)
    for name, own in spectra["after"].items():
        for efficiency, after in own.items():
            assert len(after) == len(spectra["before"])
            assert sum(after) == pytest.approx(float(efficiency) * 4000)
            expected = report["scores"][name]["sculpting"][efficiency]["jsd"]["value"]
            assert jensen_shannon_divergence(spectra["before"], after) == pytest.approx(expected, rel=1e-6)


def test_json_and_markdown(report):
    json.dumps(report, allow_nan=False)
    text = markdown_report(report)
    assert "| Mahalanobis | 0 of 16 |" in text
    dependence = report["scores"]["energy"]["dependence"]["qcd"]["spearman"]
    assert f"| energy | qcd | {format_measured([dependence['value'], dependence['error']])} |" in text
    # Columns of the spectra add up to all jets.
    rows = (
        text.split("**The same 50 % by mass [GeV], in percent**")[1].split("**")[0].strip().splitlines()[2:]
    )
    columns = np.array([[float(cell) for cell in row.strip("| ").split(" | ")[1:]] for row in rows])
    np.testing.assert_allclose(columns.sum(axis=0), 100, atol=0.05 * len(rows))
    assert columns.shape[1] == 4


@pytest.mark.parametrize("shape", ["normal", "lognormal", "whole numbers"])
def test_noise_of_the_distance_correlation_is_that_of_permuted_scores(shape):
    rng = np.random.default_rng(1)
    score, mass = rng.normal(size=250), rng.gamma(3, 35, 250)
    score = {"normal": score, "lognormal": np.exp(1.3 * score), "whole numbers": np.round(2 * score)}[shape]
    permuted = [distance_correlation(rng.permutation(score), mass) for _ in range(600)]
    noise = measured_distance_correlation(score, mass).noise
    assert noise.mean == pytest.approx(np.mean(permuted), rel=0.03)
    assert noise.q95 == pytest.approx(np.quantile(permuted, 0.95), rel=0.06)


def test_noise_without_any_spread_is_none():
    assert measured_distance_correlation(np.ones(50), np.arange(50.0)).noise == (0, 0)


def test_noise_of_the_rank_correlation():
    from edgeood.evaluation.mass.dependence import spearman

    rng = np.random.default_rng(2)
    drawn = np.abs([spearman(rng.random(100), rng.random(100)) for _ in range(3000)])
    noise = spearman_noise(100)
    assert noise.mean == pytest.approx(drawn.mean(), rel=0.05)
    assert noise.q95 == pytest.approx(np.quantile(drawn, 0.95), rel=0.05)
