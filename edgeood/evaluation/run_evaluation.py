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
from edgeood.inputs.images import images_of
from edgeood.jets.format import Jets, read_jets
from edgeood.jets.split import TEST
from edgeood.networks.build import outputs_of
from edgeood.networks.load import load_network
from edgeood.recipe import Recipe
from edgeood.run import Run
from edgeood.scores import AnomalyScore, load_score
from edgeood.scores.fused import FUSED_SCORES, FusedScore, fused_score
from edgeood.training.known_jets import jet_paths, split_jets


@dataclass(frozen=True)
class HeldOut:
    """Jets that no training has seen, and a run's scores of them."""

    jets: Jets
    scores: dict[str, NDArray[np.float64]]
    """score name → (N,) scores"""
    thresholds: dict[str, float]
    """score name → threshold of the run's working point"""


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
    outputs = outputs_of(load_network(run), images_of(jets, recipe.inputs.model_dump()))
    fitted: dict[str, AnomalyScore | FusedScore] = {}
    for name, parameters in run.load_scores().items():
        firmware = run.quantized and name in FUSED_SCORES
        fitted[name] = fused_score(recipe, name, parameters) if firmware else load_score(name, parameters)
    return HeldOut(
        jets,
        {name: score(outputs.representation, outputs.logits) for name, score in fitted.items()},
        {name: score.threshold for name, score in fitted.items()},
    )


def _figures(run: Run, held_out: HeldOut, folder: Path) -> None:
    from edgeood.evaluation import figures

    data = run.recipe.data
    names = held_out.jets.process_names
    background = np.isin(names, data.classes[data.background])
    groups = {name: np.isin(names, members) for name, members in (data.classes | data.signals).items()}
    for signal, members in data.signals.items():
        chosen = np.isin(names, members)
        pairs = {name: (score[background], score[chosen]) for name, score in held_out.scores.items()}
        figures.save_figure(figures.roc_figure(pairs, signal=signal), folder / f"roc_{signal}")
        figures.save_figure(figures.sic_figure(pairs, signal=signal), folder / f"sic_{signal}")
    mass = held_out.jets.jets["mass"]
    for name, score in held_out.scores.items():
        by_group = {group: score[chosen] for group, chosen in groups.items()}
        figures.save_figure(
            figures.score_figure(by_group, score=name, threshold=held_out.thresholds[name]),
            folder / f"score_{name}",
        )
        figures.save_figure(
            figures.sculpting_figure(score[background], mass[background], score=name), folder / f"mass_{name}"
        )


def evaluate(
    run: Run | str | Path, jets: Sequence[str | Path] | None = None, *, plots: bool = True, seed: int = 1
) -> dict[str, Any]:
    """Measure a run on held-out jets; write ``evaluation/metrics.json``, a Markdown table and the figures.

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
    from edgeood.evaluation.tables import markdown_table

    folder = run.path / "evaluation"
    write_text(folder / "metrics.json", json.dumps(metrics, indent=1) + "\n")
    write_text(folder / "metrics.md", markdown_table(metrics))
    if plots:
        _figures(run, held_out, folder)
    return metrics
