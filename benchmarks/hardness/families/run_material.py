"""Runs that cases start from: of release 0.1, of today, and released ones, with their right scores."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import edgeood
from benchmarks.hardness.family import Outcome
from edgeood.jets.format import read_jets, write_jets
from edgeood.resources import released_folder
from edgeood.run import Run
from edgeood.scores.fused import FUSED_SCORES

_WRITTEN_BY_0_1 = Path(__file__).parents[3] / "tests" / "data" / "runs_0_1"
_JETS = 12
Answers = dict[tuple[str, str, str], NDArray[np.float64]]
"""Run, engine, score → scores of the jets of :func:`few_jets`."""


def few_jets(path: Path) -> Path:
    """Write a file with a few jets of every process that a released detector comes with."""
    jets = read_jets(released_folder() / "particlenet-lite" / "jets.h5")
    write_jets(path, jets[:: len(jets) // _JETS][:_JETS], {})
    return path


def sealed_runs(material: Path) -> list[str]:
    """Write runs of release 0.1 as this one would; returns their names, ``new-…``."""
    for name, base, scale in (
        ("new-float", "float", 1.0),
        ("new-twin", "twin", 1.0),
        ("new-other", "twin", 1.25),
    ):
        _sealed(_WRITTEN_BY_0_1 / base, material / name, scale)
    return ["new-float", "new-other", "new-twin"]


def other_runs(material: Path) -> list[str]:
    """Copy runs as release 0.1 wrote them, ``old-…``, and released detectors; returns their names."""
    names = []
    for name in ("float", "twin", "lite", "brevitas"):
        shutil.copytree(_WRITTEN_BY_0_1 / name, material / f"old-{name}")
        names.append(f"old-{name}")
    for folder in sorted(path for path in released_folder().iterdir() if path.is_dir()):
        shutil.copytree(folder, material / folder.name, ignore=shutil.ignore_patterns("*.qonnx.onnx"))
        names.append(folder.name)
    return names


def _sealed(old: Path, folder: Path, scale: float) -> None:
    """A run of release 0.1 as this one would write it, exported; ``scale`` multiplies its weights."""
    from safetensors.numpy import load_file, save_file

    shutil.copytree(old, folder, ignore=shutil.ignore_patterns("export"))
    before = Run.open(folder)
    weights: dict[str, Any] = load_file(before.network_file)
    if scale != 1:
        save_file(
            {name: (one * scale).astype(one.dtype) for name, one in weights.items()}, before.network_file
        )
    run = Run.finish(folder, before.recipe, before.manifest["data"], scores=before.load_scores())
    for score in FUSED_SCORES:
        edgeood.export.to(run, "onnx", score=score)


def answers(folder: Path, names: list[str], jets: Path) -> Answers:
    """The right scores of every run by every engine that it has."""
    found: Answers = {}
    for name in names:
        for score in FUSED_SCORES:
            if (folder / name / "export").is_dir():
                found[name, "onnxruntime", score] = edgeood.score(folder / name, jets, score=score)
            if not (folder / name / "card.json").is_file():
                found[name, "network", score] = edgeood.score(
                    folder / name, jets, engine="network", score=score
                )
    return found


def verdict_on_scores(
    answer: NDArray[np.float64], right: NDArray[np.float64], vouched: str | None
) -> tuple[Outcome, str]:
    """The scores of what was changed: the right ones, or some number for each jet where no digest vouches for it.

    ``vouched`` says what it is, if one does.
    """
    if np.array_equal(answer, right):
        return Outcome.SAME, ""
    if vouched is not None:
        return Outcome.FINDING, f"other scores of {vouched}, without a word"
    if answer.shape != right.shape or np.isnan(answer).any():
        return Outcome.FINDING, "a jet has no number as its score"
    return Outcome.OTHER, ""
