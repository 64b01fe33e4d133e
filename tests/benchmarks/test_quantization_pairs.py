"""Which float run taught a twin, in a folder of many."""

from pathlib import Path

import pytest

from benchmarks.quantization.runs import pairs_in, tasks_of
from edgeood.checksums import sha256_of
from edgeood.errors import EdgeoodError
from edgeood.recipe import load_recipe
from edgeood.run import Run


def finished(
    folder: Path, recipe: str, *settings: str, teacher: Path | None = None, told: bool = False
) -> Path:
    """A finished run without a training: its weights are the folder's name; ``told``: it names its teacher's."""
    own = load_recipe(recipe, list(settings))
    if teacher is not None:
        distillation = own.distillation.model_copy(update={"teacher": str(teacher)})
        own = own.model_copy(update={"distillation": distillation})
    folder.mkdir(parents=True)
    (folder / "network.safetensors").write_bytes(folder.name.encode())
    named = {"teacher": sha256_of(teacher / "network.safetensors")} if told and teacher else {}
    Run.finish(folder, own, {"jets.h5": "0"}, **named)
    return folder


def taught(folder: Path) -> list[tuple[str, str]]:
    """Names of every twin and its teacher."""
    return [(pair.twin.path.name, pair.teacher.path.name) for pair in pairs_in(folder)]


EIGHT, MOMENTA = "inputs.constituents=8", "inputs.identity=false"
FALLING = "inputs.leptons_first=false"
SIX = (
    "quantization.weights={bits: 6, integer: 1}",
    "quantization.activations={bits: 6, integer: 3, signed: false}",
)
SIX += (
    "quantization.layers.edge0={weights: {bits: 6, integer: 2}, activations: {bits: 6, integer: 2, signed: false}}",
)
SIX += ("quantization.layers.dense0.activations={bits: 6, integer: 0, signed: false}",)


def test_every_twin_finds_the_float_run_of_its_inputs_and_shape(tmp_path):
    wide = "network.hidden=[64]"
    finished(tmp_path / "f16", "particlenet-lite")
    finished(tmp_path / "f16-wide", "particlenet-lite", wide)
    finished(tmp_path / "f8", "particlenet-lite", EIGHT, FALLING)
    finished(tmp_path / "f8-momenta", "particlenet-lite", EIGHT, MOMENTA)
    finished(tmp_path / "f8-leptons", "particlenet-lite", EIGHT, "inputs.leptons_first=true")
    finished(tmp_path / "cnn", "cnn-small-radius")
    twins = {
        "a": ("particlenet-lite-qkeras",),
        "b": ("particlenet-lite-brevitas", wide),
        "c": ("particlenet-lite-qkeras", *SIX),
        "d": ("particlenet-lite-brevitas", EIGHT, FALLING),
        "e": ("particlenet-lite-brevitas", EIGHT, MOMENTA),
        "f": ("particlenet-lite-brevitas", EIGHT, "inputs.leptons_first=true"),
        "g": ("cnn-small-radius-brevitas",),
    }
    for name, recipe in twins.items():
        finished(tmp_path / name, *recipe)
    assert taught(tmp_path) == [
        ("g", "cnn"),
        ("e", "f8-momenta"),
        ("d", "f8"),
        ("f", "f8-leptons"),
        ("a", "f16"),
        ("b", "f16-wide"),
        ("c", "f16"),
    ]
    assert [len(task) for task in tasks_of(pairs_in(tmp_path))] == [1, 6]


def test_of_several_float_runs_the_one_that_the_twin_names_taught_it(tmp_path):
    for name in ("one", "two"):
        finished(tmp_path / name, "particlenet-lite", f"seed={len(name)}")
    finished(tmp_path / "by-weights", "particlenet-lite-qkeras", teacher=tmp_path / "two", told=True)
    finished(tmp_path / "by-path", "particlenet-lite-brevitas", teacher=tmp_path / "two")
    finished(tmp_path / "by-name", "particlenet-lite-brevitas", *SIX, teacher=Path("elsewhere/one"))
    expected = [("by-weights", "two"), ("by-path", "two"), ("by-name", "one")]
    assert taught(tmp_path) == expected
    # What counts is the weights, not what their folder is called.
    (tmp_path / "one").rename(tmp_path / "three")
    (tmp_path / "two").rename(tmp_path / "one")
    (tmp_path / "three").rename(tmp_path / "two")
    assert taught(tmp_path)[0] == ("by-weights", "one")


def test_a_teacher_that_is_missing_or_not_named_is_told(tmp_path):
    finished(tmp_path / "twin", "particlenet-lite-qkeras")
    with pytest.raises(
        EdgeoodError, match="no float run with the inputs, classes and network of twin; put its"
    ):
        pairs_in(tmp_path)
    finished(tmp_path / "other", "particlenet-lite", "network.neighbours=5")
    with pytest.raises(EdgeoodError, match="no float run"):
        pairs_in(tmp_path)
    for name in ("one", "two"):
        finished(tmp_path / name, "particlenet-lite")
    with pytest.raises(
        EdgeoodError, match=r"several runs .* taught twin \(one, two\), .* names none of them; keep"
    ):
        pairs_in(tmp_path)


def test_two_twins_of_one_design_are_refused(tmp_path):
    finished(tmp_path / "float", "particlenet-lite")
    finished(tmp_path / "one", "particlenet-lite-qkeras")
    finished(tmp_path / "six", "particlenet-lite-qkeras", *SIX)
    assert len(pairs_in(tmp_path)) == 2
    finished(tmp_path / "two", "particlenet-lite-qkeras", "seed=2")
    with pytest.raises(
        EdgeoodError,
        match="more than one run of ParticleNet-lite, 16 candidates, identities, leptons first, QKeras, 8-bit "
        r"weights, 8-bit activations \(one, two\); keep one",
    ):
        pairs_in(tmp_path)


def test_a_full_network_is_compared_with_twins_that_see_as_much(tmp_path):
    finished(tmp_path / "float", "particlenet-lite")
    finished(tmp_path / "twin", "particlenet-lite-qkeras")
    finished(tmp_path / "momenta", "particlenet-augmented")
    assert pairs_in(tmp_path)[0].full is None
    finished(tmp_path / "full", "particlenet-identity-augmented")
    (pair,) = pairs_in(tmp_path)
    assert pair.full.path.name == "full"
    assert [run.path.name for run in pair.runs] == ["twin", "float", "full"]
