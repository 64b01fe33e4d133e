"""hls4ml's own Keras parser, past QONNX: its C-simulation computes what the network does."""

from pathlib import Path

import numpy as np
import pytest
import torch
from keras_route import convert_keras
from quantized_runs import DATA, SIGNED, TINY, random_images, random_network

from edgeood.fixed_point import FixedPoint
from edgeood.recipe import (
    EdgeBlock,
    Images,
    ParticleNetLite,
    Quantization,
    Recipe,
    Target,
    TriggerCandidates,
)

pytestmark = [pytest.mark.firmware, pytest.mark.slow]


def compare(recipe: Recipe, inputs: np.ndarray, folder: Path) -> None:
    """All inputs through the network and through hls4ml's g++ simulation: representation and logits are the same."""
    twin = random_network(recipe)
    model = convert_keras(twin, recipe.target, "direct", folder)
    model.compile()
    with torch.no_grad():
        outputs = twin(torch.from_numpy(inputs))
    channels_last = np.moveaxis(inputs, 1, -1) if inputs.ndim == 4 else inputs
    simulated = model.predict(np.ascontiguousarray(channels_last))
    for ours, theirs in zip(outputs, simulated, strict=False):
        np.testing.assert_array_equal(theirs.reshape(ours.shape), ours)
    assert len(np.unique(outputs.logits, axis=0)) > len(inputs) / 2


@pytest.mark.parametrize(
    ("quantization", "io_type"), [(SIGNED, "io_parallel"), (Quantization(), "io_stream")]
)
def test_cnn_is_the_same_by_the_direct_route(
    tmp_path: Path, quantization: Quantization, io_type: str
) -> None:
    recipe = Recipe(
        name="direct",
        data=DATA,
        inputs=Images(pixels=12),
        network=TINY,
        quantization=quantization,
        target=Target(io_type=io_type),
    )
    # Beyond the range of the input type on both sides, and off its grid.
    compare(recipe, random_images(300, 12) * 3 - 1, tmp_path)


def test_particlenet_is_the_same_by_the_direct_route(tmp_path: Path) -> None:
    recipe = Recipe(
        name="direct",
        data=DATA,
        inputs=TriggerCandidates(constituents=8),
        network=ParticleNetLite(
            neighbours=3, blocks=(EdgeBlock(edge=4, nodes=(4,)),), hidden=(6,), representation=4
        ),
        quantization=Quantization(input=FixedPoint(15, 4), representation=FixedPoint(10, 3)),
        target=Target(io_type="io_parallel"),
    )
    random = np.random.default_rng(0)
    jets = np.zeros((300, 8, 3), np.float32)
    jets[..., 0] = random.integers(0, 4000, (300, 8)) * 2.0**-10
    jets[..., 1:] = random.integers(-20, 20, (300, 8, 2)) * 2.0**-7
    # Empty jets, jets of one, padding between.
    jets[random.random((300, 8)) > random.random((300, 1)) * 1.5] = 0
    compare(recipe, jets, tmp_path)
