"""The whole benchmark at its smoke scale: jets, all systems, the results table."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.physics.__main__ import benchmark
from benchmarks.physics.goals import GOALS, LARGEST_GAPS
from benchmarks.physics.jets import counts
from benchmarks.physics.rows import Row
from benchmarks.physics.scales import load_scale
from benchmarks.physics.systems import ABLATIONS, SYSTEMS, TABLES, systems_named
from edgeood.errors import EdgeoodError
from edgeood.evaluation.labels import FLATTENED
from edgeood.evaluation.published import PUBLISHED

ROOT = Path(__file__).parents[2]
REQUIRED = {
    *("table", "system", "score", "signal", "decorrelated", "auroc", "error", "published", "rejection50"),
    *("sic50", "max_sic", "jsd", "wasserstein_gev", "spearman_mass", "jets", "epochs", "seeds"),
    "constituents",
}
CLASSIFIER = {"max_logit", "energy", "mahalanobis", "relative_mahalanobis", "nearest_neighbours"}
BY_NAME = {system.name: system for system in (*SYSTEMS, *ABLATIONS)}
SMOKE = {"given": {}, "backgrounds": {}, "only": [], "settings": []}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that the smoke scale leaves behind."""
    folder = tmp_path_factory.mktemp("physics")
    benchmark("smoke", folder, folder / "results", **SMOKE)
    return folder


@pytest.fixture(scope="module")
def rows(work: Path) -> list[dict]:
    return json.loads((work / "results" / "physics.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_every_system_score_and_signal_has_a_finite_auroc(rows):
    found = {(row["system"], row["score"], row["signal"]): row for row in rows}
    assert len(found) == len(rows)
    wanted = {
        (system.name, score, signal)
        for system in (*SYSTEMS, *systems_named(load_scale("smoke").ablations))
        for score in {*system.labels, *(set() if "vae" in system.name else CLASSIFIER)}
        for signal in system.signals
    }
    assert len(wanted) > 350
    assert wanted <= set(found)
    assert all(0 <= row["auroc"] <= 1 and row["error"] >= 0 for row in rows)
    for row in rows:
        full = _is_labelled(row)
        for name in ("jsd", "js_distance", "wasserstein_gev", "spearman_mass", "max_sic"):
            assert (row[name] is not None and np.isfinite(row[name])) == full, name
        assert bool(row["at_working_points"]) == full
    assert {row["table"] for row in rows} == set(TABLES)


def _is_labelled(row: dict) -> bool:
    return row["score"].removesuffix(FLATTENED) in BY_NAME[row["system"]].labels


@pytest.mark.slow
def test_the_papers_scores_are_measured_where_a_trigger_works(rows):
    labelled = [row for row in rows if _is_labelled(row)]
    assert len(labelled) > 250
    for row in labelled:
        found = row["at_working_points"]
        assert list(found) == ["0.1", "0.01"], "1200 jets measure no 0.1 %"
        assert set(found["0.1"]) == {"jsd", "wasserstein_gev", "jsd_chance", "wasserstein_gev_chance"}
        assert set(found["0.01"]) == {*found["0.1"], "efficiency", "sic"}
        for own in found.values():
            assert np.isfinite([number for pair in own.values() for number in np.ravel(pair)]).all()
            assert 0 < own["jsd"][0] < 1
            assert own["jsd_chance"] > 0
            assert own["wasserstein_gev_chance"] > 0
        efficiency, sic = found["0.01"]["efficiency"], found["0.01"]["sic"]
        assert sic == pytest.approx([10 * number for number in efficiency])
        assert found["0.01"]["jsd_chance"] > found["0.1"]["jsd_chance"], "the fewer jets, the more chance"
    assert len({row["at_working_points"]["0.01"]["jsd_chance"] for row in labelled}) == 2, "one for each set"


@pytest.mark.slow
def test_background_is_fresh(work, rows):
    assert {row["test_background"] for row in rows} == {1200}
    for name, own in load_scale("smoke").background_jets.items():
        assert counts(work / f"background-{name}") == own


@pytest.mark.slow
def test_flattening_takes_the_mass_out(rows):
    """On average over systems: at this scale a single one of them may know no mass to begin with."""
    found: dict[bool, list[list[float]]] = {True: [], False: []}
    for row in rows:
        if _is_labelled(row):
            tenth = row["at_working_points"]["0.1"]
            found[row["score"].endswith(FLATTENED)].append([row["jsd"], tenth["jsd"][0], tenth["jsd_chance"]])
    of_flattened, of_scores = (np.mean(found[flat], axis=0) for flat in (True, False))
    assert len(found[True]) == len(found[False])
    assert of_flattened[0] < 0.7 * of_scores[0]
    assert of_flattened[1] < 0.8 * of_scores[1]
    assert of_flattened[1] < 1.3 * of_flattened[2], "little more than chance"


@pytest.mark.slow
def test_published_values_stand_where_the_papers_have_them(rows):
    own = [row for row in rows if not row["score"].endswith(FLATTENED)]
    beside = [row["published_measures"]["auroc"][0] for row in own if row["published"] is not None]
    printed = [own["auroc"][0] for line in PUBLISHED for own in line.detection.values() if "auroc" in own]
    assert len(printed) > 60
    assert sorted(beside) == sorted(printed), "each published AUROC once"
    row = next(r for r in rows if (r["system"], r["score"]) == ("nurd", "max_logit"))
    assert row["published"] == 0.914
    assert row["published_measures"]["wasserstein_gev"] == [24.4, None]
    (best,) = [r for r in own if "rejection50" in r["published_measures"]]
    assert (best["system"], best["score"], best["signal"]) == (
        "ensemble-augmented", "minus_p_background", "higgs_h20"
    )  # fmt: skip


@pytest.mark.slow
def test_rows_have_exactly_their_fields_and_say_what_they_were_made_of(rows):
    fields = {field.name for field in dataclasses.fields(Row)}
    assert fields >= REQUIRED
    assert all(set(row) == fields for row in rows)
    for row in rows:
        assert row["epochs"] == 1
        assert row["jets"] > 100
        system = BY_NAME[row["system"]]
        assert row["error_from"] == ("seeds" if system.headline else "bootstrap")
        assert row["seeds"] == (3 if system.headline else 2 if system.combination == "ensemble" else 1)
        assert 1 <= row["constituents"] <= 32
    halved = {row["system"]: row["jets"] for row in rows}
    assert halved["ablation-half"] < halved["particlenet-augmented"]


@pytest.mark.slow
def test_the_markdown_names_every_system_and_what_is_below_the_papers(work, rows):
    text = (work / "results" / "physics.md").read_text(encoding="utf-8")
    assert all(f"| {system.title} |" in text for system in SYSTEMS)
    assert all(f"## {title}" in text for title in TABLES.values())
    own = [row for row in rows if row["published"] is not None and not row["score"].endswith(FLATTENED)]
    below = sum(row["auroc"] < row["published"] for row in own)
    section = text.split("## Below the papers")[1].split("\n## ")[0]
    assert section.count("\n- ") == below > 0
    assert "Not trained yet" not in text
    table = text.split("## Set B")[1].split("AUROC:\n\n")[1].split("\n\n")[0].splitlines()
    assert len({line.count("|") for line in table}) == 1, "every line has the same columns"
    for title in TABLES.values():
        first = text.split(f"## {title}")[1].split("\n\n")[2:4]
        assert first[0].startswith("At the trigger's working point")
        lines = first[1].splitlines()
        assert len({line.count("|") for line in lines}) == 1
        assert lines[0].endswith("| JSD [bit] at 10 % | JSD [bit] at 1 % | W₂ [GeV] at 1 % |")
        assert lines[-1].startswith("| by chance |")


@pytest.mark.slow
def test_the_markdown_says_how_far_the_goals_are(work, rows):
    text = (work / "results" / "physics.md").read_text(encoding="utf-8")
    section = text.split("\n## ")[1]
    assert section.startswith("Goals\n")
    lines = section.split("| --- | --- | --- |\n")[1].strip().splitlines()
    assert len(lines) == len(GOALS) + len(LARGEST_GAPS)
    assert not any("—" in line for line in lines), "every system has rows"
    flat = [
        row["auroc"]
        for row in rows
        if (row["system"], row["score"]) == ("identity-augmented", f"minus_p_background{FLATTENED}")
    ]
    assert f"| {' / '.join(f'{value:.3f}' for value in flat)} | ≥ 0.960 / 0.930 / 0.870 |" in lines[
        0
    ].replace("*", "")
    compared = [row for row in rows if row["published"] is not None and not row["score"].endswith(FLATTENED)]
    further = sum(row["auroc"] < row["published"] - 0.05 for row in compared)
    assert f"| {further} of {len(compared)} | ≤ 2 |" in lines[-1]


@pytest.mark.slow
def test_a_second_call_trains_nothing_and_writes_the_same_rows(work, tmp_path):
    stamps = {path: path.stat().st_mtime_ns for path in (work / "runs").glob("*/run.json")}
    assert len(stamps) > 20
    benchmark("smoke", work, tmp_path, **SMOKE)
    assert {path: path.stat().st_mtime_ns for path in (work / "runs").glob("*/run.json")} == stamps
    for name in ("physics.json", "physics.md"):
        assert (tmp_path / name).read_bytes() == (work / "results" / name).read_bytes()


@pytest.mark.slow
def test_background_that_is_trained_on_is_told_first(work, tmp_path, capsys):
    wrong = SMOKE | {"backgrounds": {"b": work / "generated-b"}}
    with pytest.raises(EdgeoodError, match="is trained on; give --background-b"):
        benchmark("smoke", work, tmp_path, **wrong)
    assert capsys.readouterr().out == "", "before anything is trained or measured"


def test_the_command_tells_a_mistake_in_one_sentence(tmp_path):
    command = [sys.executable, "-m", "benchmarks.physics", "--scale", "cup", "--work", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "benchmarks.physics: there is no scale 'cup'; choose from smoke, cpu, gpu, paper.\n"
