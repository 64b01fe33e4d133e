"""Float runs: every score as plain ONNX, close to the network's."""

from pathlib import Path

import numpy as np
import pytest
import torch
from quantized_runs import DATA, random_images
from safetensors.torch import save_file

from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.export.onnx.float_network import to_onnx
from edgeood.inputs.shapes import input_shape
from edgeood.networks.build import build_network, outputs_of
from edgeood.recipe import (
    CNN,
    FCN,
    VAE,
    Block,
    Constituents,
    CrossEntropy,
    EdgeBlock,
    FourVectors,
    Images,
    ParticleNet,
    ParticleNetLite,
    Recipe,
    SpectralGP,
    Substructure,
    TriggerCandidates,
    Variational,
)
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


def clouds(count: int, places: int, columns: int, seed: int) -> np.ndarray:
    """Random constituents, falling in number: full jets, jets with fewer than the neighbours wanted, single ones."""
    rng = np.random.default_rng(seed)
    jets = rng.normal(size=(count, places, columns)).astype(np.float32)
    there = np.arange(places) < np.resize([places, 3, 2, 1, places - 1], count)[:, None]
    jets[..., 4] = there
    return jets * there[..., None]


def candidates(count: int, seed: int) -> np.ndarray:
    """Trigger candidates of few values, so that many distances are equal; with holes and with single ones."""
    rng = np.random.default_rng(seed)
    jets = rng.integers(-2, 3, (count, 8, 8)).astype(np.float32) / 4
    jets[..., 0] = rng.integers(0, 3, (count, 8))
    jets[::7, 1:] = 0
    return jets * (jets[..., :1] > 0)


CONSTITUENTS = Constituents(constituents=12)
NETWORKS = {
    "particlenet": (CONSTITUENTS, ParticleNet(neighbours=4, blocks=((5, 6), (7,)), representation=4)),
    "particlenet-identities": (
        Constituents(constituents=12, identity=True),
        ParticleNet(neighbours=11, blocks=((5,),), representation=4),
    ),
    "particlenet-lite": (
        TriggerCandidates(constituents=8, identity=True),
        ParticleNetLite(
            neighbours=3,
            dynamic=2,
            blocks=(EdgeBlock(edge=5, nodes=(6,)), EdgeBlock(edge=4)),
            representation=4,
        ),
    ),
    "fcn": (FourVectors(constituents=3), FCN(hidden=(6,), representation=4)),
    "fcn-substructure": (Substructure(identity=True), FCN(hidden=(6,), representation=4)),
    "vae": (FourVectors(constituents=3), VAE(hidden=(6,), representation=4)),
    "vae-images": (Images(pixels=12, intensity="sqrt"), VAE(blocks=(Block(filters=3, pool=2),), hidden=(6,))),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_every_float_network_exports(kind: str, tmp_path: Path) -> None:
    """One file with a free batch axis, and within 1e-5 the numbers of the trained network."""
    inputs, network = NETWORKS[kind]
    objective = Variational() if network.kind == "vae" else CrossEntropy()
    recipe = Recipe(name="float", data=DATA, inputs=inputs, network=network, objective=objective)
    torch.manual_seed(0)
    classifier = build_network(recipe).eval()
    for layer in classifier.modules():
        if isinstance(layer, torch.nn.BatchNorm1d):
            layer.running_mean.uniform_(-0.3, 0.3)
            layer.running_var.uniform_(0.5, 2)
    shape = input_shape(inputs.model_dump())
    if kind.startswith("particlenet-lite"):
        jets = candidates(300, seed=3)
    elif kind.startswith("particlenet"):
        jets = clouds(300, *shape, seed=3)
    else:
        jets = np.abs(np.random.default_rng(3).normal(size=(300, *shape))).astype(np.float32)
    save_file(classifier.state_dict(), tmp_path / "network.safetensors")
    outputs = outputs_of(classifier, jets)
    scores = fit_scores(outputs.representation, outputs.logits, np.arange(300) % 2)
    for score in scores.values():
        score.threshold = 1.5
    Run(tmp_path, {}).save_scores({name: score.parameters() for name, score in scores.items()})
    run = Run.finish(tmp_path, recipe, {})
    wanted = {"max_logit": -outputs.logits.max(1)}
    if "mahalanobis" in scores:
        wanted["mahalanobis"] = scores["mahalanobis"](outputs.representation, outputs.logits)
    for score, values in wanted.items():
        engine = OnnxRuntime(to(run, "onnx", score=score))
        scale = np.abs(values).max()
        for count in (1, 300):
            np.testing.assert_allclose(engine(jets[:count]), values[:count], rtol=0, atol=1e-5 * scale)
    # The file tells jets apart as the network does: not one number for all of them.
    assert np.ptp(wanted["max_logit"]) > 1e-2 * np.abs(wanted["max_logit"]).max()


def test_a_gaussian_process_is_refused(tmp_path: Path) -> None:
    recipe = Recipe(
        name="sngp",
        data=DATA,
        inputs=CONSTITUENTS,
        network=ParticleNet(neighbours=2, blocks=((4,),), representation=4, output=SpectralGP(features=8)),
    )
    with pytest.raises(EdgeoodError, match="Gaussian process"):
        to_onnx(build_network(recipe), "max_logit", {}, (12, 5))


def test_float_runs_have_no_firmware(run: Run) -> None:
    for target in ("qonnx", "vitis"):
        with pytest.raises(EdgeoodError, match="exports to onnx only"):
            to(run, target, score="max_logit")


def test_float_runs_are_not_verified(run: Run, tmp_path: Path) -> None:
    with pytest.raises(EdgeoodError, match="verify its twin"):
        verify(run, tmp_path)
