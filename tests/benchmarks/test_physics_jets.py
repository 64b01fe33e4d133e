"""Which jets the physics benchmark reports on: signals that no training reads, background of other files."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.physics.jets import background_folder_of, counts, read_test_jets
from benchmarks.physics.scales import load_scale
from edgeood.errors import EdgeoodError
from edgeood.jets.format import read_jets, write_jets
from edgeood.jets.layout import Jets


@pytest.fixture
def trained_on(tmp_path, toy_jets) -> Path:
    for part in (0, 1):
        write_jets(tmp_path / "source" / f"part{part}.h5", toy_jets(60, seed=part + 1), {})
    return tmp_path / "source"


@pytest.fixture
def fresh(tmp_path, toy_jets) -> Path:
    write_jets(tmp_path / "fresh" / "fresh.h5", toy_jets(200, seed=7), {})
    return tmp_path / "fresh"


@pytest.fixture
def scale():
    return load_scale("smoke").model_copy(update={"background_jets": {"b": {"quark": 150, "gluon": 250}}})


def test_signals_are_the_splits_and_all_background_is_fresh(trained_on, fresh):
    test = read_test_jets("b", trained_on, fresh, {"w_1tev", "top_1tev"}, largest=30).jets
    names, found = np.unique(test.process_names, return_counts=True)
    number = dict(zip(names.tolist(), found.tolist(), strict=True))
    assert set(number) == {"quark", "gluon", "w_1tev", "top_1tev"}
    assert (number["quark"], number["gluon"], number["top_1tev"]) == (200, 200, 30)

    from edgeood.jets.split import TEST, split_of

    known = test[test.process_names == "w_1tev"]
    assert (split_of(known.jets["event"], known.process_names, 0.6, 0.2) == TEST).all()
    assert 5 < len(known) < 31
    background = np.isin(test.process_names, ["quark", "gluon"])
    of_file = read_jets(fresh, ["quark", "gluon"])
    assert np.array_equal(test[background].jets["pt"], of_file.jets["pt"])
    with pytest.raises(EdgeoodError, match="no test jets of process 'qcd'"):
        read_test_jets("b", trained_on, fresh, {"qcd"}, 10)
    with pytest.raises(EdgeoodError, match="no fresh jets of process 'qcd'"):
        read_test_jets("a", trained_on, fresh, {"top_1tev"}, 10)


@pytest.mark.parametrize("narrow", ["source", "fresh"])
def test_signals_and_background_have_equally_many_constituents(trained_on, fresh, tmp_path, narrow):
    cut = tmp_path / f"narrow-{narrow}"
    for file in sorted((tmp_path / narrow).glob("*.h5")):
        jets = read_jets(file)
        write_jets(cut / file.name, Jets(jets.jets, jets.constituents[:, :5], jets.processes), {})
    folders = {"source": trained_on, "fresh": fresh} | {narrow: cut}
    whole = read_test_jets("b", trained_on, fresh, {"top_1tev"}, 30).jets
    test = read_test_jets("b", folders["source"], folders["fresh"], {"top_1tev"}, 30).jets
    assert whole.constituents.shape[1] > 5
    assert np.array_equal(test.constituents, whole.constituents[:, :5])


def test_what_identifies_the_jets_changes_with_the_background(trained_on, fresh, tmp_path, toy_jets):
    first = read_test_jets("b", trained_on, fresh, {"top_1tev"}, 30).fingerprint
    assert read_test_jets("b", trained_on, fresh, {"top_1tev"}, 30).fingerprint == first
    write_jets(fresh / "more.h5", toy_jets(10, seed=8), {})
    assert read_test_jets("b", trained_on, fresh, {"top_1tev"}, 30).fingerprint != first


def test_given_background_is_limited_and_none_of_the_files_trained_on(trained_on, fresh, scale, tmp_path):
    folder = background_folder_of("b", scale, fresh, tmp_path, {trained_on})
    assert counts(folder) == {"quark": 150, "gluon": 200}
    shutil.copy(trained_on / "part1.h5", fresh / "zebra.h5")
    with pytest.raises(
        EdgeoodError, match=r"zebra.h5 is trained on; give --background-b jets of another seed."
    ):
        background_folder_of("b", scale, fresh, tmp_path, {trained_on})


def test_generated_background_is_another_sample_than_the_one_trained_on(tmp_path):
    from benchmarks.physics.jets import folder_of

    smallest = {"jets": {"b": {"quark": 6}}, "background_jets": {"b": {"quark": 6}}}
    scale = load_scale("smoke").model_copy(update=smallest)
    folder = folder_of("b", scale, None, tmp_path)
    background = background_folder_of("b", scale, None, tmp_path, {folder})
    assert background == tmp_path / "background-b"
    assert counts(background) == counts(folder) == {"quark": 6}
    assert not np.isin(read_jets(background).jets["pt"], read_jets(folder).jets["pt"]).any()
    with pytest.raises(EdgeoodError, match="is trained on"):
        background_folder_of("b", scale, background, tmp_path, {background})
