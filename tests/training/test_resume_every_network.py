"""An interrupted training of any kind of network goes on and ends with the weights of an undisturbed one."""

import lightning
import pytest
from safetensors.numpy import load_file

from edgeood.recipe import Recipe, parse_recipe
from edgeood.training.train import train

DATA = {
    "classes": {"qcd": ["quark", "gluon"], "wz": ["w_1tev", "z_1tev"]},
    "signals": {"top": ["top_1tev"]},
    "train": 0.6,
    "validation": 0.2,
}
CONSTITUENTS = {"kind": "constituents", "constituents": 12, "identity": True}
PARTICLENET = {
    "kind": "particlenet",
    "neighbours": 3,
    "blocks": [[8, 8], [8]],
    "representation": 6,
    "dropout": 0.1,
}
SNGP = PARTICLENET | {"output": {"features": 16}}
FOUR_VECTORS = {"kind": "four_vectors", "constituents": 8}
CANDIDATES = {"kind": "trigger_candidates", "constituents": 8}
LITE = {"kind": "particlenet_lite", "blocks": [{"edge": 6}, {"edge": 4}], "hidden": [6], "representation": 4}
TYPES = {"input": {"bits": 15, "integer": 4}, "representation": {"bits": 8, "integer": 3}}
SECTIONS = {
    "particlenet": {"inputs": CONSTITUENTS, "network": PARTICLENET},
    "bf16": {"inputs": CONSTITUENTS, "network": PARTICLENET, "training": {"precision": "bf16"}},
    "averaged": {"inputs": CONSTITUENTS, "network": PARTICLENET, "training": {"weight_average": 0.9}},
    "sngp": {"inputs": CONSTITUENTS, "network": SNGP},
    "sngp-sum": {"inputs": CONSTITUENTS, "network": SNGP | {"output": {"features": 16, "discount": 1.0}}},
    "nurd": {
        "inputs": CONSTITUENTS,
        "network": PARTICLENET,
        "objective": {"kind": "nurd", "critic_hidden": [8]},
    },
    "overlaid": {
        "inputs": CONSTITUENTS,
        "network": PARTICLENET,
        "objective": {"kind": "nurd", "critic_hidden": [8]},
        "data": DATA | {"overlaid": {"per_jet": 0.4}},
        "score": {"normal": "background_density", "overlaid": 0.5},
    },
    "disco": {"inputs": CONSTITUENTS, "network": PARTICLENET, "objective": {"kind": "disco"}},
    "matched": {
        "inputs": CONSTITUENTS,
        "network": PARTICLENET,
        "data": DATA | {"mass_matching": {"bin_gev": 200}},
    },
    "fcn": {"inputs": FOUR_VECTORS, "network": {"kind": "fcn", "hidden": [16], "representation": 4}},
    "vae": {
        "inputs": FOUR_VECTORS,
        "network": {"kind": "vae", "hidden": [16], "representation": 3},
        "objective": {"kind": "variational", "outlier_exposure": 2.0},
    },
    "lite": {"inputs": CANDIDATES, "network": LITE},
    "lite-qkeras": {"inputs": CANDIDATES, "network": LITE, "quantization": TYPES | {"toolkit": "qkeras"}},
    "lite-brevitas": {"inputs": CANDIDATES, "network": LITE, "quantization": TYPES | {"toolkit": "brevitas"}},
    "lite-brevitas-averaged": {
        "inputs": CANDIDATES,
        "network": LITE,
        "quantization": TYPES | {"toolkit": "brevitas"},
        "training": {"weight_average": 0.9},
    },
}


class Interrupt(lightning.Callback):
    """Stops in the middle of an epoch, as Ctrl-C would."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_index):
        if trainer.current_epoch == self.epoch and batch_index == 1:
            raise KeyboardInterrupt


def recipe_of(sections: dict) -> Recipe:
    training = {"epochs": 3, "batch_size": 64, "schedule": [[0, 1e-2], [3, 1e-3]]} | sections.get(
        "training", {}
    )
    return parse_recipe({"name": "tiny", "seed": 3, "data": DATA} | sections | {"training": training}, "test")


@pytest.mark.parametrize("name", SECTIONS)
def test_an_interrupted_training_ends_with_the_same_weights(name, tmp_path, toy_jet_file):
    recipe = recipe_of(SECTIONS[name])
    whole = train(recipe, tmp_path / "whole", jets=[toy_jet_file], progress=False)
    for epoch in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            train(
                recipe, tmp_path / "parts", jets=[toy_jet_file], progress=False, callbacks=[Interrupt(epoch)]
            )
    parts = train(recipe, tmp_path / "parts", jets=[toy_jet_file], progress=False)
    expected, found = load_file(whole.network_file), load_file(parts.network_file)
    assert expected.keys() == found.keys()
    assert all((expected[key] == found[key]).all() for key in expected)
    assert (whole.path / "metrics.csv").read_bytes() == (parts.path / "metrics.csv").read_bytes()
