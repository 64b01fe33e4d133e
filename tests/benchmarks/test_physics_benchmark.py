"""The whole benchmark at its smoke scale: jets, all systems, the results table."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.physics.__main__ import benchmark
from benchmarks.physics.rows import Row
from benchmarks.physics.scales import load_scale
from benchmarks.physics.systems import ABLATIONS, SYSTEMS, TABLES, systems_named
from edgeood.evaluation.published import PUBLISHED

ROOT = Path(__file__).parents[2]
REQUIRED = {
    *("table", "system", "score", "signal", "decorrelated", "auroc", "error", "published", "rejection50"),
    *("sic50", "max_sic", "jsd", "wasserstein_gev", "spearman_mass", "jets", "epochs", "seeds"),
    "constituents",
}
CLASSIFIER = {"max_logit", "energy", "mahalanobis", "relative_mahalanobis", "nearest_neighbours"}
BY_NAME = {system.name: system for system in (*SYSTEMS, *ABLATIONS)}
SMOKE = {"given": {}, "only": [], "settings": []}


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
    for name in ("jsd", "js_distance", "wasserstein_gev", "spearman_mass", "max_sic"):
        assert all(np.isfinite(row[name]) for row in rows), name
    assert {row["table"] for row in rows} == set(TABLES)


@pytest.mark.slow
def test_published_values_stand_where_the_papers_have_them(rows):
    beside = [row["published_measures"]["auroc"][0] for row in rows if row["published"] is not None]
    printed = [own["auroc"][0] for line in PUBLISHED for own in line.detection.values() if "auroc" in own]
    assert len(printed) > 60
    assert sorted(beside) == sorted(printed), "each published AUROC once"
    row = next(r for r in rows if (r["system"], r["score"]) == ("nurd", "max_logit"))
    assert row["published"] == 0.914
    assert row["published_measures"]["wasserstein_gev"] == [24.4, None]
    (best,) = [r for r in rows if "rejection50" in r["published_measures"]]
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
    own = [row for row in rows if row["published"] is not None and not row["score"].endswith("_flattened")]
    below = sum(row["auroc"] < row["published"] for row in own)
    section = text.split("## Below the papers")[1].split("\n## ")[0]
    assert section.count("\n- ") == below > 0
    assert "Not trained yet" not in text
    table = text.split("## Set B")[1].split("AUROC:\n\n")[1].split("\n\n")[0].splitlines()
    assert len({line.count("|") for line in table}) == 1, "every line has the same columns"


@pytest.mark.slow
def test_a_second_call_trains_nothing_and_writes_the_same_rows(work, tmp_path):
    stamps = {path: path.stat().st_mtime_ns for path in (work / "runs").glob("*/run.json")}
    assert len(stamps) > 20
    benchmark("smoke", work, tmp_path, **SMOKE)
    assert {path: path.stat().st_mtime_ns for path in (work / "runs").glob("*/run.json")} == stamps
    for name in ("physics.json", "physics.md"):
        assert (tmp_path / name).read_bytes() == (work / "results" / name).read_bytes()


def test_the_command_tells_a_mistake_in_one_sentence(tmp_path):
    command = [sys.executable, "-m", "benchmarks.physics", "--scale", "cup", "--work", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "benchmarks.physics: there is no scale 'cup'; choose from smoke, cpu, paper.\n"
