"""What a trial is judged by: the AUROC of its fused scores on validation jets, and what they cost."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.evaluation.bootstrap import bootstrap_auroc
from edgeood.evaluation.selection import processes_of, selected_jets
from edgeood.inputs import inputs_of
from edgeood.jets.format import Jets
from edgeood.jets.split import VALIDATION, split_of
from edgeood.networks.load import load_network
from edgeood.recipe import Data, Recipe
from edgeood.run import Run
from edgeood.runtime.network import open_network
from edgeood.scores.fused import FUSED_SCORES
from edgeood.scores.fused.network import fused_network
from edgeood.tuning.cost import CostName, cost_of

_REPLICAS = 50


@dataclass
class ValidationJets:
    """Jets of background and signals that no network is trained on, nor finally tested on."""

    jets: Jets
    background: NDArray[np.bool_]
    signals: dict[str, NDArray[np.bool_]]
    """signal → (N,) whether a jet is of it"""
    _inputs: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    @classmethod
    def read(cls, data: Data, files: Sequence[Path]) -> "ValidationJets":
        """Events of the recipe's validation fraction, of the background and of the signals.

        A final test that takes all jets of a signal, as ``edgeood evaluate`` does, has this fraction of them in
        common with the search. Raises :class:`EdgeoodError` if a recipe has no signals, or one has no jets here.
        """
        if not data.signals:
            raise EdgeoodError("a search needs signals to detect; name some in data.signals.")
        groups = {data.background: data.classes[data.background], **data.signals}

        def validating(jets: Jets) -> NDArray[np.bool_]:
            split = split_of(jets.jets["event"], jets.process_names, data.train, data.validation)
            return np.equal(split, VALIDATION)

        jets = selected_jets(files, processes_of(groups), validating, what="validation jets")
        own = {name: np.isin(jets.process_names, members) for name, members in groups.items()}
        return cls(jets, own.pop(data.background), own)

    def inputs(self, recipe: Recipe) -> NDArray[np.float32]:
        """Network inputs of the jets, computed once for all recipes that share their settings."""
        settings = recipe.inputs.model_dump()
        key = json.dumps(settings, sort_keys=True)
        if key not in self._inputs:
            self._inputs = {key: inputs_of(self.jets, settings, f"recipe '{recipe.name}'")}
        return self._inputs[key]


def measure(run: Run, validation: ValidationJets, cost: CostName = "ebops") -> dict[str, Any]:
    """Score → ``auroc`` [mean over the signals, bootstrap error] and ``ebops`` of network and score; ``layers``.

    Another ``cost`` stands beside the ``ebops`` of the recipe's own score. ``layers`` maps each layer to its effective
    bit operations. A fused score that firmware could not compute, although it is not the recipe's, is left out. Raises
    :class:`EdgeoodError` if the recipe's own is such a one.
    """
    recipe = run.recipe
    twin = load_network(run)
    scores, layers = {}, {}
    for name in FUSED_SCORES:
        try:
            network = fused_network(run, name, twin)
            ebops = network.bit_operations()
            others: dict[str, int] = {}
            if cost != "ebops" and name == recipe.score.kind:
                others[cost] = cost_of(network, cost)
        except EdgeoodError:
            if name == recipe.score.kind:
                raise
            continue
        values = open_network(run, name)(validation.inputs(recipe))
        pairs = [
            bootstrap_auroc(values[own], values[validation.background], _REPLICAS)
            for own in validation.signals.values()
        ]
        # The background is common to all signals: their errors are taken as fully correlated.
        scores[name] = {
            "auroc": np.mean(pairs, axis=0).tolist(),
            "ebops": sum(ebops.values()),
            **others,
        }
        layers = {layer: cost for layer, cost in ebops.items() if layer != "score"}
    return {"scores": scores, "layers": layers}
