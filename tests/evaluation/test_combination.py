"""Combined runs against the probabilities and distances that the paper's formulas give."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from edgeood.errors import EdgeoodError
from edgeood.evaluation.combination import ensemble, ova_ava
from edgeood.scores import fit_scores
from edgeood.scores.minus_p_background import background_probability


def log_odds(p: np.ndarray) -> np.ndarray:
    return np.log1p(-p) - np.log(p)


@pytest.fixture
def members() -> list[dict[str, np.ndarray]]:
    """Three runs on the same 50 jets."""
    rng = np.random.default_rng(0)
    return [
        {
            "minus_p_background": log_odds(rng.uniform(0.001, 0.999, 50)),
            "mahalanobis_background": rng.chisquare(8, 50),
            "max_logit": rng.normal(size=50),
        }
        for _ in range(3)
    ]


def probability(member: dict[str, np.ndarray]) -> np.ndarray:
    return 1 / (1 + np.exp(member["minus_p_background"]))


def test_an_ensemble_averages_probabilities_and_distances(members):
    combined = ensemble(members)
    assert list(combined) == ["minus_p_background", "mahalanobis_background", "max_logit"]
    assert_allclose(probability(combined), np.mean([probability(one) for one in members], axis=0), rtol=1e-12)
    for name in ("mahalanobis_background", "max_logit"):
        assert_allclose(combined[name], sum(one[name] for one in members) / 3, rtol=1e-14)


def test_averaging_probabilities_is_not_averaging_their_log_odds():
    # 0.5 and 0.99 average to 0.745, whose odds are 0.342; their odds' geometric mean is 0.1005.
    combined = ensemble([{"minus_p_background": log_odds(np.array([p]))} for p in (0.5, 0.99)])
    assert np.exp(combined["minus_p_background"][0]) == pytest.approx(0.255 / 0.745, rel=1e-12)


def test_one_vs_all_times_all_vs_all_is_the_product(members):
    ova, ava, _ = members
    combined = ova_ava(ova, ava)
    assert_allclose(probability(combined), probability(ova) * probability(ava), rtol=1e-12)
    for name in ("mahalanobis_background", "max_logit"):
        assert_allclose(combined[name], ova[name] + ava[name], rtol=1e-14)


def test_order_of_members_does_not_matter_and_equal_members_change_nothing(members):
    forward, backward = ensemble(members), ensemble(members[::-1])
    one, same = members[0], ensemble(members[:1] * 4)
    product = ova_ava(members[0], members[1]), ova_ava(members[1], members[0])
    for name in one:
        assert_allclose(forward[name], backward[name], rtol=1e-12)
        assert_allclose(same[name], one[name], rtol=1e-12, atol=1e-14)
        assert_allclose(product[0][name], product[1][name], rtol=1e-12, atol=1e-14)


def test_jets_that_round_to_certainty_keep_their_order():
    # With odds of exp(−60) and less, all these probabilities are 1 in double precision.
    surer = -np.linspace(60, 900, 30)
    member = {"minus_p_background": surer}
    assert np.all(probability(member) == 1)
    for combined in (ensemble([member, member]), ova_ava(member, member)):
        assert np.isfinite(combined["minus_p_background"]).all()
        assert np.all(np.diff(combined["minus_p_background"]) < 0)
    # 1 − (1 − q)² = 2 q for tiny q, and of p₁ p₂ = p² for tiny p.
    assert_allclose(ova_ava(member, member)["minus_p_background"], surer + np.log(2), rtol=0, atol=1e-12)
    foreign = {"minus_p_background": -surer}
    assert_allclose(ova_ava(foreign, foreign)["minus_p_background"], -2 * surer, rtol=1e-12)


def test_members_with_other_classes_and_backgrounds_combine_by_what_is_background():
    # All-vs-all knows (qcd, w, top), one-vs-all (others, qcd): each is fitted with its own background index.
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 600)
    ava_outputs = rng.normal(size=(600, 4)) + truth[:, None], rng.normal(size=(600, 3)) * 3
    ova_outputs = rng.normal(size=(600, 5)) + truth[:, None], rng.normal(size=(600, 2)) * 3
    ava_scores = fit_scores(*ava_outputs, truth, background=0)
    ova_scores = fit_scores(*ova_outputs, (truth == 0).astype(int), background=1)
    ava = {name: score(*ava_outputs) for name, score in ava_scores.items()}
    ova = {name: score(*ova_outputs) for name, score in ova_scores.items()}
    combined = ova_ava(ova, ava)
    expected = background_probability(ava_outputs[1], 0) * background_probability(ova_outputs[1], 1)
    assert_array_equal(np.argsort(combined["minus_p_background"]), np.argsort(-expected))
    assert_allclose(probability(combined), expected, rtol=1e-10)
    assert set(combined) == set(ava)


def test_only_scores_that_all_have_are_combined(members):
    del members[1]["max_logit"]
    assert list(ensemble(members)) == ["minus_p_background", "mahalanobis_background"]


def test_errors_say_what_to_do(members):
    short = {name: score[:40] for name, score in members[0].items()}
    with pytest.raises(EdgeoodError, match=r"run 3 has shape \(40,\), that of run 1 has \(50,\)"):
        ensemble([members[0], members[1], short])
    with pytest.raises(EdgeoodError, match="score the same jets with all"):
        ova_ava(members[0], short)
    with pytest.raises(EdgeoodError, match="no runs to combine"):
        ensemble([])
    with pytest.raises(EdgeoodError, match="no score in common"):
        ensemble([{"energy": np.zeros(3)}, {"max_logit": np.zeros(3)}])
