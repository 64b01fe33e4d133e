"""Every fitted score of every run on the test jets, computed once and kept."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.physics.jets import TestJets
from benchmarks.physics.side_by_side import side_by_side
from edgeood.checksums import sha256_of
from edgeood.evaluation.held_out import network_outputs
from edgeood.files.atomic import atomic_path
from edgeood.networks.build import fastest_device
from edgeood.run import Run
from edgeood.scores import load_score

Scores = dict[str, NDArray[np.float64]]


def scores_of_runs(
    folders: Sequence[Path],
    test: TestJets,
    cache: Path,
    tell: Callable[[str], None] = print,
    *,
    at_once: int | None = None,
) -> dict[str, Scores]:
    """Run name → score name → (N,) of the test jets, from ``cache`` where a run has not changed.

    The others are computed side by side, ``at_once`` of them: :func:`side_by_side`.
    """
    scores: dict[str, Scores] = {}
    waiting = []
    for folder in folders:
        run = Run.open(folder)
        stored = _stored(_file(cache, run), _fingerprint(run, test))
        if stored is not None:
            scores[folder.name] = stored
        else:
            waiting.append((folder, test, cache))
    if waiting:
        tell(f"scoring {len(test.jets)} jets with {len(waiting)} networks")
    for name, own in side_by_side(_score, waiting, at_once):
        scores[name] = own
    return {folder.name: scores[folder.name] for folder in folders}


def _score(folder: Path, test: TestJets, cache: Path) -> tuple[str, Scores]:
    """All scores of one run, left in ``cache`` as well."""
    run = Run.open(folder)
    outputs = network_outputs(run, test.jets, fastest_device(run.recipe))
    scores = {
        name: load_score(name, parameters)(outputs.representation, outputs.logits)
        for name, parameters in run.load_scores().items()
    }
    with atomic_path(_file(cache, run)) as temporary:
        np.savez(temporary, allow_pickle=False, fingerprint=_fingerprint(run, test), **scores)
    return folder.name, scores


def _file(cache: Path, run: Run) -> Path:
    return cache / f"{run.path.name}.npz"


def _fingerprint(run: Run, test: TestJets) -> str:
    files = [sha256_of(run.network_file), sha256_of(run.path / "scores.npz")]
    return hashlib.sha256("\n".join([*files, test.fingerprint]).encode()).hexdigest()


def _stored(file: Path, fingerprint: str) -> Scores | None:
    if not file.is_file():
        return None
    with np.load(file, allow_pickle=False) as content:
        if str(content["fingerprint"]) != fingerprint:
            return None
        return {name: content[name] for name in content.files if name != "fingerprint"}
