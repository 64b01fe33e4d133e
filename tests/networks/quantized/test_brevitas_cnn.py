"""The Brevitas twin of the CNN: its values, its gradients, its state."""

import copy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from quantized_runs import SIGNED, STRIDED, TINY, random_images
from safetensors.torch import load_file, save_file

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.evaluation import exact_outputs
from edgeood.networks.cnn import CNNClassifier
from edgeood.networks.quantized.brevitas.cnn import BrevitasCNN
from edgeood.networks.quantized.fixed_graph import fixed_graph
from edgeood.networks.quantized.qkeras.cnn import QKerasCNN
from edgeood.networks.quantized.twin import QuantizedTwin, start_from_float
from edgeood.recipe import CNN, Block, Images, Quantization

EXCEPTIONS = Quantization(
    layers={
        "conv1": {"weights": FixedPoint(3, 0), "activations": FixedPoint(4, 1, False)},
        "logits": {"weights": FixedPoint(8, 1), "biases": FixedPoint(6, 3)},
    }
)
CASES = [(TINY, Quantization()), (STRIDED, SIGNED), (TINY, EXCEPTIONS)]


def enlarge(twin: QuantizedTwin) -> None:
    """Weights large enough for the outputs to use their ranges."""
    with torch.no_grad():
        for name in twin.layer_names:
            kernel, bias = twin.weights_of(name)
            kernel.mul_(2)
            bias.uniform_(-0.3, 0.5)
    twin.keep_in_range()


def twin_of(network: CNN = TINY, quantization: Quantization | None = None, seed: int = 4) -> BrevitasCNN:
    torch.manual_seed(seed)
    twin = BrevitasCNN(Images(pixels=16), network, quantization or Quantization(), 2)
    enlarge(twin)
    return twin.eval()


def trying_images(input_type: FixedPoint) -> np.ndarray:
    """Jets' images, dark ones, ones of ties, and ones that saturate."""
    images = random_images(40, 16)
    images[0] = 0
    steps = np.random.default_rng(2).integers(0, 8, images[1:9].shape) + 0.5
    images[1:9] = steps * input_type.step
    images[9:12] *= 100
    return images


@pytest.mark.parametrize(("network", "quantization"), CASES)
def test_forward_equals_integers_and_qkeras(network: CNN, quantization: Quantization) -> None:
    twin = twin_of(network, quantization)
    images = trying_images(quantization.input)
    with torch.no_grad():
        outputs = twin(torch.from_numpy(images))
        trained = twin.train()(torch.from_numpy(images))
    assert all(type(one) is torch.Tensor for one in outputs[:2])
    representation, logits = exact_outputs(fixed_graph(twin), images)
    np.testing.assert_array_equal(outputs.representation, representation)
    np.testing.assert_array_equal(outputs.logits, logits)
    assert torch.equal(trained.representation, outputs.representation)
    assert torch.equal(trained.logits, outputs.logits)
    assert len(np.unique(logits)) > 30

    other = QKerasCNN(Images(pixels=16), network, quantization, 2)
    with torch.no_grad():
        for name in twin.layer_names:
            for theirs, ours in zip(other.weights_of(name), twin.weights_of(name), strict=True):
                theirs.copy_(ours)
        same = other.eval()(torch.from_numpy(images))
    assert torch.equal(same.representation, outputs.representation)
    assert torch.equal(same.logits, outputs.logits)


def test_a_seed_decides_the_weights_whatever_the_toolkit() -> None:
    twins = []
    for twin_class in (BrevitasCNN, QKerasCNN, BrevitasCNN):
        torch.manual_seed(5)
        twins.append((twin_class(Images(pixels=16), TINY, Quantization(), 2), torch.rand(1)))
    for name in twins[0][0].layer_names:
        for others in zip(*(twin.weights_of(name) for twin, _ in twins), strict=True):
            assert torch.equal(others[0], others[1])
            assert torch.equal(others[0], others[2])
    assert twins[0][1] == twins[1][1]


def test_every_weight_gets_a_gradient_and_learns() -> None:
    torch.manual_seed(1)
    twin = BrevitasCNN(Images(pixels=16), TINY, Quantization(), 2)
    images = torch.from_numpy(random_images(256, 16))
    labels = (images[:, 0, :8].sum((1, 2)) > images[:, 0, 8:].sum((1, 2))).long()
    optimizer = torch.optim.Adam(twin.parameters(), 5e-3)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(twin(images).logits, labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert len(list(twin.parameters())) == 10
    assert all(parameter.grad.abs().sum() > 0 for parameter in twin.parameters())
    assert losses[-1] < 0.8 * losses[0]


def test_several_forwards_may_come_before_one_backward() -> None:
    """As objectives with a critic do; each forward clips the weights in place."""
    twin = twin_of().train()
    images = torch.from_numpy(random_images(8, 16))
    loss = twin(images).logits.square().sum()
    (loss + twin(images.flip(0)).representation.sum()).backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in twin.parameters())


def test_weights_are_views_and_stay_in_range_while_training() -> None:
    twin = twin_of().train()
    for name in twin.layer_names:
        with torch.no_grad():
            for one in twin.weights_of(name):
                one.fill_(70.0)
    assert all(bool((parameter == 70).all()) for parameter in twin.parameters())
    twin(torch.zeros(1, 1, 16, 16))
    assert float(twin.conv0.weight.detach().min()) == Quantization().weights.high
    assert float(twin.logits.bias.detach().min()) == Quantization().biases.high


def test_state_is_the_weights_alone_and_survives_a_file(tmp_path: Path) -> None:
    twin, other = twin_of(), twin_of(seed=7)
    images = torch.from_numpy(random_images(16, 16))
    state = twin.state_dict()
    assert list(state) == [f"{layer}.{part}" for layer in twin.layer_names for part in ("weight", "bias")]
    save_file(state, tmp_path / "network.safetensors")
    assert not torch.equal(other(images).logits, twin(images).logits)
    other.load_state_dict(load_file(tmp_path / "network.safetensors"), strict=True)
    assert torch.equal(other(images).logits, twin(images).logits)
    assert not other.training


def test_a_copy_is_independent() -> None:
    twin = twin_of()
    images = torch.from_numpy(random_images(16, 16))
    before = twin(images).logits
    copied = copy.deepcopy(twin)
    assert torch.equal(copied(images).logits, before)
    with torch.no_grad():
        for name in copied.layer_names:
            copied.weights_of(name)[0].mul_(0.5)
    assert torch.equal(twin(images).logits, before)
    assert not torch.equal(copied(images).logits, before)
    copied.load_state_dict(twin.state_dict())
    assert torch.equal(copied(images).logits, before)


@pytest.mark.parametrize("hidden", [(), (6,)])
def test_float_weights_are_laid_out_for_the_twin(hidden: tuple[int, ...]) -> None:
    """Without pooling, with plain ReLUs and a linear representation a fine twin computes the same function."""
    torch.manual_seed(2)
    shape = CNN(
        blocks=(Block(filters=2, kernel=2, stride=2), Block(filters=3, kernel=2)),
        hidden=hidden,
        representation=4,
    )
    fine = Quantization(
        input=FixedPoint(20, 1, False),
        weights=FixedPoint(22, 1),
        biases=FixedPoint(22, 1),
        activations=FixedPoint(22, 4, False),
        representation=FixedPoint(22, 4),
    )
    master = CNNClassifier(Images(pixels=8), shape, 2)
    with torch.no_grad():
        for name, parameter in master.named_parameters():
            if "activation" in name:
                parameter.zero_()
    twin = BrevitasCNN(Images(pixels=8), shape, fine, 2)
    copied = start_from_float(twin, master.state_dict())
    assert copied == ["conv0", "conv1", *(["dense0"] if hidden else []), "representation", "logits"]
    images = torch.from_numpy(random_images(20, 8))
    with torch.no_grad():
        expected, outputs = master(images), twin(images)
    assert float(expected.logits.std()) > 1e-3
    torch.testing.assert_close(outputs.representation, expected.representation, atol=1e-4, rtol=0)
    torch.testing.assert_close(outputs.logits, expected.logits, atol=1e-4, rtol=0)


def test_unsuitable_types_are_refused() -> None:
    with pytest.raises(EdgeoodError, match="names 'conv7'"):
        twin_of(quantization=Quantization(layers={"conv7": {"weights": FixedPoint(4, 0)}}))


WITHOUT_BREVITAS = """
import sys
sys.modules["brevitas"] = None
from edgeood.errors import EdgeoodError
try:
    import edgeood.networks.quantized.brevitas.cnn
except EdgeoodError as error:
    print(error)
"""


def test_without_brevitas_one_sentence_says_what_to_install() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_BREVITAS], capture_output=True, text=True, check=True
    )
    assert "install `edgeood[quantize]`" in done.stdout
