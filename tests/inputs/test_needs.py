"""What inputs read of jets is known, or the jets are refused: in every path that feeds a network."""

import re

import numpy as np
import pytest
from quantized_runs import CANDIDATES, LITE, on_candidates, quantized_run

from edgeood.errors import EdgeoodError
from edgeood.evaluation.held_out import network_outputs
from edgeood.inputs import INPUTS, inputs_of, needs_of
from edgeood.inputs.needs import Needs
from edgeood.jets.format import read_jets, write_jets
from edgeood.jets.layout import CONSTITUENT_DTYPE, JET_DTYPE, Jets
from edgeood.recipe import Constituents, FourVectors, Images, Substructure, TriggerCandidates, parse_recipe
from edgeood.released import load_released, released_names
from edgeood.runtime.score import score
from edgeood.runtime.verify import verify
from edgeood.training.train import train

SETTINGS = [
    Images(pixels=8),
    Constituents(constituents=8),
    Constituents(constituents=8, identity=True),
    FourVectors(constituents=4),
    Substructure(),
    Substructure(identity=True),
    TriggerCandidates(constituents=4),
    TriggerCandidates(constituents=4, identity=True),
]
TELLING = TriggerCandidates(constituents=8, identity=True).model_dump()


def known_jets(toy_jets, count: int = 20) -> Jets:
    """Toy jets with every optional field filled in."""
    jets = toy_jets(count)
    for place, field in enumerate(("tau1", "tau2", "tau3", "tau4")):
        jets.jets[field] = 0.1 / (place + 1)
    jets.jets["softdrop_mass"] = jets.jets["mass"] / 2
    return jets


def without_kinds(jets: Jets, which: object = slice(None)) -> Jets:
    constituents = jets.constituents.copy()
    constituents["kind"][which] = 0
    return Jets(jets.jets, constituents, jets.processes)


@pytest.mark.parametrize("inputs", SETTINGS, ids=repr)
def test_inputs_read_what_they_say_and_nothing_else(toy_jets, inputs):
    """Whatever stands in the other fields, the inputs are the same; with one of their own changed, they are not."""
    settings = inputs.model_dump()
    jets, needs = known_jets(toy_jets), needs_of(settings)
    expected = inputs_of(jets, settings)
    tables = (("jets", JET_DTYPE, needs.jets), ("constituents", CONSTITUENT_DTYPE, needs.constituents))
    for table, dtype, needed in tables:
        assert set(needed) <= set(dtype.names)
        for field in set(dtype.names) - {"valid", "process", "event"}:
            changed = {"jets": jets.jets.copy(), "constituents": jets.constituents.copy()}
            values = changed[table][field]
            # Not all by one factor, which leaves shares and ratios as they are; and charges and kinds stay known.
            steps = np.arange(values.size).reshape(values.shape) % 3
            changed[table][field] = (
                1 + (values + steps) % 3 if dtype[field].kind == "i" else values * (1 + steps / 7)
            )
            found = INPUTS[settings["kind"]].make(Jets(**changed, processes=jets.processes), settings)
            assert np.array_equal(found, expected) == (field not in needed), (table, field)


def test_every_kind_of_inputs_in_a_recipe_says_what_it_needs():
    assert {inputs.kind for inputs in SETTINGS} == set(INPUTS)


@pytest.mark.parametrize("rows", [1, 20, 5000])
def test_jets_whose_kinds_are_all_zero_are_refused(toy_jets, rows):
    jets = toy_jets(20)[np.arange(rows) % 100]
    inputs_of(jets, TELLING)
    with pytest.raises(
        EdgeoodError, match=r"^the network reads the kind of constituents, which jets of process '"
    ):
        inputs_of(without_kinds(jets), TELLING)


def test_one_process_without_kinds_does_not_hide_among_others(toy_jets):
    """A classifier would learn which jets lack kinds, and nothing of their physics."""
    jets = toy_jets(100)
    own = jets.process_names == "w_1tev"
    with pytest.raises(EdgeoodError, match="process 'w_1tev' do not tell"):
        inputs_of(without_kinds(jets, own), TELLING)


def test_a_file_without_kinds_does_not_hide_among_others(toy_jets):
    jets = toy_jets(1600)
    jets.jets["process"] = 0
    last = np.arange(len(jets)) >= 6000
    with pytest.raises(EdgeoodError, match="process 'quark' do not tell"):
        inputs_of(without_kinds(jets, last), TELLING)


def test_a_code_that_no_reader_knows_here_and_there_is_no_harm(toy_jets):
    jets = toy_jets(1)[:1]
    weak = jets.constituents["pt"] < np.median(jets.constituents["pt"])
    assert weak.sum() > 5
    inputs_of(without_kinds(jets, weak), TELLING)
    # Nor does one odd jet stop a file.
    inputs_of(without_kinds(toy_jets(20), 3), TELLING)


def test_charges_are_unknown_where_charged_constituents_have_none(toy_jets):
    jets = toy_jets(20)
    settings = Constituents(constituents=8, identity=True).model_dump()
    jets.constituents["charge"] = 0
    inputs_of(jets, TELLING)  # reads none
    with pytest.raises(EdgeoodError, match="the charge of constituents"):
        inputs_of(jets, settings)
    jets.constituents["kind"] = 2  # photons have none to tell
    inputs_of(jets, settings)


@pytest.mark.parametrize("field", ["tau1", "tau4", "softdrop_mass"])
def test_unknown_substructure_is_refused_by_jet(toy_jets, field):
    jets = known_jets(toy_jets)
    settings = Substructure().model_dump()
    jets.jets[field][7] = np.nan
    inputs_of(jets, Images().model_dump())
    with pytest.raises(
        EdgeoodError, match=f"reads {field} of the jets, and jet 7 has no {field}: fill it in"
    ):
        inputs_of(jets, settings)


def test_a_released_detector_says_what_it_needs_and_which_needs_less():
    assert set(released_names()) >= {"cnn-trigger", "particlenet-lite"}
    images, particles = load_released("cnn-trigger"), load_released("particlenet-lite")
    assert images.needs.optional == ()
    assert particles.needs == Needs(("eta", "phi"), ("pt", "eta", "phi", "kind"))
    jets = read_jets(particles.example())
    particles(jets)
    with pytest.raises(
        EdgeoodError, match=r"^detector 'particlenet-lite' reads the kind .* cnn-trigger.*\)\.$"
    ) as told:
        particles(without_kinds(jets))
    assert "\n" not in str(told.value)
    images.card["needs"] = {"jets": ["eta"], "constituents": ["pt", "kind"]}
    assert images.needs.optional == ("kind",)


@pytest.fixture
def kindless(tmp_path, toy_jets):
    file = tmp_path / "kindless.h5"
    write_jets(file, without_kinds(toy_jets(60)), {})
    return file


def test_every_path_to_a_run_of_ours_refuses(kindless):
    run = quantized_run(
        network=LITE,
        inputs=CANDIDATES.model_copy(update={"identity": True}),
        quantization=on_candidates(),
    )
    sentence = f"run {re.escape(str(run.path))} reads the kind of constituents"
    with pytest.raises(EdgeoodError, match=sentence):
        score(run, kindless, engine="network")
    with pytest.raises(EdgeoodError, match=sentence):
        verify(run, kindless, ["network", "cpu"])
    with pytest.raises(EdgeoodError, match=sentence):
        network_outputs(run, read_jets(kindless))


def test_nothing_is_trained_on_unknown_kinds(kindless, tmp_path):
    recipe = {
        "name": "told",
        "data": {"classes": {"qcd": ["quark"], "w": ["w_1tev"]}},
        "inputs": {"kind": "trigger_candidates", "constituents": 8, "identity": True},
        "network": {"kind": "particlenet_lite"},
        "training": {"batch_size": 8, "epochs": 1},
        "score": {"background_efficiency": 0.5},
    }
    with pytest.raises(
        EdgeoodError, match="recipe 'told' reads the kind of constituents, which jets of process"
    ):
        train(parse_recipe(recipe, "test"), tmp_path / "run", jets=[kindless], progress=False)
    assert not (tmp_path / "run").exists()
