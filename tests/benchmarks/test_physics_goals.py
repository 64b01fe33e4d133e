"""Goals beside what rows reach, and the table about a trigger's working point, from rows of known numbers."""

import dataclasses

import pytest

from benchmarks.physics.goals import GOALS, goals_table
from benchmarks.physics.row_tables import working_point_table
from benchmarks.physics.rows import Row, compared
from benchmarks.physics.systems import ABLATIONS, SYSTEMS, UNSEEN
from edgeood.evaluation.labels import FLATTENED

BY_NAME = {system.name: system for system in (*SYSTEMS, *ABLATIONS)}


def row(system: str, score: str, signal: str, auroc: float, published: float | None = None) -> Row:
    """A row whose efficiency is half of its AUROC, and whose score knows little of mass."""
    made = Row(
        BY_NAME[system].table, system, score, signal, True, auroc, 0.01, "bootstrap", published, 9.0,
        2.0, 3.0, 0.04, 0.2, 17.0, -0.06, 1000, 30, 1, 100, 500,
    )  # fmt: skip
    sculpted = {"jsd": (0.2, 0.01), "jsd_chance": 0.013, "wasserstein_gev": (8.0, 1.0)}
    sculpted["wasserstein_gev_chance"] = 2.5
    detected = sculpted | {"efficiency": (auroc / 2, 0.01), "sic": (5 * auroc, 0.1)}
    points = {"0.1": sculpted, "0.01": detected, "0.001": detected | {"jsd_chance": 0.35}}
    return dataclasses.replace(made, at_working_points=points)


def reached(rows: list[Row]) -> dict[str, str]:
    """What is to be reached → the cell that says how far it is."""
    lines = goals_table(rows).splitlines()
    assert lines[2:4] == ["| what | reached | goal |", "| --- | --- | --- |"]
    cells = [line.replace("\\|", "").strip("| ").split(" | ") for line in lines[4:]]
    return {what: found for what, found, _ in cells}


def test_goals_are_of_systems_and_papers_scores_that_exist():
    for goal in GOALS:
        system = BY_NAME[goal.system]
        assert goal.score.removesuffix(FLATTENED) in system.labels
        assert set(goal.signals) <= set(system.signals)
        assert len(goal.bounds) in (0, len(goal.signals))


def test_without_rows_nothing_is_reached():
    assert set(reached([]).values()) == {"—"}


def test_what_is_reached_is_bold_by_the_number_before_rounding():
    values = (0.96, 0.9299, 0.95)
    score = f"minus_p_background{FLATTENED}"
    rows = [row("identity-augmented", score, *own) for own in zip(UNSEEN, values, strict=True)]
    found = reached([*rows, row("nurd", "max_logit", "top_1tev", 0.92)])
    of_identities = "Set A, identities, one ParticleNet, −p_QCD flattened in mass"
    assert found[f"{of_identities}: AUROC"] == "**0.960** / 0.930 / **0.950**"
    assert found[f"{of_identities}: ε_S at ε_B = 1 %"] == "48.0 / 46.5 / 47.5 %"
    assert found["Set B, one NuRD, max-logit: AUROC"] == "0.920"
    assert found["Set B, one NuRD, max-logit: JSD at one half"] == "**0.040** bit"
    assert found["Set B, one NuRD, max-logit: W₂ at one half"] == "17.0 GeV"
    assert found["Set B, one NuRD, max-logit, flattened in mass: AUROC"] == "—"


def test_a_correlation_is_bounded_in_magnitude():
    found = reached([row("particlenet-augmented", "minus_p_background", signal, 0.95) for signal in UNSEEN])
    assert found["Set A, momenta alone, one ParticleNet, −p_QCD: ρ(score, mass)"] == "-0.060"
    assert (
        found["Set A, momenta alone, one ParticleNet, −p_QCD: AUROC"] == "**0.950** / **0.950** / **0.950**"
    )


def test_published_values_are_compared_with_scores_of_the_papers_alone():
    score = "minus_p_background"
    rows = [row("particlenet", score, UNSEEN[0], 0.7, 0.72), row("particlenet", score, UNSEEN[1], 0.7, 0.6)]
    rows += [row("particlenet", "energy", UNSEEN[0], 0.5)]
    rows += [row("sngp-augmented", score + FLATTENED, UNSEEN[0], 0.5, 0.9)]
    assert [above for _, above in compared(rows)] == pytest.approx([-0.02, 0.1])
    found = reached(rows)
    assert found["Published AUROCs that ours are more than 0.015 below"] == "**1** of 2"
    assert found["Published AUROCs that ours are more than 0.05 below"] == "**0** of 2"


def test_the_trigger_s_table_has_each_working_point_that_was_measured():
    rows = [row("nurd", "max_logit", "top_1tev", 0.9), row("nurd", f"max_logit{FLATTENED}", "top_1tev", 0.8)]
    head, _, plain, flat, chance = working_point_table(rows).splitlines()
    assert head == (
        "| system | score | top_1tev, ε_S at 1 % | top_1tev, ε_S at 0.1 % | JSD [bit] at 10 % | JSD [bit] at 1 % "
        "| JSD [bit] at 0.1 % | W₂ [GeV] at 1 % |"
    )
    assert plain == (
        "| NuRD with overlaid jets | max-logit | 45.0 ± 1.0 (4.50) | 45.0 ± 1.0 (4.50) | 0.200 ± 0.010 "
        "| 0.200 ± 0.010 | 0.200 ± 0.010 | 8.0 ± 1.0 |"
    )
    assert flat.startswith("| NuRD with overlaid jets | max-logit, flattened in mass | 40.0 ± 1.0 (4.00)")
    assert chance == "| by chance |  |  |  | 0.013 | 0.013 | 0.35 | 2.5 |"
