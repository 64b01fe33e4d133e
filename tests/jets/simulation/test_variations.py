"""Other detectors and other Pythia settings: what they change, and what a sample may not say."""

from pathlib import Path

import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import CHARGED_HADRON, ELECTRON, MUON, NEUTRAL_HADRON, PHOTON
from edgeood.jets.simulation.sample import Sample, parse_sample

pytest.importorskip("pythia8mc")
pytest.importorskip("fastjet")

from edgeood.jets.format import read_attributes, read_jets
from edgeood.jets.simulation.calorimeter import ECAL, HCAL
from edgeood.jets.simulation.detector import Particles
from edgeood.jets.simulation.generate import generate
from edgeood.jets.simulation.response import RESPONSES


def particles(pdg: list[int], charge: list[int], eta: list[float]) -> Particles:
    """One particle of pT 50 GeV in each event, all at φ = 0."""
    count, pt = len(pdg), np.full(len(pdg), 50.0)
    pz = pt * np.sinh(eta)
    momenta = (pt, np.zeros(count), pz, np.hypot(pt, pz) + 0.1)
    return Particles(np.arange(count), np.array(pdg, np.int32), np.array(charge, np.int8), *momenta)


def test_at_particle_level_everything_visible_is_as_it_was():
    made = particles(
        [211, 22, 130, 11, -13, 2112, -211], [1, 0, 0, -1, 1, 0, -1], [0, 1, -1, 2, -2.9, 0, 3.1]
    )
    seen = RESPONSES["particles"](made, np.random.default_rng(1))
    assert seen.kind.tolist() == [CHARGED_HADRON, PHOTON, NEUTRAL_HADRON, ELECTRON, MUON, NEUTRAL_HADRON]
    assert seen.event.tolist() == list(range(6))  # not the one beyond |η| = 3
    for name in ("px", "py", "pz", "energy", "charge"):
        np.testing.assert_array_equal(getattr(seen, name), getattr(made, name)[:6])


@pytest.mark.parametrize(("pdg", "cell"), [(22, ECAL.cell), (130, HCAL.cell)])
def test_cells_of_the_fine_detector_are_a_fifth_as_wide(pdg: int, cell: float):
    many = 2000
    made = particles([pdg] * many, [0] * many, [0.31] * many)
    for detector, width in (("cms", cell), ("fine", cell / 5)):
        seen = RESPONSES[detector](made, np.random.default_rng(1))
        electromagnetic = seen.kind == PHOTON if pdg == 22 else seen.kind == NEUTRAL_HADRON
        eta = np.arcsinh(seen.pz / np.hypot(seen.px, seen.py))[electromagnetic]
        # Uniform in the cell that the particle hits.
        assert np.ptp(eta) == pytest.approx(width, rel=0.02)


def test_files_of_the_usual_detector_are_those_of_release_0_1():
    usual = Sample(name="x", jets={"quark": 10}).shards(1, fast=False)[0].attributes()
    assert not {"detector", "pythia"} & set(usual)
    other = Sample(name="x", jets={"quark": 10}, detector="fine", pythia=("A:b=1",)).shards(1, fast=True)[0]
    assert other.attributes()["detector"] == "fine"
    assert other.attributes()["settings"] == [*usual["settings"], "A:b=1", "PartonLevel:MPI=off"]


@pytest.mark.slow
def test_another_shower_is_another_sample(tmp_path: Path):
    plain = Sample(name="x", jets={"w_1tev": 30})
    vincia = plain.model_copy(update={"pythia": ("PartonShowers:model=2",)})
    folders = [generate(own, tmp_path / str(number), workers=1, fast=True, progress=False)
               for number, own in enumerate((plain, vincia))]  # fmt: skip
    jets = [read_jets(folder).jets for folder in folders]
    assert (jets[0]["mass"] != jets[1]["mass"]).all()
    assert np.median(jets[1]["mass"]) == pytest.approx(80, abs=15)
    assert "PartonShowers:model=2" in read_attributes(folders[1] / "w_1tev_seed1_0000.h5")["settings"]
    with pytest.raises(EdgeoodError, match="was made with another settings"):
        generate(vincia, folders[0], workers=1, fast=True, progress=False)
    unknown = plain.model_copy(update={"pythia": ("PartonShower:model=2",)})
    with pytest.raises(EdgeoodError, match="Pythia refuses 'PartonShower:model=2'"):
        generate(unknown, tmp_path / "unknown", workers=1, fast=True, progress=False)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("Random:seed=3", "seeds, beams and output are ours"),
        ("Main:numberOfEvents = 1", "seeds, beams and output are ours"),
        ("Vincia", "is no setting of Pythia's; write group:name=value"),
        ("Tune:pp=\n14", "is no setting of Pythia's"),
        ("Tune:pp=", "is no setting of Pythia's"),
    ],
)
def test_what_a_sample_may_not_say_to_pythia(setting: str, message: str):
    with pytest.raises(EdgeoodError, match=message):
        parse_sample({"name": "x", "jets": {"gluon": 5}, "pythia": [setting]}, "x.yaml")
