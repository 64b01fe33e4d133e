"""Jets that a network is not made for: how many, in what, and one word about it."""

import sys
import warnings

import h5py
import numpy as np
import pytest
from quantized_runs import make_run

from edgeood.cli import main
from edgeood.errors import EdgeoodError, OutsideDomainWarning
from edgeood.evaluation.evaluate_run import evaluate
from edgeood.export import to
from edgeood.jets.domain import QUANTITIES, Outside, domain_of, quantities_of, radius, told
from edgeood.jets.format import read_jets, write_jets
from edgeood.jets.layout import CONSTITUENT_DTYPE, JET_DTYPE, Jets
from edgeood.recipe import parse_recipe
from edgeood.released import load_released, released_names
from edgeood.run import Run
from edgeood.runtime.score import score
from edgeood.training.train import train

RECIPE = {
    "name": "domain",
    "data": {"classes": {"qcd": ["quark", "gluon"], "w": ["w_1tev"]}, "signals": {"top": ["top_1tev"]}},
    "inputs": {"pixels": 16},
    "network": {"kind": "cnn", "blocks": [{"filters": 2, "pool": 2}], "representation": 3},
    "training": {"epochs": 1},
    "score": {"background_efficiency": 0.1},
}


def ring(distances: list[float], padding: int = 2, phi: float = 3.1) -> Jets:
    """One jet with constituents at these distances from its axis, along φ and across its seam."""
    jets = np.zeros(1, JET_DTYPE)
    constituents = np.zeros((1, len(distances) + padding), CONSTITUENT_DTYPE)
    jets["pt"], jets["phi"], jets["n_constituents"] = 100, phi, -1
    own = constituents[0, : len(distances)]
    own["valid"], own["pt"], own["energy"] = True, 1, 1
    own["phi"] = (phi + np.array(distances) + np.pi) % (2 * np.pi) - np.pi
    return Jets(jets, constituents, ("qcd",))


def test_the_radius_holds_95_percent_of_the_constituents():
    assert radius(ring([0.3])) == pytest.approx([0.3], abs=1e-5)
    assert radius(ring([0.1, 0.4, 0.2])) == pytest.approx([0.4], abs=1e-5)
    # One stray constituent of twenty is outside.
    assert radius(ring([0.1] * 19 + [2.0])) == pytest.approx([0.1], abs=1e-5)
    assert radius(ring([0.1] * 18 + [2.0] * 2)) == pytest.approx([2.0], abs=1e-5)
    assert radius(ring([], padding=3)) == 0


def test_the_radius_does_not_depend_on_how_many_are_looked_at_together(toy_jets):
    jets = toy_jets(500)
    alone = np.concatenate([radius(jets[start : start + 700]) for start in range(0, len(jets), 700)])
    np.testing.assert_array_equal(radius(jets), alone)


def test_constituents_are_counted_where_the_file_does_not_tell():
    assert quantities_of(ring([0.1, 0.2]))["n_constituents"] == [2]


def test_one_percent_of_its_own_jets_lies_outside_of_each_range(toy_jets):
    jets = toy_jets(800)
    domain = domain_of(quantities_of(jets))
    assert list(domain) == list(QUANTITIES)
    outside = Outside(domain)
    for start in range(0, len(jets), 200):
        outside.count(jets[start : start + 200])
    assert outside.jets == 4000
    for name, share in outside.fractions().items():
        assert share <= 0.015, name
    assert outside.fractions()["eta"] == pytest.approx(0.01, abs=0.002)
    outside.warn("it")


def test_what_lies_outside_is_told_with_its_share(toy_jets):
    jets = toy_jets(20)
    outside = Outside({"pt": [0.0, 1e6], "eta": [-5.0, 5.0], "mass": [1e5, 2e5], "unheard": [0.0, 1.0]})
    outside.count(jets)
    assert outside.fractions() == {"pt": 0.0, "eta": 0.0, "mass": 1.0}
    assert outside.attributes()["outside_domain"] == outside.attributes()["outside_domain_mass"] == 1.0
    sentence = (
        "^it is made for other jets than these 100 .100 % outside mass 100000 to 200000 GeV.: its scores"
    )
    with pytest.warns(OutsideDomainWarning, match=sentence) as caught:
        outside.warn("it", stacklevel=1)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("jets", "far", "warned"), [(100, 10, False), (100, 11, True), (2, 2, False), (3, 3, True)]
)
def test_a_tenth_is_worth_a_word_and_two_jets_are_not(toy_jets, jets, far, warned):
    some = toy_jets(20)[:jets]
    some.jets["eta"] = np.where(np.arange(jets) < far, 3, 0)
    outside = Outside({"eta": [-1.0, 1.0]})
    outside.count(some)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        outside.warn("it")
    assert len(caught) == warned


def test_without_a_domain_nothing_is_said(toy_jets):
    outside = Outside(None)
    outside.count(toy_jets(2))
    outside.warn("it")
    assert outside.fractions() == outside.attributes() == {}


@pytest.mark.parametrize(
    "domain",
    [[1, 2], "pt", 3, {"pt": 3}, {"pt": [1]}, {"pt": [1, 2, 3]}, {"pt": ["low", "high"]}, {"eta": None}],
)
def test_a_domain_that_is_none_is_one_sentence(domain):
    with pytest.raises(EdgeoodError, match=r"not as two numbers by name; copy the run or the detector again"):
        Outside(domain)


def test_every_quantity_has_its_words():
    for name in QUANTITIES:
        assert "1" in told(name, (1, 2))


def moved(jets: Jets, factor: float) -> Jets:
    """The same jets at other momenta."""
    table, constituents = jets.jets.copy(), jets.constituents.copy()
    for field in ("pt", "energy", "mass"):
        table[field] *= factor
    for field in ("pt", "energy"):
        constituents[field] *= factor
    return Jets(table, constituents, jets.processes)


@pytest.mark.parametrize("name", released_names())
def test_a_released_detector_warns_once_of_other_momenta(name, tmp_path):
    detector = load_released(name)
    jets = read_jets(detector.example())
    detector(jets)
    other = moved(jets, 0.2)
    with pytest.warns(
        OutsideDomainWarning, match=f"detector '{name}' is made for other jets than these 48 .*pT"
    ):
        detector(other)
    write_jets(tmp_path / "other.h5", other, {})
    with pytest.warns(OutsideDomainWarning) as caught:
        detector([tmp_path / "other.h5"] * 3)
    assert len(caught) == 1
    assert "than these 144 " in str(caught[0].message)
    # The same by its folder, as a run: what its card tells holds there too.
    with pytest.warns(OutsideDomainWarning, match="is made for other jets"):
        score(detector.folder, tmp_path / "other.h5", tmp_path / "scores.h5")
    with h5py.File(tmp_path / "scores.h5") as file:
        assert file.attrs["outside_domain"] == file.attrs["outside_domain_pt"] == 1.0


def test_the_command_line_tells_it_in_one_line(tmp_path, monkeypatch, capsys):
    detector = load_released("cnn-trigger")
    write_jets(tmp_path / "other.h5", moved(read_jets(detector.example()), 0.2), {})
    arguments = ["score", detector.folder, tmp_path / "other.h5", "-o", tmp_path / "scores.h5", "--quiet"]
    monkeypatch.setattr(sys, "argv", ["edgeood", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    told_there = capsys.readouterr().err
    assert not ended.value.code
    assert told_there.startswith(f"edgeood: run {detector.folder} is made for other jets than these 48 (")
    assert told_there.count("\n") == 1


def test_a_training_records_the_domain_of_its_background(tmp_path, toy_jets, toy_jet_file):
    run = train(parse_recipe(RECIPE, "test"), tmp_path / "run", jets=[toy_jet_file], progress=False)
    domain = run.domain
    assert Run.open(run.path).domain == domain
    assert list(domain) == list(QUANTITIES)
    background = read_jets(toy_jet_file, processes=["quark", "gluon"])
    outside = Outside(domain)
    outside.count(background)
    assert max(outside.fractions().values()) < 0.03
    # W and tops are wider and heavier than that, and no fault of the sample: an evaluation looks at the background.
    evaluate(run, [toy_jet_file], plots=False)
    score(run, _file(tmp_path, background), engine="network")
    with pytest.warns(OutsideDomainWarning, match=f"run {run.path} is made for other jets .*mass"):
        score(run, toy_jet_file, engine="network")
    everything = moved(read_jets(toy_jet_file), 3.0)
    with pytest.warns(OutsideDomainWarning, match=r"100 % outside pT [0-9]+ to [0-9]+ GeV"):
        evaluate(run, [_file(tmp_path, everything)], plots=False)


def test_a_run_of_release_0_1_has_none(tmp_path, toy_jet_file):
    run = make_run(tmp_path / "run")
    assert run.domain is None
    to(run, "onnx")
    score(run, toy_jet_file, tmp_path / "scores.h5")
    with h5py.File(tmp_path / "scores.h5") as file:
        assert not [name for name in file.attrs if name.startswith("outside")]


def _file(folder, jets):
    write_jets(folder / "some.h5", jets, {})
    return folder / "some.h5"
