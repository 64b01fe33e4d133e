"""A training with a moving average of the weights keeps that average."""

import lightning
import numpy as np
from safetensors.numpy import load_file

from edgeood.recipe import parse_recipe
from edgeood.training.train import train

RECIPE = {
    "name": "tiny",
    "seed": 3,
    "data": {
        "classes": {"qcd": ["quark", "gluon"], "wz": ["w_1tev", "z_1tev"]},
        "signals": {"top": ["top_1tev"]},
        "train": 0.6,
        "validation": 0.2,
    },
    "inputs": {"kind": "four_vectors", "constituents": 8},
    "network": {"kind": "fcn", "hidden": [6], "representation": 4},
    "training": {"epochs": 2, "batch_size": 64, "schedule": [[0, 1e-2]]},
}


class Steps(lightning.Callback):
    """The weights of a layer after every step."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen: list[np.ndarray] = []

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_index):
        self.seen.append(module.network.state_dict()[self.name].numpy().copy())


def test_what_is_kept_is_the_average_of_every_step(tmp_path, toy_jet_file):
    name, kept = "logits.weight", {}
    for decay in (None, 0.8):
        steps = Steps(name)
        recipe = parse_recipe(RECIPE | {"training": RECIPE["training"] | {"weight_average": decay}}, "test")
        run = train(recipe, tmp_path / str(decay), jets=[toy_jet_file], progress=False, callbacks=[steps])
        kept[decay] = load_file(run.network_file)[name], steps.seen
    last, seen = kept[None]
    average, same = kept[0.8]
    assert len(seen) > 5
    assert all((a == b).all() for a, b in zip(seen, same, strict=True)), "averaging does not change the steps"
    assert (last == seen[-1]).all()
    expected = seen[0].astype(np.float64)
    for weights in seen[1:]:
        expected = 0.8 * expected + 0.2 * weights
    np.testing.assert_allclose(average, expected, rtol=1e-5)
    assert not np.allclose(average, last, rtol=1e-3)
