"""Events of the LHC Olympics: the two leading jets of each, as FastJet's own classes find them."""

from pathlib import Path

import fastjet
import h5py
import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.jets.format import count_jets, iterate_jets, known_count, read_jets
from edgeood.jets.readers.door import format_of

EVENTS = 9


def events(seed: int = 2) -> np.ndarray:
    """(9, 2101): three sprays of particles and some far away, unsorted; every third event is signal."""
    random = np.random.default_rng(seed)
    frame = np.zeros((EVENTS, 2101))
    for row in range(EVENTS):
        count = int(random.integers(100, 700))
        spray = random.integers(0, 3, count)
        eta = np.array([0.5, -1.2, 1.8])[spray] + random.normal(0, 0.3, count)
        phi = np.array([0.2, -3.0, 1.6])[spray] + random.normal(0, 0.3, count)
        pt = random.exponential(12, count) * np.array([1.0, 0.8, 0.4])[spray]
        particles = np.stack([pt, eta, (phi + np.pi) % (2 * np.pi) - np.pi], axis=1)
        frame[row, : 3 * count] = particles.ravel()
        frame[row, 2100] = row % 3 == 0
    return frame


def write_fixed(path: Path, frame: np.ndarray) -> None:
    """As pandas' fixed layout has it."""
    with h5py.File(path, "w") as file:
        file["df/axis0"], file["df/axis1"] = np.arange(frame.shape[1]), np.arange(len(frame))
        file["df/block0_items"], file["df/block0_values"] = np.arange(frame.shape[1]), frame


def expected(particles: np.ndarray) -> list[tuple[float, ...]]:
    """pT, η, φ, mass and number of constituents of the two leading jets above 200 GeV of one event."""
    pt, eta, phi = particles[particles[:, 0] > 0].T
    inputs = [
        fastjet.PseudoJet(*map(float, four))
        for four in zip(pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta), strict=True)
    ]
    found = fastjet.ClusterSequence(inputs, fastjet.JetDefinition(fastjet.antikt_algorithm, 1.0))
    jets = fastjet.sorted_by_pt(found.inclusive_jets(200.0))[:2]
    return [(jet.pt(), jet.eta(), jet.phi_std(), jet.m(), len(jet.constituents())) for jet in jets]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_two_leading_jets_are_those_of_fastjet(tmp_path: Path) -> None:
    frame = events()
    write_fixed(tmp_path / "a.h5", frame)
    assert format_of(tmp_path / "a.h5") == "lhc-olympics"
    jets = read_jets(tmp_path / "a.h5")
    wanted = [expected(row[:2100].reshape(-1, 3)) for row in frame]
    assert jets.jets["event"].tolist() == [event for event, own in enumerate(wanted) for _ in own]
    flat = np.array([jet for own in wanted for jet in own])
    for column, name in enumerate(("pt", "eta", "phi", "mass", "n_constituents")):
        np.testing.assert_allclose(jets.jets[name], flat[:, column], rtol=1e-5, atol=1e-4)
    names = np.where(frame[jets.jets["event"], 2100] == 1, "signal", "qcd")
    assert jets.process_names.tolist() == names.tolist()
    # Nobody knows how many there are before.
    assert known_count(tmp_path / "a.h5") is None
    assert count_jets(tmp_path / "a.h5") == len(jets)
    parts = list(iterate_jets(tmp_path / "a.h5", 3))
    assert max(map(len, parts)) <= 3
    assert np.concatenate([part.jets for part in parts]).tobytes() == jets.jets.tobytes()


def test_black_boxes_have_no_labels_and_pandas_tables_are_read(tmp_path: Path) -> None:
    frame = events()[:, :2100]
    rows = np.zeros(EVENTS, [("index", "i8"), ("values_block_0", "f8", (2100,))])
    rows["values_block_0"] = frame
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["df/table"] = rows
    assert set(read_jets(tmp_path / "a.h5").process_names) == {"unknown"}


def test_events_that_are_none_are_refused(tmp_path: Path) -> None:
    for value, message in (
        (np.nan, r"a\.h5: event 4 has a particle with pT, η, φ = \[nan, "),
        (-3.0, r"pT, η, φ = \[-3\.0"),
    ):
        frame = events()
        frame[4, 6] = value
        write_fixed(tmp_path / "a.h5", frame)
        with pytest.raises(EdgeoodError, match=message):
            read_jets(tmp_path / "a.h5")
    frame = events()
    frame[2, 2100] = 7
    write_fixed(tmp_path / "a.h5", frame)
    with pytest.raises(EdgeoodError, match=r"jet 2 has the class 7\.0 in 'label'"):
        read_jets(tmp_path / "a.h5")
    write_fixed(tmp_path / "a.h5", np.zeros((3, 2101)))
    with pytest.raises(EdgeoodError, match="holds no jets"):
        read_jets(tmp_path / "a.h5")
