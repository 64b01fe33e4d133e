"""Sample files: what ships, scaling, sharding, and the sentence for every mistake."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgeood.errors import EdgeoodError
from edgeood.jets.simulation.processes import PROCESSES, SET_A, SET_B, JetSelection
from edgeood.jets.simulation.sample import Sample, load_sample, parse_sample, shipped_samples


def test_shipped_samples_are_the_papers() -> None:
    assert shipped_samples() == ["cheng2022", "demo", "demo-background", "gandrakota2024", "large-radius"]
    assert set(load_sample("cheng2022").jets) == set(SET_A)
    assert load_sample("cheng2022").total == 1_520_000
    gandrakota = load_sample("gandrakota2024")
    assert tuple(gandrakota.jets) == SET_B
    assert gandrakota.total - gandrakota.jets["top_1tev"] == 600_000
    demo = load_sample("demo")
    assert tuple(demo.jets) == SET_B
    assert demo.total >= 30_000
    assert all(load_sample(name).description for name in shipped_samples())


def test_scaling_keeps_the_mixture_and_hits_the_total() -> None:
    demo = load_sample("demo")
    for total in (5, 6, 17, 360, 35_999, 36_000, 1_000_000):
        scaled = demo.scaled(total)
        assert scaled.total == total
        assert min(scaled.jets.values()) >= 1
        for process, count in scaled.jets.items():
            assert abs(count - demo.jets[process] * total / demo.total) <= 2
    assert demo.scaled(demo.total) == demo
    with pytest.raises(EdgeoodError, match="4 jets are too few for the 5 processes of sample 'demo'"):
        demo.scaled(4)


def test_shards_cover_the_sample_and_take_turns() -> None:
    sample = Sample(name="two", shard_jets=100, jets={"quark": 250, "gluon": 100})
    shards = sample.shards(seed=7, fast=True)
    assert [(shard.process, shard.number, shard.jets) for shard in shards] == [
        ("quark", 0, 100),
        ("gluon", 0, 100),
        ("quark", 1, 100),
        ("quark", 2, 50),
    ]
    assert shards[0].file_name == "quark_seed7_0000.h5"


def test_a_sample_may_bring_its_own_selection() -> None:
    own = load_sample("large-radius").shards(seed=7, fast=False)[0]
    assert own.definition.selection == JetSelection(0.8, 700, 1400, 2)
    assert own.attributes()["jet_radius"] == 0.8
    plain = replace(own, selection=None)
    assert plain.definition is PROCESSES["quark"]
    differing = [key for key, value in own.attributes().items() if plain.attributes()[key] != value]
    assert differing == ["process_definition", "jet_radius"]


WRONG = {
    "selection": ({"name": "x", "jets": {"gluon": 5}, "selection": {"radius": 0.8}}, "'selection.pt_min' is missing"),
    "process": ({"name": "x", "jets": {"gluons": 5}}, "x.yaml: there is no process 'gluons'; did you mean 'gluon'"),
    "key": ({"name": "x", "jets": {"gluon": 5}, "shard_jet": 5}, "unknown key 'shard_jet'; did you mean 'shard_jets'"),
    "missing": ({"name": "x"}, "'jets' is missing; add it"),
    "misspelt": ({"name": "x", "jet": {"gluon": 5}}, "unknown key 'jet'; did you mean 'jets'"),
    "negative": ({"name": "x", "jets": {"gluon": -5}}, "gluon asks for -5 jets"),
    "text": ({"name": "x", "jets": {"gluon": "many"}}, "'jets.gluon' is not valid"),
    "list": (["gluon"], "holds no sample"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", WRONG)
def test_mistakes_are_told_in_one_sentence(mistake: str) -> None:
    content, message = WRONG[mistake]
    with pytest.raises(EdgeoodError, match=message) as caught:
        parse_sample(content, "x.yaml")
    assert "\n" not in str(caught.value)


def test_a_misspelt_sample_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(EdgeoodError, match="there is no sample 'cheng202'; did you mean 'cheng2022'"):
        load_sample("cheng202")
    with pytest.raises(EdgeoodError, match="there is no sample"):
        load_sample(tmp_path / "mine.yaml")
    (tmp_path / "bad.yaml").write_text("name: [")
    with pytest.raises(EdgeoodError, match="is not readable YAML"):
        load_sample(tmp_path / "bad.yaml")
