"""Observables of jets whose substructure is known."""

import math

import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.inputs import inputs_of
from edgeood.inputs.substructure import IDENTITY, OBSERVABLES, substructure_of
from edgeood.jets.layout import CONSTITUENT_DTYPE, JET_DTYPE, MUON, PHOTON, Jets

PLAIN = {"identity": False}


def two_prongs(separation: float = 0.4, mass: float = 80.0) -> Jets:
    """One jet of two equal constituents, each half the separation from the axis in η."""
    jets, constituents = np.zeros(1, JET_DTYPE), np.zeros((1, 4), CONSTITUENT_DTYPE)
    jets["pt"], jets["mass"], jets["softdrop_mass"], jets["n_constituents"] = 400, mass, mass / 2, 2
    jets["tau1"], jets["tau2"], jets["tau3"], jets["tau4"] = 0.2, 0.05, 0.01, 0.0
    constituents["pt"][0, :2], constituents["valid"][0, :2] = 200, True
    constituents["eta"][0, :2] = separation / 2, -separation / 2
    return Jets(jets, constituents, ("qcd",))


def test_two_equal_prongs_in_closed_form():
    found = dict(zip(OBSERVABLES, substructure_of(two_prongs(), PLAIN)[0].tolist(), strict=True))
    expected = {
        "tau21": 0.25, "tau32": 0.2, "tau43": 0.0, "tau31": 0.05, "softdrop_fraction": 0.5,
        "multiplicity": math.log(2), "girth": 0.2 / (80 / 400), "tau1": 0.2 / (80 / 400),
        "dispersion": math.sqrt(0.5), "share1": 0.5, "share2": 0.5, "share3": 0.0, "share5": 1.0, "share20": 1.0,
    }  # fmt: skip
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_jet_scaled_in_size_looks_the_same():
    small, large = two_prongs(0.2, 40.0), two_prongs(0.8, 160.0)
    for jets, factor in ((small, 0.5), (large, 2.0)):
        jets.jets["tau1"] *= factor
        jets.jets["tau2"] *= factor
        jets.jets["tau3"] *= factor
    assert substructure_of(small, PLAIN) == pytest.approx(substructure_of(large, PLAIN), abs=1e-6)


def test_an_empty_jet_has_no_infinite_observable():
    jets = two_prongs()
    jets.constituents["valid"] = False
    for n in (1, 2, 3, 4):
        jets.jets[f"tau{n}"] = 0
    assert np.isfinite(substructure_of(jets, PLAIN)).all()


def test_jets_without_subjettiness_are_refused():
    jets = two_prongs()
    jets.jets["tau3"] = np.nan
    with pytest.raises(EdgeoodError, match="jet 0 has no tau3"):
        inputs_of(jets, {"kind": "substructure", **PLAIN})


def test_identities_are_momentum_shares_and_a_count():
    jets = two_prongs()
    jets.constituents["kind"][0, :2] = PHOTON, MUON
    told = substructure_of(jets, {"identity": True})[0]
    assert dict(zip(IDENTITY, told[len(OBSERVABLES) :].tolist(), strict=True)) == {
        "charged_hadrons": 0, "photons": 0.5, "neutral_hadrons": 0, "electrons": 0, "muons": 0.5, "leptons": 1,
    }  # fmt: skip
