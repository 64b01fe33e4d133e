"""Networks of a user's own lines become runs that every engine computes to the same bits; what cannot is refused."""

import os
from pathlib import Path

import numpy as np
import pytest

import edgeood
from edgeood.errors import EdgeoodError
from edgeood.export.targets import TARGETS
from edgeood.foreign.import_model import import_model
from edgeood.foreign.network import constant_of
from edgeood.inputs import inputs_of
from edgeood.recipe import Images, Quantization
from edgeood.run import Run

IMAGES = Images(pixels=16, half_width=0.8, intensity="sqrt")
RECIPE = """
name: mine
data:
  classes: {qcd: [quark, gluon], wz: [w_1tev, z_1tev]}
  signals: {top: [top_1tev]}
  train: 0.5
  validation: 0.2
inputs: {kind: images, pixels: 16, half_width: 0.8, intensity: sqrt}
score: {kind: max_logit, background_efficiency: 0.1}
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("recipe") / "mine.yaml"
    file.write_text(RECIPE)
    return file


@pytest.fixture(scope="module")
def images(toy_jet_file) -> tuple[np.ndarray, np.ndarray]:
    """(N, 1, 16, 16) and (N,) labels of the known jets."""
    jets = edgeood.read_jets(toy_jet_file)
    jets = jets[~np.isin(jets.process_names, ["top_1tev"])]
    return inputs_of(jets, IMAGES.model_dump(), "mine"), np.isin(
        jets.process_names, ["w_1tev", "z_1tev"]
    ).astype(int)


@pytest.fixture(scope="module")
def keras():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    from edgeood.networks.quantized.qkeras.backend import import_qkeras

    return import_qkeras()[0]


def keras_layers(keras, **changes) -> list:
    """A classifier in the way of QKeras's own examples; ``changes`` replace layers by their place in the list."""
    from qkeras import QActivation, QConv2D, QDense, quantized_bits, quantized_relu

    def quantizers(bits: int = 6, alpha: int | None = 1) -> dict:
        return {
            "kernel_quantizer": quantized_bits(bits, 0, alpha=alpha),
            "bias_quantizer": quantized_bits(8, 1, alpha=1),
        }

    layers = {
        "entry": QActivation(quantized_relu(8, 0)),
        "conv": QConv2D(4, 3, **quantizers()),
        "pool": keras.layers.MaxPooling2D(2),
        "relu": QActivation(quantized_relu(6, 2)),
        "flat": keras.layers.Flatten(),
        "drop": keras.layers.Dropout(0.1),
        # Without an alpha, QKeras gives every channel a power of two of its own.
        "dense": QDense(12, **quantizers(4, None)),
        "dense_relu": QActivation(quantized_relu(8, 3)),
        "representation": QDense(
            8,
            use_bias=False,
            kernel_quantizer=quantized_bits(6, 0, alpha=1),
            activation=quantized_bits(8, 3),
        ),
        "logits": QDense(2, activation="softmax", **quantizers()),
    }
    return [layer for layer in (layers | changes).values() if layer is not None]


@pytest.fixture(scope="module")
def keras_file(keras, images, tmp_path_factory) -> Path:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((16, 16, 1)), *keras_layers(keras)])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(images[0].reshape(-1, 16, 16, 1), images[1], epochs=4, batch_size=32, verbose=0)
    file = tmp_path_factory.mktemp("keras") / "mine.keras"
    model.save(file)
    return file


def untrained(keras, file: Path, *, side: int = 16, **changes) -> Path:
    keras.Sequential([keras.Input((side, side, 1)), *keras_layers(keras, **changes)]).save(file)
    return file


def brevitas_layers() -> dict:
    from brevitas.nn import QuantConv2d, QuantIdentity, QuantLinear, QuantReLU
    from brevitas.quant import (
        Int8ActPerTensorFixedPoint,
        Int8BiasPerTensorFixedPointInternalScaling,
        Int8WeightPerTensorFixedPoint,
        Uint8ActPerTensorFixedPoint,
    )
    from torch import nn

    fixed = {
        "weight_quant": Int8WeightPerTensorFixedPoint,
        "bias_quant": Int8BiasPerTensorFixedPointInternalScaling,
    }
    return {
        "entry": QuantIdentity(act_quant=Uint8ActPerTensorFixedPoint),
        "conv": QuantConv2d(1, 4, 3, weight_bit_width=5, **fixed),
        "relu": QuantReLU(act_quant=Uint8ActPerTensorFixedPoint, bit_width=6),
        "pool": nn.MaxPool2d(2),
        "flat": nn.Flatten(),
        "dense": QuantLinear(196, 12, weight_bit_width=4, **fixed),
        "dense_relu": QuantReLU(act_quant=Uint8ActPerTensorFixedPoint, bit_width=6),
        "representation": QuantLinear(12, 8, bias=False, weight_quant=Int8WeightPerTensorFixedPoint),
        "identity": QuantIdentity(act_quant=Int8ActPerTensorFixedPoint),
        "logits": QuantLinear(8, 2, **fixed),
    }


def trained_brevitas(images, file: Path, epochs: int = 4, **changes) -> Path:
    import torch
    from brevitas.export import export_qonnx
    from torch import nn

    torch.manual_seed(1)
    network = nn.Sequential(*(brevitas_layers() | changes).values())
    inputs, labels = (torch.from_numpy(one) for one in images)
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    for _ in range(epochs):
        for some in torch.randperm(len(inputs)).split(32):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(inputs[some]), labels[some]).backward()
            optimizer.step()
    export_qonnx(network.eval(), args=inputs[:1], export_path=str(file))
    return file


@pytest.fixture(scope="module")
def brevitas_file(images, tmp_path_factory) -> Path:
    return trained_brevitas(images, tmp_path_factory.mktemp("brevitas") / "mine.onnx")


def check_run(run: Run, jets: Path) -> None:
    assert run.quantized
    assert run.manifest["imported"]["balanced_accuracy"] > 0.9
    assert run.manifest["imported"]["compared_jets"] > 300
    for target in (name for name in TARGETS if name != "verilog"):
        for score in ("max_logit", "mahalanobis_diagonal"):
            edgeood.export.to(run, target, score=score, changes=["target.io_type=io_parallel"])
    engines = ["network", "qonnx", "onnxruntime", "cpu", "csim", "vivado_csim", "quartus_csim"]
    report = edgeood.verify(run, jets, [*engines, "catapult_csim", "emulator"])
    assert report["mismatches"] == 0
    assert set(report["scores"]) == {"max_logit", "mahalanobis_diagonal"}
    scores = edgeood.score(run, jets, engine="cpu")
    assert len(np.unique(scores)) > 50


@pytest.mark.slow
@pytest.mark.firmware
@pytest.mark.filterwarnings("ignore::edgeood.errors.OutsideDomainWarning")
def test_a_network_of_qkeras_becomes_a_run(keras_file, recipe, toy_jet_file, tmp_path):
    run = import_model(keras_file, recipe, tmp_path / "run", jets=[toy_jet_file])
    kinds = run.recipe.quantization
    assert (kinds.toolkit, kinds.activations.bits, kinds.representation.bits) == ("qkeras", 6, 8)
    assert run.recipe.network.blocks[0].pool == 2
    assert run.recipe.network.hidden == (12,)
    check_run(run, toy_jet_file)


@pytest.mark.slow
@pytest.mark.firmware
@pytest.mark.filterwarnings("ignore::edgeood.errors.OutsideDomainWarning")
def test_a_network_of_brevitas_becomes_a_run(brevitas_file, recipe, toy_jet_file, tmp_path):
    run = import_model(brevitas_file, recipe, tmp_path / "run", jets=[toy_jet_file])
    kinds = run.recipe.quantization
    assert (kinds.toolkit, kinds.input.bits, kinds.layers["conv0"]["weights"].bits) == ("brevitas", 8, 5)
    check_run(run, toy_jet_file)


def test_the_models_own_logits_are_those_of_the_run(
    keras, keras_file, recipe, toy_jet_file, images, tmp_path
):
    from edgeood.networks.build import outputs_of
    from edgeood.networks.load import load_network

    run = import_model(keras_file, recipe, tmp_path / "run", jets=[toy_jet_file])
    model = keras.models.load_model(keras_file)
    model.layers[-1].activation = keras.activations.linear
    theirs = model.predict(images[0].reshape(-1, 16, 16, 1), verbose=0)
    np.testing.assert_array_equal(outputs_of(load_network(run), images[0]).logits, theirs)


def test_an_input_that_is_not_rounded_has_the_recipes_type(keras, recipe, toy_jet_file, tmp_path):
    """The model is compared on rounded inputs, which are what the chip sees."""
    file = untrained(keras, tmp_path / "mine.keras", entry=None)
    with pytest.raises(EdgeoodError, match="does not round its input"):
        import_model(file, recipe, tmp_path / "run", jets=[toy_jet_file])
    changes = ["quantization.input.bits=7", "quantization.input.integer=0", "quantization.input.signed=false"]
    run = import_model(file, recipe, tmp_path / "run", jets=[toy_jet_file], changes=changes)
    assert run.recipe.quantization.input.bits == 7


def test_classes_in_another_order_are_noticed(keras_file, recipe, toy_jet_file, tmp_path):
    turned = tmp_path / "turned.yaml"
    turned.write_text(
        recipe.read_text().replace(
            "{qcd: [quark, gluon], wz: [w_1tev, z_1tev]}", "{wz: [w_1tev, z_1tev], qcd: [quark, gluon]}"
        )
    )
    with pytest.raises(EdgeoodError, match="logits in the order qcd, wz, by the validation jets"):
        import_model(keras_file, turned, tmp_path / "run", jets=[toy_jet_file])
    assert not (tmp_path / "run").exists()


def test_what_has_no_integer_meaning_is_told_by_name(keras, recipe, toy_jet_file, tmp_path):
    from qkeras import QConv2D, QDense, quantized_bits

    weights = {"kernel_quantizer": quantized_bits(6, 0, alpha=1)}
    for changes, message in (
        (
            {"conv": keras.layers.Conv2D(4, 3, name="c")},
            "layer 'c' is a Conv2D, which has no integer meaning",
        ),
        ({"conv": QConv2D(4, 3, padding="same", name="c", **weights)}, "layer 'c' is padded"),
        (
            {"pool": keras.layers.AveragePooling2D(2, name="p")},
            "layer 'p' is a AveragePooling2D, which has no integer",
        ),
        ({"relu": keras.layers.Activation("relu", name="r")}, "layer 'r' has the activation relu"),
        ({"relu": None}, "a quantized activation of '.*' should come next"),
        ({"dense": QDense(12, name="d")}, "the weights of layer 'd' are on no grid"),
        ({"logits": None}, "the logits should come next, and it ends|does not end with a QDense"),
        ({"dense": None, "dense_relu": None, "representation": None}, "no quantized dense layer before"),
    ):
        file = untrained(keras, tmp_path / "mine.keras", **changes)
        with pytest.raises(EdgeoodError, match=message):
            import_model(file, recipe, tmp_path / "run", jets=[toy_jet_file])
        assert not (tmp_path / "run").exists()


def test_a_learnt_scale_is_told_by_name(images, recipe, toy_jet_file, tmp_path):
    from brevitas.nn import QuantReLU

    file = trained_brevitas(images, tmp_path / "mine.onnx", 0, relu=QuantReLU(bit_width=6))
    with pytest.raises(EdgeoodError, match=r"Quant node '.*' has no power-of-two step"):
        import_model(file, recipe, tmp_path / "run", jets=[toy_jet_file])


def test_other_inputs_than_the_recipes_are_told(keras, recipe, toy_jet_file, tmp_path):
    file = untrained(keras, tmp_path / "mine.keras", side=20)
    with pytest.raises(
        EdgeoodError, match=r"of shape .1, 20, 20., and the recipe's are of shape .1, 16, 16."
    ):
        import_model(file, recipe, tmp_path / "run", jets=[toy_jet_file])


def test_code_in_a_file_is_not_run(keras, recipe, toy_jet_file, tmp_path):
    witness = tmp_path / "witness"

    def write(x, place=str(witness)):
        open(place, "w").close()
        return x

    model = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Lambda(write), *keras_layers(keras)])
    witness.unlink()
    model.save(tmp_path / "mine.keras")
    with pytest.raises(EdgeoodError, match="cannot be opened as a"):
        import_model(tmp_path / "mine.keras", recipe, tmp_path / "run", jets=[toy_jet_file])
    assert not witness.exists()


@pytest.mark.parametrize("name", ["mine.keras", "mine.onnx", "mine.h5"])
def test_a_file_that_is_none_is_told_in_one_sentence(name, recipe, toy_jet_file, tmp_path):
    (tmp_path / name).write_bytes(b"not a network")
    with pytest.raises(EdgeoodError, match=r"cannot be opened|is neither a .keras nor"):
        import_model(tmp_path / name, recipe, tmp_path / "run", jets=[toy_jet_file])
    with pytest.raises(EdgeoodError):
        import_model(tmp_path / f"other-{name}", recipe, tmp_path / "run", jets=[toy_jet_file])


def test_a_folder_with_something_in_it_stays(keras_file, recipe, toy_jet_file, tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(EdgeoodError, match="is not empty"):
        import_model(keras_file, recipe, tmp_path, jets=[toy_jet_file])
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("values", "bits", "fraction"),
    [
        ([0.0, 0.0], 2, 0),
        ([-1.0, 0.5], 2, 1),
        ([3.0, -4.0], 3, 0),
        ([96.0, -32.0], 3, -5),
        ([2.0**-20, 1.0], 22, 20),
    ],
)
def test_constants_have_the_narrowest_type_that_holds_them(values, bits, fraction):
    constant = constant_of(np.array(values), None, "weights")
    assert (constant.type.bits, constant.type.fraction) == (bits, fraction)
    np.testing.assert_array_equal(constant.values, values)


def test_constants_on_no_grid_are_refused():
    with pytest.raises(EdgeoodError, match="are on no grid of at most 24 bits"):
        constant_of(np.array([0.1]), None, "the weights")
    with pytest.raises(EdgeoodError, match="no numbers"):
        constant_of(np.array([np.nan]), None, "the weights")
    assert constant_of(np.array([0.25]), Quantization().weights, "w").type == Quantization().weights
