"""Recipes of absurd size or order are refused when they are read, not when memory or patience ends."""

import copy

import pytest

from edgeood.errors import EdgeoodError
from edgeood.networks.build import build_network
from edgeood.recipe import load_recipe, override, parse_recipe, shipped_recipes
from edgeood.recipe.size import MOST_PARAMETERS, parameters_of

CNN = {
    "name": "test",
    "data": {"classes": {"qcd": ["quark"], "wz": ["w_1tev"]}, "signals": {"top": ["top_1tev"]}},
    "network": {"kind": "cnn", "blocks": [{"filters": 4}]},
}
CLOUD = CNN | {"inputs": {"kind": "constituents"}, "network": {"kind": "particlenet"}}
NURD = CNN | {"objective": {"kind": "nurd"}}
TWIN = CNN | {"quantization": {}}


ABSURD = [
    *(
        (CNN, assignment)
        for assignment in (
            "training.schedule=[]",
            "training.schedule=[[0, -1.0e-3]]",
            "training.schedule=[[0, 0]]",
            "training.schedule=[[0, .nan]]",
            "training.schedule=[[0, .inf]]",
            "training.schedule=[[0, 1.0e+9]]",
            "training.schedule=[[5, 1.0e-3], [2, 1.0e-3]]",
            "training.schedule=[[0, 1.0e-3], [0, 1.0e-4]]",
            "training.schedule=[[-1, 1.0e-3]]",
            "training.schedule=[[0]]",
            "training.schedule=[[.nan, 1.0e-3]]",
            "training.batch_size=1000000000",
            "training.batch_size=0",
            "training.epochs=10000000",
            "training.epochs=yes",
            "training.epochs=-1",
            "training.devices=100000",
            "training.weight_decay=.nan",
            "training.weight_decay=-1",
            "network.representation=100000000",
            "network.hidden=[10000000]",
            "network.hidden=[0]",
            "network.hidden=[-4]",
            "network.hidden=[16384, 16384]",
            "network.blocks=[]",
            "network.blocks.0.filters=10000000",
            "network.blocks.0.kernel=1000",
            "inputs.pixels=100000",
            "inputs.half_width=.inf",
            "inputs.scale=.nan",
            "inputs.scale=1.0e+30",
            "data.classes={qcd: [], wz: [w]}",
            "data.classes={qcd: [quark], wz: [quark]}",
            "data.signals={top: []}",
            "data.train=.nan",
            "data.jets_per_process=1.0e+30",
            "name=../../elsewhere",
            "name=.hidden",
            "name=''",
            "seed=1.0e+400",
            "target.clock_ns=.inf",
            "target.part='x; rm -rf'",
            "target.reuse_factor=1000000000",
            "score.background_efficiency=.nan",
            f"network.blocks={[{'filters': 1, 'kernel': 1}] * 1000}",
        )
    ),
    *(
        (CLOUD, assignment)
        for assignment in (
            "inputs.constituents=1048576",
            "network.neighbours=100000",
            "network.blocks=[[]]",
            "network.blocks=[[10000000]]",
            "network.blocks=[[16384, 16384], [16384]]",
            "network.output.features=100000",
            "network.output.power_iterations=1000000000",
        )
    ),
    *(
        (NURD, assignment)
        for assignment in (
            "objective.critic_hidden=[100000000]",
            "objective.critic_steps=1000000",
            "objective.critic_learning_rate=0",
            "objective.critic_learning_rate=-1.0",
            "objective.critic_learning_rate=.nan",
            "objective.mass_bin_gev=1.0e-9",
        )
    ),
    *(
        (TWIN, assignment)
        for assignment in (
            "quantization.weights={bits: 65, integer: 0}",
            "quantization.weights={bits: 8, integer: 100000}",
            "quantization.weights={bits: 0, integer: 0}",
        )
    ),
]


@pytest.mark.parametrize(("recipe", "assignment"), ABSURD)
def test_what_nobody_means_is_refused_by_its_key(recipe, assignment):
    content = copy.deepcopy(recipe)
    parse_recipe(content, "r.yaml")
    override(content, assignment)
    with pytest.raises(EdgeoodError, match=r"^r\.yaml: ") as caught:
        parse_recipe(content, "r.yaml")
    sentence = str(caught.value)
    section = assignment.partition("=")[0].split(".")[0]
    assert section in sentence
    assert sentence.isprintable()
    assert sentence.endswith(("correct it.", "add it."))


def test_knots_out_of_order_are_told():
    """``numpy.interp`` gives nonsense on them and says nothing."""
    with pytest.raises(
        EdgeoodError, match="epoch 2 stands behind epoch 5; knots are in rising order; correct it"
    ):
        load_recipe("cnn-nurd-demo", ["training.schedule=[[5, 1.0e-3], [2, 1.0e-3]]"])


def test_a_network_that_no_memory_holds_is_refused_before_it_is_built():
    sentence = (
        "network: 275,[0-9]{3},[0-9]{3} parameters, more than 100,000,000; choose smaller layers; correct it"
    )
    with pytest.raises(EdgeoodError, match=sentence):
        load_recipe("cnn-nurd-demo", ["network.hidden=[16384, 16384]"])
    with pytest.raises(EdgeoodError, match=r"training\.batch_size: 1,000,000 jets of 2,500 numbers each"):
        load_recipe("cnn-nurd-demo", ["training.batch_size=1000000"])


def _built(recipe) -> int:
    network = build_network(recipe)
    tensors = {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}
    return sum(tensor.numel() for tensor in tensors.values())


@pytest.mark.parametrize(
    "name", [name for name in shipped_recipes() if "keras" not in name and "brevitas" not in name]
)
def test_parameters_are_counted_as_they_are_built(name):
    recipe = load_recipe(name)
    counted = parameters_of(recipe.network, recipe.inputs, len(recipe.data.classes))
    # Norms, rectifiers and counters are not counted, or roughly.
    assert counted == pytest.approx(_built(recipe), rel=0.05, abs=500)
    assert counted < MOST_PARAMETERS / 10
