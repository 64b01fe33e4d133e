"""The systems, their recipes at every scale, and the arithmetic of a row."""

import json
import math

import pytest

from benchmarks.physics.jets import counts, folder_for, limited
from benchmarks.physics.measures import over_seeds, smaller_shares
from benchmarks.physics.rows import Row, finite, published_line, to_json
from benchmarks.physics.scales import load_scale, recipe_of
from benchmarks.physics.systems import ABLATIONS, BACKGROUND, OURS, SYSTEMS, TABLES, Member, systems_named
from benchmarks.physics.trainings import check_split, groups_of, trainings_of
from edgeood.errors import EdgeoodError
from edgeood.evaluation.published import PUBLISHED
from edgeood.jets.format import write_jets
from edgeood.jets.layout import Jets
from edgeood.jets.simulation.processes import PROCESSES
from edgeood.recipe import load_recipe

SCALES = ("smoke", "cpu", "paper")
EVERY = (*SYSTEMS, *ABLATIONS)


def test_every_published_line_stands_beside_one_of_our_systems():
    claimed = set()
    for system in SYSTEMS:
        for score in set(system.labels) - set(OURS) if system.published else ():
            line = published_line(system, score)
            assert set(line.detection) <= set(system.signals)
            assert line.decorrelated == system.decorrelated
            claimed.add(line.label)
    assert len(PUBLISHED) > 20
    assert set(claimed) == {line.label for line in PUBLISHED}


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("system", EVERY, ids=lambda system: system.name)
def test_every_system_is_a_valid_recipe_at_every_scale(system, scale):
    for member in system.members:
        recipe = recipe_of(member, 4, load_scale(scale))
        assert (recipe.seed, recipe.name) == (4, member.name)
        check_split(recipe, system.jets)
        wanted = load_scale(scale).jets[system.jets]
        assert {name for members in recipe.data.classes.values() for name in members} <= set(wanted)
        assert set(system.signals) <= set(wanted)
        if system.decorrelated and recipe.objective.kind == "cross_entropy":
            assert recipe.data.mass_matching is not None
        if system.table == "A plain":
            assert recipe.data.mass_matching is None
            assert not any("augmented" in name for own in recipe.data.classes.values() for name in own)


@pytest.mark.parametrize("scale", SCALES)
def test_fresh_background_is_of_the_processes_that_signals_are_told_from(scale):
    fresh = load_scale(scale).background_jets
    assert {name: tuple(own) for name, own in fresh.items()} == BACKGROUND
    if scale != "smoke":
        assert all(smaller_shares(sum(own.values())) == (0.1, 0.01, 0.001) for own in fresh.values())


def test_systems_have_names_tables_and_known_processes():
    names = [system.name for system in EVERY]
    assert len(set(names)) == len(names)
    assert {system.table for system in EVERY} == set(TABLES)
    assert {signal for system in EVERY for signal in system.signals} <= set(PROCESSES)
    members: dict[str, Member] = {}
    for member in (member for system in EVERY for member in system.members):
        assert members.setdefault(member.name, member) == member, "one name, one training"
    with pytest.raises(EdgeoodError, match="did you mean 'sngp'"):
        systems_named(["sgnp"])


def test_the_paper_scale_keeps_the_papers_settings():
    for name in ("particlenet", "particlenet-augmented", "particlenet-sngp"):
        shipped, used = load_recipe(name), recipe_of(Member(name), 1, load_scale("paper"))
        assert used.training == shipped.training.model_copy(update={"precision": "bf16"})
        assert used.network == shipped.network
        assert used.inputs == shipped.inputs


def test_networks_with_and_without_overlaid_jets_take_the_same_steps():
    for scale, known in (("smoke", 43), ("cpu", 256)):
        with_pairs, alone = (system.members[0] for system in systems_named(["nurd", "nurd-alone"]))
        both = [recipe_of(member, 1, load_scale(scale)) for member in (with_pairs, alone)]
        assert both[0].data.overlaid is not None
        assert both[1].data.overlaid is None
        assert both[1].training.batch_size == known
        assert known * (1 + both[0].data.overlaid.per_jet) == pytest.approx(
            both[0].training.batch_size, abs=1
        )


def test_knots_of_the_learning_rate_end_with_the_last_epoch():
    scale = load_scale("cpu").model_copy(update={"overrides": {"all": {"training.epochs": 10}}})
    recipe = recipe_of(Member("particlenet"), 1, scale)
    assert recipe.training.epochs == 10
    assert recipe.training.schedule == ((0.0, 3e-4), (4.0, 3e-3), (8.0, 3e-4), (10.0, 5e-7))
    half = recipe_of(Member("particlenet", "short", longer=0.5), 1, scale)
    assert (half.training.epochs, half.training.schedule[-1]) == (5, (5.0, 5e-7))
    constant = recipe_of(Member("particlenet-disco"), 1, scale)
    assert constant.training.schedule == ((0.0, 1e-3),)


def test_settings_of_the_user_come_after_those_of_scale_and_system():
    recipe = recipe_of(
        Member("particlenet"), 1, load_scale("cpu"), ["training.epochs=3", "training.devices=2"]
    )
    assert (recipe.training.epochs, recipe.training.devices) == (3, 2)


def test_members_are_shared_between_systems():
    scale = load_scale("paper")
    single, deep, pair = systems_named(["particlenet", "ensemble", "ova-ava"])
    assert [[t.name for t in group] for group in groups_of(single, scale)] == [
        ["particlenet-seed1"], ["particlenet-seed2"], ["particlenet-seed3"]
    ]  # fmt: skip
    assert [len(group) for group in groups_of(deep, scale)] == [10]
    assert [t.name for t in groups_of(pair, scale)[0]] == ["particlenet-seed1", "particlenet-ova-seed1"]
    assert len(trainings_of([single, deep, pair], scale)) == 11


def test_a_recipe_that_trains_on_test_jets_is_refused():
    data = {"train": 0.8, "validation": 0.15}
    recipe = load_recipe("particlenet")
    greedy = recipe.model_copy(update={"data": recipe.data.model_copy(update=data)})
    with pytest.raises(EdgeoodError, match=r"trains and validates on 0.95 of the events"):
        check_split(greedy, "a")


def test_seeds_give_mean_and_standard_deviation():
    runs = [{"auroc": (0.7, 9.0), "jsd": (0.0, 9.0)}, {"auroc": (0.8, 9.0), "jsd": (0.0, 9.0)}]
    runs.append({"auroc": (0.9, 9.0), "jsd": (3.0, 9.0)})
    found = over_seeds(runs)
    # √(2·0.1²/2) and √((1 + 1 + 4)/2)
    assert found["auroc"] == pytest.approx((0.8, 0.1))
    assert found["jsd"] == pytest.approx((1.0, math.sqrt(3)))


def test_infinite_measures_are_null_in_json():
    assert finite(math.inf) is None
    assert finite(math.nan) is None
    row = Row(
        "A plain", "x", "energy", "top_w20", False, 0.8, 0.01, "bootstrap", None, finite(math.inf),
        2.0, 3.0, 0.1, 0.3, 5.0, -0.1, 1000, 30, 1, 100, 500,
    )  # fmt: skip
    (read,) = json.loads(to_json([row]))
    assert read["rejection50"] is None
    assert (read["auroc"], read["published"], read["published_measures"]) == (0.8, None, {})


@pytest.fixture
def toy_folder(tmp_path, toy_jets):
    for part in (0, 1):
        jets: Jets = toy_jets(60, seed=part + 1)
        write_jets(tmp_path / "source" / f"part{part}.h5", jets, {})
    return tmp_path / "source"


def test_a_limited_folder_holds_the_first_jets_of_each_process(toy_folder, tmp_path):
    largest = {"quark": 20, "gluon": 90, "w_1tev": 500}
    folder = limited(toy_folder, largest, tmp_path / "some")
    assert counts(folder) == {"quark": 20, "gluon": 90, "w_1tev": 120}
    stamps = [path.stat().st_mtime_ns for path in sorted(folder.glob("*.h5"))]
    assert limited(toy_folder, largest, tmp_path / "some") == folder
    assert [path.stat().st_mtime_ns for path in sorted(folder.glob("*.h5"))] == stamps, "made once"
    with pytest.raises(EdgeoodError, match="holds other jets"):
        limited(toy_folder, largest | {"quark": 21}, tmp_path / "some")
    with pytest.raises(EdgeoodError, match="no jets of process 'qcd'"):
        limited(toy_folder, {"qcd": 3}, tmp_path / "else")


def test_a_folder_that_holds_no_more_is_taken_as_it_is(toy_folder, tmp_path):
    assert limited(toy_folder, dict.fromkeys(counts(toy_folder), 120), tmp_path / "some") == toy_folder


def test_a_share_is_of_the_jets_that_a_recipe_uses(toy_folder, tmp_path):
    half = Member("cnn", "half", shares={"w_1tev": 0.5})
    recipe = load_recipe("cnn")
    assert folder_for(Member("cnn"), recipe, toy_folder, tmp_path) == toy_folder
    found = counts(folder_for(half, recipe, toy_folder, tmp_path / "all"))
    assert found == counts(toy_folder) | {"w_1tev": 60}
    # 30 jets to train on are 60 % of 50.
    fewer = load_recipe("cnn", ["data.jets_per_process=30"])
    found = counts(folder_for(half, fewer, toy_folder, tmp_path / "fewer"))
    assert found == counts(toy_folder) | {"w_1tev": 25}
