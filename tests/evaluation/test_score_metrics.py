"""The dictionary of results, its tables, and the published numbers beside it."""

import io
import json
import math

import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.evaluation.detection import auroc, roc_curve
from edgeood.evaluation.mass.sculpting import mass_sculpting
from edgeood.evaluation.published import PUBLISHED, published_for
from edgeood.evaluation.score_metrics import evaluate_scores
from edgeood.evaluation.tables import format_measured, markdown_table, rich_table, tables

BACKGROUND = ["quark", "gluon"]


@pytest.fixture(scope="module")
def jets():
    """Scores, masses and process names of 2,300 made-up jets; one score is the mass itself."""
    rng = np.random.default_rng(0)
    names = np.repeat(["quark", "gluon", "w_1tev", "top_1tev"], [600, 600, 500, 600])
    mass = np.where(names == "w_1tev", rng.normal(85, 8, 2300), rng.gamma(4, 30, 2300)).clip(0)
    blind = rng.normal(size=2300) + 1.5 * (names == "top_1tev")
    return {"max_logit": blind, "mahalanobis": mass.copy()}, mass, names


@pytest.fixture(scope="module")
def results(jets):
    return evaluate_scores(
        *jets,
        background=BACKGROUND,
        signals={"top": ["top_1tev"]},
        classes={"qcd": BACKGROUND, "wz": ["w_1tev"]},
        thresholds={"max_logit": 2.0},
        replicas=40,
    )


def test_values_are_those_of_the_measures(jets, results):
    scores, mass, names = jets
    background, signal = np.isin(names, BACKGROUND), names == "top_1tev"
    for name, score in scores.items():
        measured = results["signals"]["top"][name]
        assert measured["auroc"][0] == auroc(roc_curve(score[signal], score[background]))
        at_point = {"efficiency_at_0.01", "sic_at_0.01"}
        assert set(measured) == {*at_point, "auroc", "rejection50", "sic50", "max_sic"}
        cut = np.sort(score[background])[-13]  # 12 of 1200
        assert measured["efficiency_at_0.01"][0] == pytest.approx(np.mean(score[signal] > cut), abs=0.002)
        assert measured["sic_at_0.01"][0] == pytest.approx(10 * measured["efficiency_at_0.01"][0])
        for efficiency in (0.5, 0.1, 0.01):
            expected = mass_sculpting(score[background], mass[background], efficiency)
            own = results["sculpting"][name][f"{efficiency:g}"]
            assert [own[key][0] for key in expected._fields] == pytest.approx(list(expected))
            assert all(error > 0 for _, error in own.values())
    assert measured["sic50"][0] == pytest.approx(0.5 * math.sqrt(measured["rejection50"][0]))


def test_results_are_json_and_repeat_to_the_last_bit(jets, results):
    text = json.dumps(results, allow_nan=False)
    again = evaluate_scores(
        *jets,
        background=BACKGROUND,
        signals={"top": ["top_1tev"]},
        classes={"qcd": BACKGROUND, "wz": ["w_1tev"]},
        thresholds={"max_logit": 2.0},
        replicas=40,
    )
    assert json.dumps(again, allow_nan=False) == text


def test_the_order_of_jets_does_not_change_a_value(jets, results):
    scores, mass, names = jets
    order = np.random.default_rng(1).permutation(len(mass))
    shuffled = evaluate_scores(
        {name: score[order] for name, score in scores.items()},
        mass[order],
        names[order],
        background=BACKGROUND,
        signals={"top": ["top_1tev"]},
        replicas=2,
    )
    assert (
        shuffled["signals"]["top"]["max_logit"]["auroc"][0]
        == results["signals"]["top"]["max_logit"]["auroc"][0]
    )
    own, other = (r["sculpting"]["max_logit"]["0.1"]["jsd"][0] for r in (shuffled, results))
    assert own == pytest.approx(other, rel=1e-9)


def test_sculpting_and_dependence_tell_the_blind_score_from_the_mass(results):
    noise = results["sculpting_noise"]["0.5"]
    assert results["sculpting"]["mahalanobis"]["0.5"]["jsd"][0] > 0.29
    assert results["sculpting"]["max_logit"]["0.5"]["jsd"][0] < 2 * noise["q95"]["jsd"]
    dependence = results["mass_dependence"]
    assert dependence["mahalanobis"]["qcd"]["spearman"][0] == pytest.approx(1)
    assert dependence["mahalanobis"]["wz"]["distance_correlation"][0] == pytest.approx(1)
    value, error = dependence["max_logit"]["qcd"]["spearman"]
    assert abs(value) < 4 * error


def test_working_point_uses_the_given_threshold_or_chooses_one(jets, results):
    scores, _, names = jets
    given = results["working_point"]["max_logit"]
    assert given["threshold"] == 2.0
    assert given["efficiency"]["top_1tev"][0] == np.mean(scores["max_logit"][names == "top_1tev"] > 2)
    chosen = results["working_point"]["mahalanobis"]["efficiency"]["background"]
    assert chosen[0] == 0.01
    assert chosen[1] == pytest.approx(math.sqrt(0.01 * 0.99 / 1200), rel=0.15)


def test_infinite_rejection_becomes_null(jets):
    _, mass, names = jets
    separated = {"max_logit": (names == "top_1tev") * 10.0 + np.linspace(0, 1, len(names))}
    results = evaluate_scores(
        separated, mass, names, background=BACKGROUND, signals={"top": ["top_1tev"]}, replicas=5
    )
    measured = results["signals"]["top"]["max_logit"]
    assert measured["rejection50"] == [None, None]
    assert measured["auroc"] == [1.0, 0.0]
    json.dumps(results, allow_nan=False)
    assert "| max-logit | 1.00 | – | – |" in markdown_table(results)


def test_bad_input_is_refused(jets):
    scores, mass, names = jets
    settings = {"background": BACKGROUND, "signals": {"top": ["top_1tev"]}}
    with pytest.raises(EdgeoodError, match="no jets of process 'z_1tev'"):
        evaluate_scores(scores, mass, names, background=["z_1tev"], signals={})
    with pytest.raises(EdgeoodError, match="'max_logit' has shape"):
        evaluate_scores({"max_logit": mass[:-1]}, mass, names, **settings)
    with pytest.raises(EdgeoodError, match="'max_logit' of jet 3 is not finite"):
        evaluate_scores({"max_logit": np.where(np.arange(2300) == 3, np.inf, 0)}, mass, names, **settings)


@pytest.mark.parametrize(
    ("pair", "text"),
    [
        ([0.91437, 0.00283], "0.9144 ± 0.0028"),
        ([0.91437, 0.00433], "0.914 ± 0.004"),
        ([0.91437, 0.00996], "0.914 ± 0.010"),
        ([18.735, 1.044], "18.7 ± 1.0"),
        ([57.2, 10.4], "57 ± 10"),
        ([1234.0, 56.0], "1230 ± 60"),
        ([0.914, None], "0.914"),
        ([2.32, None], "2.32"),
        ([34.3, None], "34.3"),
        ([None, None], "–"),
        (None, "–"),
    ],
)
def test_digits_follow_the_error(pair, text):
    assert format_measured(pair) == text


def test_markdown_and_terminal_hold_the_same_numbers(results):
    from rich.console import Console

    console = Console(file=io.StringIO(), width=200)
    console.print(rich_table({"float": results, "quantized": results}))
    shown, markdown = console.file.getvalue(), markdown_table({"float": results, "quantized": results})
    for table in tables({"float": results, "quantized": results}):
        for cell in [*table.columns, *(cell for row in table.rows for cell in row)]:
            assert cell in shown
            assert cell in markdown
    assert "quantized max-logit" in markdown
    assert "JSD [bit]" in shown


def test_a_trigger_s_working_points_come_first(results):
    titles = [table.title for table in tables(results)]
    assert titles[0] == "top against quark + gluon at background efficiencies of a trigger"
    assert [title for title in titles if "most anomalous" in title] == [
        f"Background mass spectrum, the {share} % most anomalous against all" for share in (1, 10, 50)
    ]


def test_published_lines_stand_beside_the_same_signal(results):
    rows = {table.title: table.rows for table in tables(results)}
    detection = rows["top against quark + gluon; (½) at a signal efficiency of one half"]
    sculpting = rows["Background mass spectrum, the 50 % most anomalous against all"]
    assert ["GZ24 NuRD, max-logit", "0.914", "–", "–", "2.32"] in detection
    assert ["GZ24 NuRD, max-logit", "–", "0.168", "24.4", "–"] in sculpting
    assert not any("GZ24" in row[0] for table in tables(results, published=False) for row in table.rows)


def test_published_numbers():
    lines = {(line.model, line.score): line for line in PUBLISHED}
    best = [line for line in published_for("higgs_h20") if "rejection50" in line.detection["higgs_h20"]]
    assert [line.detection["higgs_h20"]["auroc"][0] for line in best] == [0.940]
    assert best[0].detection["higgs_h20"]["rejection50"] == (51.0, None)
    # 3.6 = 0.5 √51, as printed
    assert round(0.5 * math.sqrt(51), 1) == best[0].detection["higgs_h20"]["sic50"][0]
    augmented = lines["ParticleNet, mass-augmented", "Mahalanobis"]
    assert augmented.detection["higgs_h80"]["auroc"] == (0.757, 0.012)
    assert {line.source for line in published_for("top_1tev")} == {"GZ24"}
    assert published_for("quark") == []
