"""The QKeras twin: its values, its gradients, its files."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from quantized_runs import DATA, REFERENCE, TINY, WIDE, quantized_run, random_images, random_network

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.evaluation import exact_outputs
from edgeood.fixed_point.ranges import accumulator_bits
from edgeood.networks.cnn import CNNClassifier
from edgeood.networks.load import load_network
from edgeood.networks.quantized.fixed_graph import fixed_graph
from edgeood.networks.quantized.qkeras.cnn import QKerasCNN
from edgeood.networks.quantized.qkeras.files import save_keras
from edgeood.networks.quantized.qkeras.quantizers import fixed_point_of, plain_quantizer, quantize
from edgeood.networks.quantized.twin import start_from_float
from edgeood.recipe import CNN, Block, Images, Quantization, Recipe


def recipe(network: CNN = TINY, pixels: int = 16, quantization: Quantization | None = None) -> Recipe:
    return Recipe(
        name="tiny",
        data=DATA,
        inputs=Images(pixels=pixels),
        network=network,
        quantization=quantization or Quantization(),
    )


@pytest.mark.parametrize(
    "fixed_type", [FixedPoint(6, 0), FixedPoint(8, 2, False), FixedPoint(5, 6), FixedPoint(9, 0, False)]
)
def test_fused_quantizer_rounds_half_to_even_and_saturates(fixed_type: FixedPoint) -> None:
    steps = np.arange(4 * fixed_type.lowest_integer - 9, 4 * fixed_type.highest_integer + 9) / 4
    values = torch.from_numpy((steps * fixed_type.step).astype(np.float32)).requires_grad_()
    quantized = quantize(values, fixed_type)
    np.testing.assert_array_equal(quantized.detach(), fixed_type.quantize(values.detach()))
    quantized.sum().backward()
    inside = (np.rint(steps) >= fixed_type.lowest_integer) & (np.rint(steps) <= fixed_type.highest_integer)
    np.testing.assert_array_equal(values.grad, inside)
    assert fixed_point_of(plain_quantizer(fixed_type)) == fixed_type


def test_forward_equals_plain_qkeras_and_float64() -> None:
    network = random_network(recipe())
    images = random_images(64, 16)
    with torch.no_grad():
        outputs = network(torch.from_numpy(images))
        representation, logits = network.keras_model()(images.transpose(0, 2, 3, 1))
    assert torch.equal(outputs.representation, representation)
    assert torch.equal(outputs.logits, logits)
    exact = exact_outputs(fixed_graph(network), images)
    np.testing.assert_array_equal(outputs.representation, exact.representation)
    np.testing.assert_array_equal(outputs.logits, exact.logits)
    representation_type = recipe().quantization.representation
    np.testing.assert_array_equal(
        outputs.representation, representation_type.quantize(outputs.representation)
    )
    assert np.unique(outputs.representation).size > 50


def test_accumulator_bits_tell_float32_from_float64() -> None:
    assert max(accumulator_bits(fixed_graph(random_network(recipe()))).values()) <= 24
    assert max(accumulator_bits(fixed_graph(random_network(recipe(quantization=WIDE)))).values()) > 24
    network = random_network(recipe(CNN(blocks=(Block(filters=1, kernel=1),), representation=2), 8))
    with torch.no_grad():
        network.conv0.kernel.fill_(0.5)  # 16 steps of 2^-5
        network.conv0.bias.fill_(-0.25)  # -16 steps of 2^-6, as the products have steps of 2^-13: -2^11
    # Sums lie between -2048 and 16 · 255 - 2048; on the way they can reach 16 · 255 = 4080, 12 bits.
    assert accumulator_bits(fixed_graph(network))["conv0"] == 12


def test_every_weight_gets_a_gradient_and_learns() -> None:
    torch.manual_seed(1)
    network = QKerasCNN(Images(pixels=16), TINY, Quantization(), 2)
    images = torch.from_numpy(random_images(256, 16))
    labels = (images[:, 0, :8].sum((1, 2)) > images[:, 0, 8:].sum((1, 2))).long()
    optimizer = torch.optim.Adam(network.parameters(), 5e-3)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(images).logits, labels)
        loss.backward()
        assert all(parameter.grad is not None for parameter in network.parameters())
        optimizer.step()
        losses.append(loss.item())
    assert all(parameter.grad.abs().sum() > 0 for parameter in network.parameters())
    assert losses[-1] < 0.8 * losses[0]


def test_latent_weights_stay_in_range_while_training() -> None:
    network = random_network(recipe()).train()
    with torch.no_grad():
        network.conv0.kernel.fill_(7.0)
        network(torch.zeros(1, 1, 16, 16))
    assert float(network.conv0.kernel.detach().max()) == FixedPoint(6, 0).high


def test_a_seed_decides_the_weights() -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(5)
        states.append(QKerasCNN(Images(pixels=16), TINY, Quantization(), 2).state_dict())
    assert list(states[0]) == [
        f"{layer}.{part}"
        for layer in ("conv0", "conv1", "dense0", "representation", "logits")
        for part in ("kernel", "bias")
    ]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_weights_survive_the_run_directory() -> None:
    run = quantized_run()
    first, second = load_network(run), load_network(run)
    images = torch.from_numpy(random_images(8, 16))
    assert torch.equal(first(images).logits, second(images).logits)
    assert first.state_dict().keys() == second.state_dict().keys()


@pytest.mark.parametrize("hidden", [(), (6,)])
def test_float_weights_are_laid_out_for_keras(hidden: tuple[int, ...]) -> None:
    """Without pooling, with plain ReLUs and a linear representation a fine twin computes the same function."""
    torch.manual_seed(2)
    shape = CNN(
        blocks=(Block(filters=2, kernel=2, stride=2), Block(filters=3, kernel=2)),
        hidden=hidden,
        representation=4,
    )
    inputs = Images(pixels=8)
    fine = Quantization(
        input=FixedPoint(20, 1, False),
        weights=FixedPoint(22, 1),
        biases=FixedPoint(22, 1),
        activations=FixedPoint(22, 4, False),
        representation=FixedPoint(22, 4),
    )
    master = CNNClassifier(inputs, shape, 2)
    with torch.no_grad():
        for name, parameter in master.named_parameters():
            if "activation" in name:
                parameter.zero_()
    twin = QKerasCNN(inputs, shape, fine, 2)
    copied = start_from_float(twin, master.state_dict())
    assert copied == ["conv0", "conv1", *(["dense0"] if hidden else []), "representation", "logits"]
    images = torch.from_numpy(random_images(20, 8))
    with torch.no_grad():
        expected, outputs = master(images), twin(images)
    torch.testing.assert_close(outputs.representation, expected.representation, atol=1e-4, rtol=0)
    torch.testing.assert_close(outputs.logits, expected.logits, atol=1e-4, rtol=0)


def test_layers_of_other_shapes_keep_their_weights() -> None:
    master = CNNClassifier(Images(pixels=16), TINY.model_copy(update={"hidden": (7,)}), 2)
    twin = random_network(recipe())
    before = twin.dense0.kernel.detach().clone()
    assert start_from_float(twin, master.state_dict()) == ["conv0", "conv1", "logits"]
    assert torch.equal(twin.dense0.kernel, before)


@pytest.mark.parametrize(
    ("quantization", "message"),
    [
        (Quantization(layers={"conv7": {"weights": FixedPoint(4, 0)}}), "names 'conv7'"),
        (Quantization(weights=FixedPoint(4, 0, False)), "the weights of layer 'conv0' cannot have"),
        (Quantization(layers={"logits": {"weights": FixedPoint(1, 0)}}), "2 to 24 bits"),
        (Quantization(input=FixedPoint(8, -2, False)), "integer bits 0 or more"),
    ],
)
def test_unsuitable_types_are_refused(quantization: Quantization, message: str) -> None:
    with pytest.raises(EdgeoodError, match=message):
        QKerasCNN(Images(pixels=16), TINY, quantization, 2)


def test_exceptions_by_layer_are_used() -> None:
    own = {"weights": FixedPoint(3, 0), "activations": FixedPoint(4, 1, False)}
    network = random_network(recipe(quantization=Quantization(layers={"conv1": own})))
    layer = network.keras_model().get_layer("conv1")
    assert fixed_point_of(layer.get_quantizers()[0]) == own["weights"]
    assert (
        fixed_point_of(network.keras_model().get_layer("conv1_activation").activation) == own["activations"]
    )


REOPEN = """
import os, sys
os.environ["KERAS_BACKEND"] = "tensorflow"
import numpy as np, keras, qkeras
model = keras.models.load_model(sys.argv[1])
outputs = model.predict(np.load(sys.argv[2]), verbose=0)
np.savez(sys.argv[3], representation=outputs[0], logits=outputs[1])
from edgeood.errors import EdgeoodError
try:
    import edgeood.networks.quantized.qkeras.cnn
except EdgeoodError as error:
    print(error)
"""


@pytest.mark.slow
def test_keras_file_opens_under_tensorflow_with_identical_outputs(tmp_path: Path) -> None:
    network = random_network(recipe(REFERENCE, 50))
    images = random_images(64, 50)
    save_keras(network, tmp_path / "network.keras")
    np.save(tmp_path / "images.npy", images.transpose(0, 2, 3, 1))
    files = [tmp_path / name for name in ("network.keras", "images.npy", "outputs.npz")]
    done = subprocess.run([sys.executable, "-c", REOPEN, *files], capture_output=True, text=True, check=True)
    with torch.no_grad():
        outputs = network(torch.from_numpy(images))
    with np.load(files[2]) as reopened:
        np.testing.assert_array_equal(reopened["representation"], outputs.representation)
        np.testing.assert_array_equal(reopened["logits"], outputs.logits)
    assert "already loaded with the tensorflow backend; set KERAS_BACKEND=torch" in done.stdout
