"""Hardness: a slice of the cases ends well, and what does not end well is found, whatever it is."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import yaml

from benchmarks.hardness import report
from benchmarks.hardness.families import FAMILIES
from benchmarks.hardness.family import Family, Outcome, Verdict
from benchmarks.hardness.report import as_markdown, write_report
from benchmarks.hardness.running import Finding, Tally, run_cases
from benchmarks.hardness.workers import Worker
from edgeood.errors import EdgeoodError

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
# Cases run in processes that are forked.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")


def hardness(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.hardness", *options],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


@pytest.mark.slow
def test_a_slice_of_every_family_ends_in_answers_and_sentences(tmp_path):
    done = hardness("--cases", "900", "--seed", "7", "--out", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    parts = json.loads((tmp_path / "hardness.json").read_text())["parts"]
    assert {part["family"] for part in parts} == set(FAMILIES)
    for part in parts:
        outcomes = part["outcomes"]
        assert sum(outcomes.values()) == part["cases"] >= 50
        # Neither is everything refused nor everything let through.
        assert outcomes["one sentence"] >= part["cases"] / 5
        assert outcomes["same answer"] >= part["cases"] / 50
        assert outcomes["could not be made"] <= part["cases"] / 20
    assert (tmp_path / "hardness.md").read_text().endswith("## Open\n\nNone.\n")


@pytest.mark.slow
def test_a_case_is_replayed_by_its_number():
    first, again = (hardness("--only", "recipes", "--replay", "recipes:12") for _ in range(2))
    assert first.returncode == 0
    told, told_again = (re.sub(r"/hardness-\w+/", "/", one.stdout) for one in (first, again))
    assert told == told_again != ""
    other = hardness("--replay", "recipes:13")
    assert re.fullmatch(r".+ → (same answer|another sound answer|one sentence): .*\n", other.stdout)
    for wrong, sentence in (("recipe:1", "did you mean 'recipes'"), ("recipes:x", "write family:number")):
        told = hardness("--replay", wrong)
        assert told.returncode == 2
        assert sentence in told.stderr


class Subject(NamedTuple):
    folder: Path
    deeds: list[str]


class Planted(Family[Subject]):
    """A family with one defect: what it does with a file that its second mutation has touched."""

    name = "planted"
    share = 1.0

    def __init__(self, defect: Callable[[Path], object], made: Path | None = None) -> None:
        self.defect = defect

    def begin(self, rng, folder):
        (folder / "input").write_text("sound")
        return Subject(folder, [])

    def mutate(self, subject, rng):
        subject.deeds.append(f"deed {rng.randrange(1000)}")
        return subject.deeds[-1]

    def attempt(self, subject):
        return self.defect(subject.folder)

    def judge(self, subject, answer):
        return (Outcome.SAME, "") if answer == 1 else (Outcome.FINDING, f"{answer} is wrong")

    def may_write(self, subject):
        return ("output",)


def says(sentence: str, also: Callable[[Path], object] = lambda folder: None) -> Callable[[Path], object]:
    def refuse(folder: Path) -> None:
        also(folder)
        raise EdgeoodError(sentence)

    return refuse


def forever(folder: Path) -> None:
    os.read(os.pipe()[0], 1)


def large(folder: Path) -> int:
    return len(np.ones(350 * 2**20 // 8)) // (350 * 2**20 // 8)


def prints(folder: Path) -> int:
    os.write(1, b"by the way")
    return 1


def one(write: Callable[[Path], object]) -> Callable[[Path], int]:
    return lambda folder: bool(write(folder)) * 0 + 1


SENTENCE = "the file is odd; mend it."


@pytest.mark.parametrize(
    ("defect", "outcome", "detail"),
    [
        (lambda folder: 1, Outcome.SAME, ""),
        (says(SENTENCE), Outcome.TOLD, SENTENCE),
        (one(lambda folder: (folder / "output").write_text("x")), Outcome.SAME, ""),
        (lambda folder: 2, Outcome.FINDING, "2 is wrong"),
        (lambda folder: int("x"), Outcome.FINDING, r"ValueError: invalid literal .*\(test_hardness\.py"),
        (lambda folder: 1 / 0, Outcome.FINDING, "ZeroDivisionError"),
        (lambda folder: np.float32(1e30) * np.float32(1e30), Outcome.FINDING, "RuntimeWarning: overflow"),
        (forever, Outcome.FINDING, r"took more than 0\.5 s"),
        (large, Outcome.FINDING, r"took \d+ MB more memory than it may"),
        (prints, Outcome.FINDING, "wrote by the way: by the way"),
        (lambda folder: os.abort(), Outcome.FINDING, "the process ended with -6"),
        (says("odd"), Outcome.FINDING, "no sentence: 'odd'"),
        (one(lambda folder: (folder / "input").write_text("x")), Outcome.FINDING, "input was changed"),
        (one(lambda folder: (folder / "input").unlink()), Outcome.FINDING, "input was left or lost"),
        (one(lambda folder: (folder / "more").mkdir()), Outcome.FINDING, "more was left or lost"),
        (
            says(SENTENCE, lambda folder: (folder / "output").write_text("half")),
            Outcome.FINDING,
            "output was left or lost",
        ),
    ],
)
def test_what_does_not_end_well_is_found(defect, outcome, detail, tmp_path):
    worker = Worker(Planted(defect), 1, tmp_path / "cases", most_seconds=0.5 if defect is forever else 10)
    try:
        verdict = worker.run(3, (0, 1))
    finally:
        worker.stop()
    assert verdict.outcome is outcome
    assert re.match(detail, verdict.detail), verdict.detail
    assert len(verdict.story) == 2


def test_a_finding_is_told_with_the_fewest_mutations(tmp_path):
    class Marked(Planted):
        def mutate(self, subject, rng):
            deed = "harm" if rng.random() < 0.4 else "no harm"
            subject.deeds.append(deed)
            (subject.folder / deed.replace(" ", "_")).touch()
            return deed

    told: list[str] = []
    family = Marked(lambda folder: 2 - (not (folder / "harm").exists()))
    tally = run_cases(family, 1, range(10, 40), tmp_path / "cases", told.append)
    assert tally.counts.total() == 30
    assert 0 < tally.counts["finding"] == len(tally.findings) < 30
    assert [found.line() for found in tally.findings] == told
    for found in tally.findings:
        assert found.verdict.story == ("harm",)
        assert re.fullmatch(r"planted:\d+ harm → 2 is wrong", found.line())


def test_the_process_of_the_caller_outlives_every_case(tmp_path):
    family = Planted(lambda folder: os.abort())
    tally = run_cases(family, 1, range(3), tmp_path / "cases")
    assert tally.counts == {"finding": 3}


def a_tally(first: int, outcome: Outcome = Outcome.TOLD) -> Tally:
    tally = Tally("jets", 1, first, 2.0)
    tally.counts[outcome.value] += 100
    if outcome is Outcome.FINDING:
        tally.findings.append(
            Finding("jets", first, (0,), Verdict(outcome, "ValueError", ("a bit flipped",)))
        )
    return tally


def test_a_report_grows_by_parts_and_says_what_is_open(tmp_path):
    write_report(tmp_path, [a_tally(0, Outcome.FINDING)])
    write_report(tmp_path, [a_tally(100)])
    text = (tmp_path / "hardness.md").read_text()
    assert "| jets | 200 | 50 |" in text
    assert "- jets:0 a bit flipped → ValueError" in text
    # The same cases again, once it is mended.
    write_report(tmp_path, [a_tally(0)])
    text = (tmp_path / "hardness.md").read_text()
    assert "| jets | 200 | 50 | 0 | 0 | 200 | 0 | 0 | 0 |" in text
    assert text.endswith("## Open\n\nNone.\n")


def test_the_report_in_the_repository_is_that_of_its_record():
    record = json.loads((RESULTS / "hardness.json").read_text())
    notes = yaml.safe_load(report.NOTES.read_text(encoding="utf-8"))
    assert (RESULTS / "hardness.md").read_text() == as_markdown(record, notes)
    parts = record["parts"]
    assert {part["family"] for part in parts} == set(FAMILIES)
    assert sum(part["cases"] for part in parts) >= 50_000
    assert not [line for part in parts for line in part["findings"]]
