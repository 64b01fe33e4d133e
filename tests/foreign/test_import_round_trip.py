"""A twin's own file, read as anybody's, is the same network again, integer for integer."""

from pathlib import Path

import numpy as np
import pytest
from quantized_runs import (
    CANDIDATES,
    LITE,
    SIGNED,
    STRIDED,
    TINY,
    WIDE,
    on_candidates,
    random_images,
    random_jets,
    random_network,
)

from edgeood.fixed_point.evaluation import exact_outputs
from edgeood.fixed_point.graph import Dense, FixedGraph
from edgeood.foreign.network import ForeignNetwork
from edgeood.foreign.recipe_of_graph import fill, sections_of
from edgeood.inputs import inputs_of
from edgeood.networks.build import build_network
from edgeood.networks.quantized.fixed_graph import fixed_graph
from edgeood.recipe import Data, Images, Quantization, Recipe, parse_recipe

DATA = Data(classes={"qcd": ("quark", "gluon"), "wz": ("w_1tev",)})


def recipe_of(network, inputs, quantization: Quantization) -> Recipe:
    return Recipe(name="twin", data=DATA, inputs=inputs, network=network, quantization=quantization)


def again(foreign: ForeignNetwork, recipe: Recipe) -> tuple[Recipe, FixedGraph]:
    """The recipe and the graph that an import makes of a file."""
    sections, layers = sections_of(foreign.graph, foreign.toolkit, "the file")
    made = parse_recipe(recipe.model_dump(mode="json") | sections, "the import")
    twin = build_network(made)
    fill(twin, layers, foreign.graph, "the file")
    return made, fixed_graph(twin)


def assert_same(one: FixedGraph, other: FixedGraph, inputs: np.ndarray) -> None:
    first, second = exact_outputs(one, inputs), exact_outputs(other, inputs)
    np.testing.assert_array_equal(first.logits, second.logits)
    np.testing.assert_array_equal(first.representation, second.representation)
    assert len(np.unique(first.logits)) > 12
    for a, b in zip(one.operations, other.operations, strict=True):
        assert type(a) is type(b)
        if isinstance(a, Dense):
            np.testing.assert_array_equal(a.weights.integers, b.weights.integers)
            assert (a.weights.type, a.bias.type) == (b.weights.type, b.bias.type)


CASES = [
    pytest.param(TINY, Images(pixels=16), Quantization(), id="tiny"),
    pytest.param(STRIDED, Images(pixels=16), SIGNED, id="strided, signed"),
    pytest.param(TINY, Images(pixels=16), WIDE, id="sums beyond float32"),
    pytest.param(LITE, CANDIDATES, on_candidates(), id="particlenet-lite, dynamic"),
    pytest.param(
        LITE.model_copy(update={"dynamic": 0}), CANDIDATES, on_candidates(), id="particlenet-lite, static"
    ),
]


@pytest.mark.parametrize(("network", "inputs", "quantization"), CASES)
def test_a_keras_file_of_a_twin(network, inputs, quantization: Quantization, tmp_path: Path):
    from edgeood.foreign.qkeras_model import read_keras
    from edgeood.networks.quantized.qkeras.files import save_keras

    recipe = recipe_of(network, inputs, quantization)
    twin = random_network(recipe)
    save_keras(twin, tmp_path / "twin.keras")
    foreign = read_keras(tmp_path / "twin.keras")
    made, graph = again(foreign, recipe)
    if isinstance(inputs, Images):
        jets = random_images(60, 16)
    else:
        jets = inputs_of(random_jets(60), inputs.model_dump(), "twin")
    assert_same(graph, fixed_graph(twin), jets)
    assert made.network.model_dump() == network.model_dump()
    if quantization is not WIDE:
        rounded = graph.input_type.quantize(jets).astype(np.float32)
        np.testing.assert_array_equal(foreign.logits(rounded), exact_outputs(graph, jets).logits)


@pytest.mark.parametrize(("network", "quantization"), [(TINY, Quantization()), (STRIDED, SIGNED)])
def test_a_brevitas_export_of_a_twin(network, quantization: Quantization, tmp_path: Path):
    """It turns the image to Keras's order before it flattens it."""
    import torch
    from brevitas.export import export_qonnx

    from edgeood.foreign.qonnx_model import read_qonnx_model

    recipe = recipe_of(network, Images(pixels=16), quantization.model_copy(update={"toolkit": "brevitas"}))
    twin, images = random_network(recipe), random_images(40, 16)

    class LogitsAlone(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.twin = twin

        def forward(self, images):
            return self.twin(images).logits

    export_qonnx(
        LogitsAlone().eval(), args=torch.from_numpy(images[:1]), export_path=str(tmp_path / "twin.onnx")
    )
    foreign = read_qonnx_model(tmp_path / "twin.onnx")
    made, graph = again(foreign, recipe)
    assert_same(graph, fixed_graph(twin), images)
    assert made.network.model_dump() == network.model_dump()
    np.testing.assert_array_equal(foreign.logits(images), exact_outputs(graph, images).logits)


def test_our_own_qonnx_file_without_its_score(tmp_path: Path):
    import onnx

    from edgeood.export.onnx.qonnx import network_graph
    from edgeood.foreign.qonnx_model import read_qonnx_model

    recipe = recipe_of(TINY, Images(pixels=16), Quantization(toolkit="brevitas"))
    twin = random_network(recipe)
    onnx.save(network_graph(fixed_graph(twin), "logits"), tmp_path / "network.qonnx.onnx")
    _, graph = again(read_qonnx_model(tmp_path / "network.qonnx.onnx"), recipe)
    assert_same(graph, fixed_graph(twin), random_images(60, 16))
