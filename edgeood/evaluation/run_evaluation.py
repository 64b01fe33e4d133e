"""``edgeood evaluate``: a run on jets it was never trained on → metrics, tables and figures."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.atomic import write_text
from edgeood.errors import EdgeoodError
from edgeood.evaluation.evaluate import evaluate_scores
from edgeood.evaluation.mass_decorrelation import markdown_report, mass_decorrelation
from edgeood.evaluation.tables import markdown_table
from edgeood.inputs import inputs_of
from edgeood.jets.format import Jets, read_jets
from edgeood.jets.split import TEST
from edgeood.networks.build import OutputArrays, outputs_of
from edgeood.networks.load import load_network
from edgeood.recipe import Recipe
from edgeood.run import Run
from edgeood.scores import AnomalyScore, load_score
from edgeood.scores.fused import FUSED_SCORES, FusedScore, fused_score
from edgeood.training.known_jets import jet_paths, split_jets

_PART = 8192
"""Jets whose inputs are computed together; a multiple of the batch of ``outputs_of``."""


@dataclass(frozen=True)
class HeldOut:
    """Jets that no training has seen, and what a run's network and scores make of them."""

    jets: Jets
    scores: dict[str, NDArray[np.float64]]
    """score name → (N,) scores"""
    thresholds: dict[str, float]
    """score name → threshold of the run's working point"""
    outputs: OutputArrays
    """the network's representation (N, D) and logits (N, K)"""


def held_out_jets(recipe: Recipe, files: Sequence[str | os.PathLike[str]]) -> Jets:
    """Test jets of the known classes and every jet of the signals, in file order.

    Raises :class:`EdgeoodError` if no jets of the background are among them.
    """
    jets = read_jets(files)
    signals = [name for members in recipe.data.signals.values() for name in members]
    known = [name for members in recipe.data.classes.values() for name in members]
    relevant = np.isin(jets.process_names, known + signals)
    jets = jets[relevant & (split_jets(jets, recipe.data) == TEST)]
    background = recipe.data.classes[recipe.data.background]
    if not np.isin(jets.process_names, background).any():
        raise EdgeoodError(
            f"the files hold no test jets of the background ({', '.join(background)}); generate them or correct "
            "data.classes."
        )
    return jets


def score_held_out(run: Run, jets: Jets) -> HeldOut:
    """Every fitted score of a run's network on ``jets``.

    A quantized run's fused scores are those of the firmware, in its fixed point; the full Mahalanobis distance,
    which no firmware computes, is of its representation.
    """
    recipe = run.recipe
    outputs = _outputs(run, jets)
    fitted: dict[str, AnomalyScore | FusedScore] = {}
    for name, parameters in run.load_scores().items():
        firmware = run.quantized and name in FUSED_SCORES
        fitted[name] = fused_score(recipe, name, parameters) if firmware else load_score(name, parameters)
    return HeldOut(
        jets,
        {name: score(outputs.representation, outputs.logits) for name, score in fitted.items()},
        {name: score.threshold for name, score in fitted.items()},
        outputs,
    )


def _outputs(run: Run, jets: Jets) -> OutputArrays:
    """The network's outputs on ``jets``; only a part's inputs, the larger by far, are in memory at a time."""
    network, settings = load_network(run), run.recipe.inputs.model_dump()
    parts = [
        outputs_of(network, inputs_of(jets[start : start + _PART], settings))
        for start in range(0, len(jets), _PART)
    ]
    return OutputArrays(
        np.concatenate([part.representation for part in parts]),
        np.concatenate([part.logits for part in parts]),
    )


def evaluate(
    run: Run | str | Path, jets: Sequence[str | Path] | None = None, *, plots: bool = True, seed: int = 1
) -> dict[str, Any]:
    """Measure a run on held-out jets; write numbers, tables and figures to the run's folder ``evaluation/``.

    ``metrics.json`` and ``metrics.md`` hold every number (:func:`~edgeood.evaluation.evaluate.evaluate_scores`),
    ``mass_decorrelation.json`` and ``.md`` what the scores know of mass
    (:func:`~edgeood.evaluation.mass_decorrelation.mass_decorrelation`); the figures are listed in
    :func:`~edgeood.evaluation.run_figures.save_figures`.

    Parameters
    ----------
    run : a run or its directory
    jets : jet files or folders (default: those of the run's recipe); jets of known classes count only if
        the recipe's split holds them out
    seed : of the bootstrap

    Returns the contents of ``metrics.json``.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    recipe = run.recipe
    held_out = score_held_out(run, held_out_jets(recipe, jet_paths(recipe, jets)))
    metrics = evaluate_scores(
        held_out.scores,
        held_out.jets.jets["mass"],
        held_out.jets.process_names,
        background=recipe.data.classes[recipe.data.background],
        signals=recipe.data.signals,
        classes=recipe.data.classes,
        thresholds=held_out.thresholds,
        background_efficiency=recipe.score.background_efficiency,
        seed=seed,
    )
    background = np.isin(held_out.jets.process_names, recipe.data.classes[recipe.data.background])
    report = mass_decorrelation(
        metrics,
        {name: score[background] for name, score in held_out.scores.items()},
        held_out.jets.jets["mass"][background],
    )
    folder = run.path / "evaluation"
    write_text(folder / "metrics.json", json.dumps(metrics, indent=1) + "\n")
    write_text(folder / "metrics.md", markdown_table(metrics))
    write_text(folder / "mass_decorrelation.json", json.dumps(report, indent=1) + "\n")
    write_text(folder / "mass_decorrelation.md", markdown_report(report))
    if plots:
        from edgeood.evaluation.run_figures import save_figures

        save_figures(run, held_out, folder)
    return metrics
