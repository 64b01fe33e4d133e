"""Constituents on the trigger's grid."""

import math

import numpy as np
import pytest

from edgeood.inputs import inputs_of
from edgeood.inputs.trigger_candidates import needs, trigger_candidates
from edgeood.jets.format import CONSTITUENT_DTYPE, JET_DTYPE, Jets
from edgeood.jets.layout import CHARGED_HADRON, ELECTRON, MUON, PHOTON
from edgeood.recipe import TriggerCandidates

STEP = math.pi / 720


def constituents(*rows: tuple[float, float, float, int]) -> np.ndarray:
    parts = np.zeros((1, len(rows) + 1), CONSTITUENT_DTYPE)
    for i, (pt, eta, phi, kind) in enumerate(rows):
        parts[0, i]["pt"], parts[0, i]["eta"], parts[0, i]["phi"] = pt, eta, phi
        parts[0, i]["kind"], parts[0, i]["valid"] = kind, True
    return parts


def test_momenta_and_angles_are_whole_steps():
    parts = constituents((10.1, 1 + 3.4 * STEP, -2 - 1.6 * STEP, 0))
    (first, *padding) = trigger_candidates(parts, [1.0], [-2.0], leading=4)[0]
    axis = round(1 / STEP), round(-2 / STEP)
    eta, phi = round(1 / STEP + 3.4), round(-2 / STEP - 1.6)
    assert first.tolist() == [40 / 1024, (eta - axis[0]) / 128, (phi - axis[1]) / 128]
    assert not np.any(padding)


def test_what_is_too_large_saturates_and_what_is_too_small_is_none():
    parts = constituents((5000, 2.0, 0, 0), (4000, -2.0, 0, 0), (0.13, 0, 0, 0), (0.12, 0, 0, 0))
    tensor = trigger_candidates(parts, [0.0], [0.0], leading=4)[0]
    assert tensor[:, 0].tolist() == [(2**14 - 1) / 1024, 16000 / 1024, 1 / 1024, 0]
    assert tensor[:, 1].tolist() == [255 / 128, -2.0, 0, 0]


def test_the_azimuth_wraps():
    parts = constituents((10, 0, math.pi - 2 * STEP, 0))
    tensor = trigger_candidates(parts, [0.0], [-math.pi + 3 * STEP], leading=2)
    assert tensor[0, 0, 2] == -5 / 128


def test_a_jet_turned_by_whole_steps_looks_the_same():
    random = np.random.default_rng(0)
    rows = [(50, *row, 0) for row in random.uniform(-0.5, 0.5, (12, 2))]
    turned = [(pt, eta, phi + 300 * STEP, kind) for pt, eta, phi, kind in rows]
    one = trigger_candidates(constituents(*rows), [0.1], [0.2])
    other = trigger_candidates(constituents(*turned), [0.1], [0.2 + 300 * STEP])
    # The fields of a jet file are float32, so a rounding may fall the other way.
    assert np.abs(one - other).max() <= 1 / 128
    assert (one != other).mean() < 0.05


def test_identities_are_one_hot_and_the_recipe_says_how_many_features():
    jets = np.zeros(1, JET_DTYPE)
    parts = constituents((10, 0, 0, CHARGED_HADRON), (9, 0, 0, PHOTON), (8, 0, 0, MUON))
    for identity in (False, True):
        settings = TriggerCandidates(constituents=4, identity=identity)
        tensor = inputs_of(Jets(jets, parts, ("quark",)), settings.model_dump())
        assert tensor.shape == (1, 4, settings.features)
    assert tensor[0, :, 3:].tolist() == [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 0, 1], [0] * 5]


def test_constituents_are_a_power_of_two():
    with pytest.raises(ValueError, match="a power of two"):
        TriggerCandidates(constituents=12)


def test_leptons_may_stand_first_however_soft():
    hadrons = [(50.0 - i, 0, 0, CHARGED_HADRON) for i in range(6)]
    parts = constituents(*hadrons[:3], (46.0, 0, 0, MUON), *hadrons[3:], (2.0, 0, 0, ELECTRON))
    chosen = {"leading": 4, "identity": True}
    in_order = trigger_candidates(parts, [0.0], [0.0], **chosen)[0]
    assert (in_order[:, 0] * 256).tolist() == [50, 49, 48, 46]
    leptons = trigger_candidates(parts, [0.0], [0.0], leptons_first=True, **chosen)[0]
    assert (leptons[:, 0] * 256).tolist() == [46, 2, 50, 49]
    assert leptons[:, 3:].argmax(1).tolist() == [4, 3, 0, 0]
    settings = TriggerCandidates(constituents=4, leptons_first=True).model_dump()
    assert "kind" in needs(settings).constituents, "without kinds in a file nobody knows which are leptons"
    assert "kind" not in needs(settings | {"leptons_first": False}).constituents
