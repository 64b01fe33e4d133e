"""The Brevitas twin of ParticleNet-lite: its values, its gradients, its state."""

import copy

import numpy as np
import pytest
import torch

from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.evaluation import exact_outputs
from edgeood.fixed_point.graph import KnnGather
from edgeood.networks.particlenet.lite import ParticleNetLiteClassifier
from edgeood.networks.quantized.brevitas.particlenet import BrevitasParticleNet
from edgeood.networks.quantized.fixed_graph import fixed_graph
from edgeood.networks.quantized.qkeras.particlenet import QKerasParticleNet
from edgeood.networks.quantized.twin import start_from_float
from edgeood.recipe import EdgeBlock, ParticleNetLite, Quantization, TriggerCandidates

LINEAR = Quantization(input=FixedPoint(15, 4), representation=FixedPoint(10, 3))
RECTIFIED = Quantization(
    input=FixedPoint(15, 4),
    layers={"edge0": {"edges": FixedPoint(6, 2)}, "pool": {"activations": FixedPoint(7, 1, False)}},
)
STATIC = ParticleNetLite(neighbours=3, blocks=(EdgeBlock(edge=6, nodes=(5,)),), hidden=(7,), representation=4)
DYNAMIC = ParticleNetLite(
    neighbours=2, blocks=(EdgeBlock(edge=4), EdgeBlock(edge=5, nodes=(4, 3))), dynamic=2, representation=3
)
CASES = [
    (STATIC, LINEAR, {}),
    (STATIC, RECTIFIED, {"identity": True}),
    (DYNAMIC, LINEAR, {}),
    (DYNAMIC.model_copy(update={"dynamic": 0, "hidden": ()}), LINEAR, {}),
    (STATIC, LINEAR, {"angle_bits": 12}),
]


def twin_of(
    network: ParticleNetLite = STATIC, quantization: Quantization = LINEAR, **inputs
) -> BrevitasParticleNet:
    """A twin whose weights are large enough for its outputs to use their ranges."""
    torch.manual_seed(4)
    settings = {"constituents": 8} | inputs
    twin = BrevitasParticleNet(TriggerCandidates(**settings), network, quantization, 2)
    with torch.no_grad():
        for name in twin.layer_names:
            kernel, bias = twin.weights_of(name)
            kernel.mul_(2)
            bias.uniform_(-0.3, 0.5)
    twin.keep_in_range()
    return twin.eval()


def trying_candidates(inputs: TriggerCandidates, count: int = 64) -> np.ndarray:
    """Jets with 0, 1, 2, … candidates in any places, many at equal distances; some beyond the types' ranges."""
    random = np.random.default_rng(3)
    shape = (count, inputs.constituents)
    jets = np.zeros((*shape, inputs.features), np.float32)
    jets[..., 0] = random.integers(1, 3000, shape) * 2.0**-10
    reach = np.where(np.arange(count) % 2, 3, 2 ** (inputs.angle_bits - 1))[:, None, None]
    jets[..., 1:3] = random.integers(-reach, reach, (*shape, 2)) * 2.0**-7
    jets[..., 3:] = random.integers(0, 2, jets[..., 3:].shape)
    jets[:4, :, 1:] *= 30
    kept = random.permuted(np.tile(np.arange(inputs.constituents), (count, 1)), axis=1)
    jets[kept >= (np.arange(count) % (inputs.constituents + 1))[:, None]] = 0
    return jets


@pytest.mark.parametrize(("network", "quantization", "inputs"), CASES)
def test_forward_equals_integers_and_qkeras(network, quantization, inputs) -> None:
    twin = twin_of(network, quantization, **inputs)
    jets = trying_candidates(twin.inputs)
    counts = np.count_nonzero(jets[..., 0], axis=1)
    assert {0, 1, 2, network.neighbours, 8} <= set(counts)
    with torch.no_grad():
        outputs = twin(torch.from_numpy(jets))
        trained = twin.train()(torch.from_numpy(jets))
    assert all(type(one) is torch.Tensor for one in outputs[:2])
    graph = fixed_graph(twin)
    representation, logits = exact_outputs(graph, jets)
    np.testing.assert_array_equal(outputs.representation, representation)
    np.testing.assert_array_equal(outputs.logits, logits)
    np.testing.assert_array_equal(exact_outputs(graph, jets).logits, logits)
    assert torch.equal(trained.representation, outputs.representation)
    assert torch.equal(trained.logits, outputs.logits)
    assert len(np.unique(representation, axis=0)) > 30

    other = QKerasParticleNet(twin.inputs, network, quantization, 2)
    with torch.no_grad():
        for name in twin.layer_names:
            for theirs, ours in zip(other.weights_of(name), twin.weights_of(name), strict=True):
                theirs.copy_(ours)
        same = other.eval()(torch.from_numpy(jets))
    assert torch.equal(same.representation, outputs.representation)
    assert torch.equal(same.logits, outputs.logits)


def test_modules_have_the_names_and_types_of_the_graph() -> None:
    twin = twin_of(DYNAMIC)
    modules = dict(twin.named_children())
    graph = fixed_graph(twin)
    # All but the operations without weights or types of their own.
    named = [one.name for one in graph.operations if one.name in modules]
    left = {one.name for one in graph.operations} - set(named)
    assert left == {"edge0_maximum", "edge1_maximum", "pool"}
    assert set(modules) - set(named) == {"angle_quantizer"}
    gathers = [one for one in graph.operations if isinstance(one, KnnGather)]
    assert [one.coordinates for one in gathers] == [2, DYNAMIC.dynamic]


def test_gradient_reaches_every_layer_and_it_learns() -> None:
    torch.manual_seed(1)
    twin = BrevitasParticleNet(TriggerCandidates(constituents=8), DYNAMIC, LINEAR, 2)
    jets = torch.from_numpy(trying_candidates(twin.inputs, 256))
    labels = (jets[..., 0].sum(1) > jets[..., 0].sum(1).median()).long()
    optimizer = torch.optim.Adam(twin.parameters(), 1e-2)
    losses, reached = [], {name: 0.0 for name, _ in twin.named_parameters()}
    for _ in range(60):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(twin(jets).logits, labels)
        loss.backward()
        for name, parameter in twin.named_parameters():
            reached[name] += float(parameter.grad.abs().sum())
        optimizer.step()
        losses.append(loss.item())
    assert all(total > 0 for total in reached.values()), reached
    assert losses[-1] < 0.8 * losses[0]


def test_float_weights_give_a_fine_twin_the_same_function() -> None:
    torch.manual_seed(2)
    inputs = TriggerCandidates(constituents=8)
    fine = Quantization(
        input=FixedPoint(15, 4),
        weights=FixedPoint(22, 3),
        biases=FixedPoint(20, 1),
        edges=FixedPoint(22, 4),
        activations=FixedPoint(22, 4, False),
        pooled=FixedPoint(22, 4, False),
        representation=FixedPoint(22, 4),
    )
    static = DYNAMIC.model_copy(update={"dynamic": 0})
    master = ParticleNetLiteClassifier(inputs, static, 2)
    twin = BrevitasParticleNet(inputs, static, fine, 2)
    assert start_from_float(twin, master.state_dict()) == twin.layer_names
    jets = torch.from_numpy(trying_candidates(inputs)[4:])
    with torch.no_grad():
        expected, outputs = master(jets), twin(jets)
    assert float(expected.logits.std()) > 1e-3
    torch.testing.assert_close(outputs.representation, expected.representation, atol=1e-4, rtol=0)
    torch.testing.assert_close(outputs.logits, expected.logits, atol=1e-4, rtol=0)


def test_state_is_the_weights_alone_and_copies_are_independent() -> None:
    twin = twin_of(DYNAMIC)
    jets = torch.from_numpy(trying_candidates(twin.inputs))
    before = twin(jets).logits
    assert list(twin.state_dict()) == [
        f"{name}.{part}" for name in twin.layer_names for part in ("weight", "bias")
    ]
    copied = copy.deepcopy(twin)
    with torch.no_grad():
        copied.weights_of("edge0")[0].neg_()
    assert torch.equal(twin(jets).logits, before)
    assert not torch.equal(copied(jets).logits, before)
    copied.load_state_dict(twin.state_dict(), strict=True)
    assert torch.equal(copied(jets).logits, before)


def test_a_seed_decides_the_weights_whatever_the_toolkit() -> None:
    states = []
    for twin_class in (BrevitasParticleNet, QKerasParticleNet):
        torch.manual_seed(5)
        twin = twin_class(TriggerCandidates(constituents=8), STATIC, LINEAR, 2)
        states.append([one.detach().clone() for name in twin.layer_names for one in twin.weights_of(name)])
    assert all(torch.equal(*pair) for pair in zip(*states, strict=True))
