"""Float runs: every score as plain ONNX, close to the network's."""

from pathlib import Path

import numpy as np
import pytest
import torch
from quantized_runs import DATA, random_images
from safetensors.torch import save_file

from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.networks.build import build_network, outputs_of
from edgeood.recipe import CNN, Block, Images, Recipe
from edgeood.run import Run
from edgeood.runtime.network import open_network
from edgeood.runtime.onnxruntime import OnnxRuntime
from edgeood.runtime.verify import verify
from edgeood.scores import fit_scores


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("float")
    network = CNN(blocks=(Block(filters=3, pool=2),), hidden=(6,), representation=4)
    recipe = Recipe(name="float", data=DATA, inputs=Images(pixels=12), network=network)
    torch.manual_seed(0)
    classifier = build_network(recipe)
    save_file(classifier.state_dict(), folder / "network.safetensors")
    outputs = outputs_of(classifier, random_images(200, 12))
    scores = fit_scores(outputs.representation, outputs.logits, np.arange(200) % 2)
    for score in scores.values():
        score.threshold = 1.5
    Run(folder, {}).save_scores({name: score.parameters() for name, score in scores.items()})
    return Run.finish(folder, recipe, {})


@pytest.mark.parametrize("score", ["max_logit", "mahalanobis", "mahalanobis_diagonal"])
def test_float_scores_agree(run: Run, score: str) -> None:
    engine = OnnxRuntime(to(run, "onnx", score=score))
    images = random_images(70, 12, seed=5)
    np.testing.assert_allclose(engine(images), open_network(run, score)(images), rtol=1e-4, atol=1e-5)
    assert engine.threshold == 1.5
    assert "step" not in engine.about


def test_float_runs_have_no_firmware(run: Run) -> None:
    for target in ("qonnx", "vitis"):
        with pytest.raises(EdgeoodError, match="exports to onnx only"):
            to(run, target, score="max_logit")


def test_float_runs_are_not_verified(run: Run, tmp_path: Path) -> None:
    with pytest.raises(EdgeoodError, match="verify its twin"):
        verify(run, tmp_path)
