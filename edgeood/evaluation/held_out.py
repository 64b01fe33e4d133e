"""Jets that no training has seen, and what a run makes of them."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeood.evaluation.selection import held_out_by, processes_of, selected_jets
from edgeood.inputs import inputs_of
from edgeood.jets.format import Jets
from edgeood.networks.build import OutputArrays, outputs_of
from edgeood.networks.load import load_network
from edgeood.recipe import Recipe
from edgeood.run import Run
from edgeood.scores import AnomalyScore, load_score
from edgeood.scores.fused import FUSED_SCORES, FusedScore, firmware_score

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


def held_out_jets(
    recipe: Recipe,
    files: Sequence[str | os.PathLike[str]],
    unseen: Collection[Path] = (),
) -> Jets:
    """Test jets of the known classes, or all of ``unseen`` files, and every jet of the signals, in file order.

    Raises :class:`EdgeoodError` if no jets of a process of the background are among them.
    """
    data = recipe.data
    return selected_jets(
        files,
        processes_of(data.classes, data.signals),
        held_out_by([data]),
        unseen=unseen,
        required=data.classes[data.background],
    )


def score_held_out(run: Run, jets: Jets) -> HeldOut:
    """Every fitted score of a run's network on ``jets``.

    A quantized run's fused scores are those of the firmware, in its fixed point; the full Mahalanobis distance,
    which no firmware computes, is of its representation. A fused score that firmware could not compute, although it
    is not the recipe's, is left out. Raises :class:`EdgeoodError` if the recipe's own is such a one.
    """
    recipe = run.recipe
    outputs = network_outputs(run, jets)
    fitted: dict[str, AnomalyScore | FusedScore] = {}
    for name, parameters in run.load_scores().items():
        if not (run.quantized and name in FUSED_SCORES):
            fitted[name] = load_score(name, parameters)
        elif fused := firmware_score(recipe, name, parameters):
            fitted[name] = fused
    return HeldOut(
        jets,
        {name: score(outputs.representation, outputs.logits) for name, score in fitted.items()},
        {name: score.threshold for name, score in fitted.items()},
        outputs,
    )


def network_outputs(run: Run, jets: Jets, device: str = "cpu") -> OutputArrays:
    """The network's representation and logits of ``jets``, computed on ``device``.

    Only a part's inputs, the larger by far, are in memory at a time.
    """
    network, settings = load_network(run).to(device), run.recipe.inputs.model_dump()
    parts = [
        outputs_of(network, inputs_of(jets[start : start + _PART], settings, f"run {run.path}"))
        for start in range(0, len(jets), _PART)
    ]
    return OutputArrays(
        np.concatenate([part.representation for part in parts]),
        np.concatenate([part.logits for part in parts]),
    )
