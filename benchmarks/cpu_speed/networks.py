"""Runs to time: no engine's speed depends on what a network has learnt, so random weights do."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeood.recipe import Recipe
from edgeood.run import Run


def random_run(recipe: Recipe, inputs: NDArray[np.float32], folder: Path, seed: int = 0) -> Run:
    """A finished run of a quantized recipe with random weights; scores are fitted on (N, …) inputs."""
    import torch
    from safetensors.torch import save_file

    from edgeood.networks.build import build_network, outputs_of
    from edgeood.scores import fit_scores
    from edgeood.scores.working_point import threshold_for

    torch.manual_seed(seed)
    twin = build_network(recipe)
    with torch.no_grad():
        for name, parameter in twin.named_parameters():
            # Larger than at the start of a training, so that the outputs use their ranges.
            if name.endswith("bias"):
                parameter.uniform_(-0.3, 0.5)
            else:
                parameter.mul_(2)
    folder.mkdir(parents=True, exist_ok=True)
    state = {key: value.detach() for key, value in twin.state_dict().items()}
    save_file(state, folder / "network.safetensors")
    outputs = outputs_of(twin, inputs)
    labels = (outputs.logits[:, 0] > np.median(outputs.logits[:, 0])).astype(int)
    parameters = {}
    for name, score in fit_scores(outputs.representation, outputs.logits, labels).items():
        score.threshold = threshold_for(score(outputs.representation, outputs.logits), 0.1)
        parameters[name] = score.parameters()
    Run(folder, {}).save_scores(parameters)
    return Run.finish(folder, recipe, {})
