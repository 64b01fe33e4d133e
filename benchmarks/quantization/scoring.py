"""The fused scores of every run on the held-out jets, computed once and kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.quantization.jets import HeldOutJets
from edgeood.checksums import sha256_of
from edgeood.files.atomic import atomic_path
from edgeood.inputs import inputs_of
from edgeood.run import Run
from edgeood.runtime.network import open_network
from edgeood.scores.fused import FUSED_SCORES, firmware_score

_AT_ONCE = 8192

ALONE = {"max_logit": "minus_p_background", "mahalanobis_diagonal": "mahalanobis_background"}
"""What the fused scores mean where the background alone is normal."""

Scores = dict[str, NDArray[np.float64]]
"""Score → (N,)"""


def identity_of(run: Run) -> str:
    """What a run's scores depend on: checksums of its weights and of its fitted scores."""
    return sha256_of(run.network_file) + sha256_of(run.path / "scores.npz")


def fused_scores_of(run: Run) -> list[str]:
    """The fused scores that firmware can compute of a twin: one that misses its error budget is left out."""
    recipe, parameters = run.recipe, run.load_scores()
    return [
        name
        for name in FUSED_SCORES
        if name in parameters and firmware_score(recipe, name, parameters[name]) is not None
    ]


def scores_of(run: Run, test: HeldOutJets, folder: Path, tell: Callable[[str], None]) -> Scores:
    """The fused scores of the test jets, in fixed point for a twin; for a float run, :data:`ALONE` as well."""
    if run.quantized:
        names = fused_scores_of(run)
    else:
        names = [name for name in (*FUSED_SCORES, *ALONE.values()) if name in run.load_scores()]
    file, key = folder / f"scores-{run.path.name}.npz", identity_of(run) + test.fingerprint
    if file.is_file():
        with np.load(file, allow_pickle=False) as content:
            if str(content["key"]) == key:
                return {name: content[name] for name in names}
    tell(f"scoring {len(test.jets):,} jets with {run.path.name}")
    engines = {name: open_network(run, name) for name in names}
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in engines}
    settings = run.manifest["recipe"]["inputs"]
    for start in range(0, len(test.jets), _AT_ONCE):
        inputs = inputs_of(test.jets[start : start + _AT_ONCE], settings, f"run {run.path}")
        for name, engine in engines.items():
            parts[name].append(engine(inputs))
    scores = {name: np.concatenate(own) for name, own in parts.items()}
    with atomic_path(file) as temporary:
        np.savez(temporary, allow_pickle=False, key=key, **scores)
    return scores
