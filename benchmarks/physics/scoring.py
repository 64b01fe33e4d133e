"""Every fitted score of every run on the test jets, computed once and kept."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.physics.jets import TestJets
from edgeood.atomic import atomic_path
from edgeood.inputs import inputs_of
from edgeood.run import Run, sha256_of
from edgeood.scores import load_score

_AT_ONCE = 8192
"""Jets whose inputs are in memory together (80 MB of images)."""

Scores = dict[str, NDArray[np.float64]]


def scores_of_runs(
    folders: Sequence[Path], test: TestJets, cache: Path, tell: Callable[[str], None] = print
) -> dict[str, Scores]:
    """Run name → score name → (N,) of the test jets, from ``cache`` where a run has not changed.

    Inputs are computed once for all runs that share their settings.
    """
    scores: dict[str, Scores] = {}
    waiting: dict[str, list[Run]] = {}
    for folder in folders:
        run = Run.open(folder)
        stored = _stored(_file(cache, run), _fingerprint(run, test))
        if stored is not None:
            scores[folder.name] = stored
        else:
            waiting.setdefault(json.dumps(run.recipe.inputs.model_dump(), sort_keys=True), []).append(run)
    for settings, runs in waiting.items():
        tell(f"scoring {len(test.jets)} jets with {', '.join(run.path.name for run in runs)}")
        for run, own in zip(runs, _computed(runs, test, json.loads(settings)), strict=True):
            scores[run.path.name] = own
            with atomic_path(_file(cache, run)) as temporary:
                np.savez(temporary, allow_pickle=False, fingerprint=_fingerprint(run, test), **own)
    return scores


def _computed(runs: Sequence[Run], test: TestJets, settings: Mapping[str, object]) -> list[Scores]:
    import torch

    from edgeood.networks.build import outputs_of
    from edgeood.networks.load import load_network

    device = "cuda" if torch.cuda.is_available() else "cpu"
    networks = [load_network(run).to(device) for run in runs]
    fitted = [
        {name: load_score(name, parameters) for name, parameters in run.load_scores().items()} for run in runs
    ]
    parts: list[dict[str, list[NDArray]]] = [{name: [] for name in own} for own in fitted]
    for start in range(0, len(test.jets), _AT_ONCE):
        inputs = inputs_of(test.jets[start : start + _AT_ONCE], settings)
        for network, scores, part in zip(networks, fitted, parts, strict=True):
            outputs = outputs_of(network, inputs)
            for name, score in scores.items():
                part[name].append(score(outputs.representation, outputs.logits))
    return [{name: np.concatenate(pieces) for name, pieces in part.items()} for part in parts]


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
