"""The QKeras twin of ParticleNet-lite: its values, its gradients, its files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.evaluation import exact_outputs
from edgeood.fixed_point.graph import INPUT, ConstituentMean, Dense, FixedGraph, KnnGather, Quantize
from edgeood.networks.particlenet.edge_maximum import constituent_mean, edge_maximum, neighbour_mask
from edgeood.networks.particlenet.lite import ParticleNetLiteClassifier
from edgeood.networks.quantized.fixed_graph import fixed_graph
from edgeood.networks.quantized.qkeras.files import open_keras, save_keras
from edgeood.networks.quantized.qkeras.particlenet import QKerasParticleNet
from edgeood.networks.quantized.qkeras.quantizers import fixed_point_of
from edgeood.networks.quantized.twin import start_from_float
from edgeood.recipe import EdgeBlock, ParticleNetLite, Quantization, TriggerCandidates

TYPES = Quantization(input=FixedPoint(15, 4), representation=FixedPoint(10, 3))
STATIC = ParticleNetLite(neighbours=3, blocks=(EdgeBlock(edge=6, nodes=(5,)),), hidden=(7,), representation=4)
DYNAMIC = ParticleNetLite(
    neighbours=2, blocks=(EdgeBlock(edge=4), EdgeBlock(edge=5, nodes=(4, 3))), dynamic=2, representation=3
)


def twin_of(network: ParticleNetLite = STATIC, quantization: Quantization = TYPES, **inputs):
    """A twin whose weights are large enough for its outputs to use their ranges."""
    torch.manual_seed(4)
    settings = {"constituents": 8} | inputs
    twin = QKerasParticleNet(TriggerCandidates(**settings), network, quantization, 2)
    with torch.no_grad():
        for name in twin.layer_names:
            kernel, bias = twin.weights_of(name)
            kernel.mul_(2)
            bias.uniform_(-0.3, 0.5)
    twin.keep_in_range()
    return twin.eval()


def candidates(count: int, constituents: int = 8, seed: int = 0, features: int = 3) -> np.ndarray:
    """(count, constituents, features) on few angles, for many ties; empty jets and such of one, padding between."""
    random = np.random.default_rng(seed)
    jets = np.zeros((count, constituents, features), np.float32)
    jets[..., 0] = random.integers(1, 4000, jets.shape[:2]) * 2.0**-10
    jets[..., 1:3] = random.integers(-3, 4, (*jets.shape[:2], 2)) * 2.0**-6
    jets[::4, :, 1:3] = random.uniform(-4, 4, jets[::4, :, 1:3].shape)  # off the grid, beyond the range
    jets[..., 3:] = random.integers(0, 2, jets[..., 3:].shape)
    kept = random.random(jets.shape[:2]) < random.random(count)[:, None] * 1.3
    kept[0], kept[1], kept[2] = False, np.arange(constituents) == 3, True
    jets[~kept] = 0
    jets[3::4, :, 1:3] = (
        random.integers(-3, 4, jets[3::4, :, 1:3].shape) * 2.0**-6
    )  # padding that is not zero
    return jets


def by_definition(graph: FixedGraph, inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Every tensor of the graph for one jet (N, F), by the words of its operations."""
    tensors = {INPUT: inputs.astype(np.float64)}
    for one in graph.operations:
        taken = [tensors[name] for name in one.inputs]
        match one:
            case Quantize():
                result = one.type.quantize(taken[0])
            case Dense():
                result = taken[0] @ one.weights.values + one.bias.values
            case KnnGather():
                jets, points, edges = taken
                places = one.coordinate_type.quantize(points[:, one.first : one.first + one.coordinates])
                own, others = np.split(edges, 2, axis=1)
                result = np.zeros_like(own)
                for i in np.flatnonzero(jets[:, 0] > 0):
                    reach = [((places[i] - places[j]) ** 2).sum() for j in range(len(jets))]
                    choice = [j for j in range(len(jets)) if jets[j, 0] > 0 and j != i]
                    nearest = sorted(choice, key=lambda j: (reach[j], j))[: one.neighbours] or [i]
                    result[i] = own[i] + others[nearest].max(axis=0)
            case ConstituentMean():
                jets, features = taken
                result = features[jets[:, 0] > 0].sum(axis=0) / len(jets)
            case _:
                raise AssertionError(one)
        tensors[one.name] = result
    return tensors


@pytest.mark.parametrize(
    ("network", "inputs"),
    [(STATIC, {}), (STATIC, {"identity": True}), (DYNAMIC, {}), (DYNAMIC, {"angle_bits": 7})],
)
def test_forward_equals_plain_qkeras_and_the_definition(network, inputs) -> None:
    twin = twin_of(network, **inputs)
    jets = candidates(48, features=twin.inputs.features)
    with torch.no_grad():
        outputs = twin(torch.from_numpy(jets))
        representation, logits = twin.keras_model()(jets)
    assert torch.equal(outputs.representation, representation)
    assert torch.equal(outputs.logits, logits)
    graph = fixed_graph(twin)
    expected = [by_definition(graph, jet) for jet in jets]
    np.testing.assert_array_equal(outputs.representation, [one[graph.representation] for one in expected])
    np.testing.assert_array_equal(outputs.logits, [one[graph.logits] for one in expected])
    exact = exact_outputs(graph, jets)
    np.testing.assert_array_equal(outputs.representation, exact.representation)
    np.testing.assert_array_equal(outputs.logits, exact.logits)
    assert len(np.unique(outputs.representation, axis=0)) > 30


def test_layers_have_the_names_of_the_fixed_point_graph() -> None:
    twin = twin_of(DYNAMIC)
    layers = {layer.name for layer in twin.keras_model().layers}
    assert layers == {"candidates", *(one.name for one in fixed_graph(twin).operations)}


def test_exceptions_by_layer_are_used() -> None:
    own = {
        "edge0": {"edges": FixedPoint(7, 2), "activations": FixedPoint(5, 1, False)},
        "pool": {"activations": FixedPoint(6, 1, False)},
    }
    model = twin_of(quantization=TYPES.model_copy(update={"layers": own})).keras_model()
    for layer, expected in [
        ("edge0_edges", own["edge0"]["edges"]),
        ("edge0_activation", own["edge0"]["activations"]),
        ("pool_activation", own["pool"]["activations"]),
    ]:
        assert fixed_point_of(model.get_layer(layer).activation) == expected


@pytest.mark.parametrize("network", [STATIC, DYNAMIC])
def test_every_weight_gets_a_gradient_and_learns(network: ParticleNetLite) -> None:
    torch.manual_seed(1)
    twin = QKerasParticleNet(TriggerCandidates(constituents=8), network, TYPES, 2)
    jets = torch.from_numpy(candidates(256))
    labels = (jets[..., 0].sum(1) > jets[..., 0].sum(1).median()).long()
    optimizer = torch.optim.Adam(twin.parameters(), 5e-3)
    losses, moved = [], {name: 0.0 for name, _ in twin.named_parameters()}
    for _ in range(60):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(twin(jets).logits, labels)
        loss.backward()
        for name, parameter in twin.named_parameters():
            moved[name] += float(parameter.grad.abs().sum())
        optimizer.step()
        losses.append(loss.item())
    assert min(moved.values()) > 0, moved
    assert losses[-1] < 0.7 * losses[0]


def test_a_seed_decides_the_weights_and_the_state_has_our_names() -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(5)
        states.append(QKerasParticleNet(TriggerCandidates(constituents=8), STATIC, TYPES, 2).state_dict())
    assert list(states[0]) == [
        f"{layer}.{part}"
        for layer in ("edge0", "node0_0", "dense0", "representation", "logits")
        for part in ("kernel", "bias")
    ]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_a_fine_twin_computes_what_the_float_network_does() -> None:
    torch.manual_seed(2)
    fine = Quantization(
        input=FixedPoint(15, 4),
        weights=FixedPoint(22, 1),
        biases=FixedPoint(22, 1),
        activations=FixedPoint(22, 4, False),
        edges=FixedPoint(22, 4),
        pooled=FixedPoint(22, 4, False),
        representation=FixedPoint(22, 4),
    )
    inputs = TriggerCandidates(constituents=8)
    master = ParticleNetLiteClassifier(inputs, STATIC, 2)
    twin = QKerasParticleNet(inputs, STATIC, fine, 2)
    assert start_from_float(twin, master.state_dict()) == twin.layer_names
    jets = torch.from_numpy(candidates(40))[1::2]
    with torch.no_grad():
        expected, outputs = master(jets), twin.eval()(jets)
    torch.testing.assert_close(outputs.representation, expected.representation, atol=1e-4, rtol=0)
    torch.testing.assert_close(outputs.logits, expected.logits, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ({"conv0": {"weights": FixedPoint(4, 0)}}, "names 'conv0'"),
        ({"edge0": {"edges": FixedPoint(8, 2, False)}}, "the edges of layer 'edge0' cannot have"),
        ({"pool": {"activations": FixedPoint(8, 2)}}, "the activations of layer 'pool' cannot have"),
    ],
)
def test_unsuitable_types_are_refused(layers, message: str) -> None:
    with pytest.raises(EdgeoodError, match=message):
        twin_of(quantization=TYPES.model_copy(update={"layers": layers}))


def test_files_call_our_layers_what_they_always_did() -> None:
    from edgeood.networks.quantized.qkeras.layers import ConstituentMeanLayer, KnnGatherLayer, keras

    names = [keras.saving.get_registered_name(one) for one in (KnnGatherLayer, ConstituentMeanLayer)]
    assert names == ["edgeood>KnnGather", "edgeood>ConstituentMean"]


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.keras").write_text("nothing")
    for name in ("broken.keras", "missing.keras"):
        with pytest.raises(EdgeoodError, match=f"{name} cannot be opened"):
            open_keras(tmp_path / name)


REOPEN = """
import importlib.abc, json, os, sys
import numpy as np
class NoTorch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(name, name="torch")
if os.environ["KERAS_BACKEND"] != "torch":
    sys.meta_path.insert(0, NoTorch())
from edgeood.networks.quantized.qkeras.files import open_keras
from edgeood.networks.quantized.qkeras.layers import ConstituentMeanLayer, KnnGatherLayer, keras
inputs = np.load(sys.argv[1])
results = {"backend": np.array(keras.backend.backend()), "torch": np.array("torch" in sys.modules)}
for i, settings in enumerate(json.loads(str(inputs["gathers"]))):
    layer = KnnGatherLayer.from_config(KnnGatherLayer(**settings).get_config())
    results[f"gather{i}"] = np.array(layer(inputs["jets"], inputs["points"], inputs["edges"]))
results["mean"] = np.array(ConstituentMeanLayer()(inputs["jets"], inputs["edges"]))
for name, path in zip(("static", "dynamic"), sys.argv[3:]):
    results[f"{name}_representation"], results[f"{name}_logits"] = (
        np.array(one) for one in open_keras(path).predict(inputs["jets"], verbose=0)
    )
np.savez(sys.argv[2], **results)
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_layers_and_files_are_identical_on_every_backend(tmp_path: Path, backend: str) -> None:
    jets, random = candidates(200), np.random.default_rng(1)
    points = random.integers(0, 4, (200, 8, 4)).astype(np.float32)
    edges = random.integers(-9, 9, (200, 8, 6)).astype(np.float32) / 8
    gathers = [
        {"neighbours": k, "first": first, "coordinates": count, "coordinate_type": [3, 1, signed]}
        for k, first, count, signed in [(1, 0, 2, True), (3, 1, 3, False), (7, 2, 1, True), (12, 0, 4, True)]
    ]
    twins = {"static": twin_of(STATIC), "dynamic": twin_of(DYNAMIC)}
    files = [tmp_path / f"{name}.keras" for name in twins]
    for twin, file in zip(twins.values(), files, strict=True):
        save_keras(twin, file)
    given, written = tmp_path / "inputs.npz", tmp_path / "outputs.npz"
    np.savez(given, jets=jets, points=points, edges=edges, gathers=json.dumps(gathers))
    subprocess.run(
        [sys.executable, "-c", REOPEN, given, written, *files],
        check=True,
        env=os.environ | {"KERAS_BACKEND": backend},
    )
    with np.load(written) as results:
        assert results["backend"] == backend
        assert results["torch"] == (backend == "torch")
        valid, edges = torch.from_numpy(jets[..., 0] > 0), torch.from_numpy(edges)
        for i, one in enumerate(gathers):
            coordinate_type = FixedPoint(*one["coordinate_type"])
            places = coordinate_type.quantize(points[..., one["first"] : one["first"] + one["coordinates"]])
            near = neighbour_mask(torch.from_numpy(places), valid, one["neighbours"])
            np.testing.assert_array_equal(results[f"gather{i}"], edge_maximum(edges, near, valid))
        np.testing.assert_array_equal(results["mean"], constituent_mean(edges, valid))
        for name, twin in twins.items():
            with torch.no_grad():
                outputs = twin(torch.from_numpy(jets))
            np.testing.assert_array_equal(results[f"{name}_representation"], outputs.representation)
            np.testing.assert_array_equal(results[f"{name}_logits"], outputs.logits)
