"""The goals of quantization on rows of known numbers."""

import json

import pytest

from benchmarks.quantization.goals import goals_section, largest_loss, missed
from benchmarks.quantization.measures import MEAN, Compared
from benchmarks.quantization.rows import Row, to_json


def known_row(**changes: object) -> Row:
    """A row whose numbers reach the goals of 8 bits, but for ``changes``; made up."""
    loss, jsd = changes.pop("loss", 0.004), changes.pop("jsd", 0.345)
    compared = {MEAN: {"auroc": Compared((0.9, 0.002), (0.9 - loss, 0.002), (-loss, 0.0004))}}
    shares = {
        of: {share: {"jsd": (value, 0.003), "wasserstein_gev": (20.0, 1.0)} for share in ("0.5", "0.01")}
        for of, value in (("teacher", 0.34), ("twin", jsd))
    }
    fields = {
        **{"network": "particlenet_lite", "size": 16, "identity": True, "leptons_first": True},
        **{"toolkit": "brevitas", "bits_weights": 8, "bits_activations": 8, "score": "max_logit"},
        **{"ebops": 1000, "detection": compared, "within_mass": compared, "sculpting": shares},
        **{"decisions": {}, "engines": ("network", "csim"), "mismatches": 0, "decision_mismatches": 0},
        **{"compared": {}, "full": {}, "jets": 100, "background_jets": 50, "fresh_background": True},
        **{"trained_jets": 10, "epochs": 1, "run": "twin", "teacher": "float"},
    }
    return Row(**{**fields, **changes})


def test_goals_go_by_bits():
    assert [largest_loss(bits) for bits in (3, 4, 5, 6, 7, 8, 9)] == [
        0.02,
        0.02,
        0.01,
        0.01,
        0.005,
        0.005,
        None,
    ]
    assert missed(known_row()) == []
    assert missed(known_row(loss=-0.1)) == [], "better than its teacher"
    assert missed(known_row(loss=0.006)) == [
        "AUROC within mass 0.0060 ± 0.0004 below the float network's, more than 0.005"
    ]
    six = {"bits_weights": 6, "bits_activations": 5}
    assert missed(known_row(loss=0.006, **six)) == []
    assert missed(known_row(loss=0.011, **six)) == [
        "AUROC within mass 0.0110 ± 0.0004 below the float network's, more than 0.01"
    ]
    # Activations count as weights do.
    assert len(missed(known_row(loss=0.011, bits_weights=4))) == 1
    assert missed(known_row(loss=0.019, bits_weights=4, bits_activations=4)) == []
    assert missed(known_row(bits_activations=10)) == ["10 bits, more than 8"]


def test_the_mass_spectrum_may_differ_by_twice_the_noise_and_no_integer_at_all():
    # 2 √(0.003² + 0.003²) = 0.0085
    assert missed(known_row(jsd=0.3484)) == []
    assert missed(known_row(jsd=0.3486)) == [
        "JSD at 1 % 0.009 above the float network's, more than the noise, 0.008"
    ]
    assert missed(known_row(mismatches=2, decision_mismatches=1)) == [
        "2 mismatches",
        "1 mismatches of decisions",
    ]
    assert missed(known_row(mismatches=None, decision_mismatches=None)) == []


def test_what_misses_a_goal_is_listed_by_number():
    rows = [known_row(), known_row(loss=0.03), known_row(mismatches=2, toolkit="qkeras", size=8)]
    lines = goals_section(rows).splitlines()
    assert "at most 0.005 (8 bits), 0.01 (6 bits), 0.02 (4 bits)" in lines[0]
    assert lines[0].endswith("Missed by 2 of 3 rows:")
    name = "candidates, identities, leptons first"
    bits = "8-bit weights, 8-bit activations, max-logit"
    assert lines[2:] == [
        f"1. ParticleNet-lite, 16 {name}, Brevitas, {bits}: AUROC within mass 0.0300 ± 0.0004 below the float "
        "network's, more than 0.005.",
        f"2. ParticleNet-lite, 8 {name}, QKeras, {bits}: 2 mismatches.",
    ]
    assert goals_section(rows[:1]).endswith("All 1 rows reach them.")
    assert json.loads(to_json(rows[1:2]))[0]["flattened_quantized"] == pytest.approx(0.87)
