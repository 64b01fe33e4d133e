"""Pilot files → the jet format: every constituent ends up where it was, with the energy that gives the mass."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.pilot_jets import COPIED, convert, convert_constituents, main
from edgeood.errors import EdgeoodError
from edgeood.jets.format import read_attributes, read_jets

MASSES = {1: 0.13957, 2: 0.0, 3: 0.0, 4: 0.000511, 5: 0.10566}
WIDTH = 100


def pilot_columns(jets: int, seed: int) -> dict[str, NDArray]:
    """``jets`` jets of 3 to 40 constituents as a pilot file has them, with the masses of their own float16."""
    rng = np.random.default_rng(seed)
    count = rng.integers(3, 41, jets)
    real = np.arange(WIDTH) < count[:, None]
    pt = np.where(real, np.sort(rng.exponential(30, (jets, WIDTH)) + 0.5, axis=1)[:, ::-1], 0)
    kind = np.where(real, rng.integers(1, 6, (jets, WIDTH)), 0)
    sign = np.where(np.isin(kind, (2, 3)), 1, rng.choice([-1, 1], (jets, WIDTH)))
    columns: dict[str, NDArray] = {
        "pt": np.sort(pt.astype(np.float16), axis=1)[:, ::-1],
        "deta": np.where(real, rng.normal(0, 0.3, (jets, WIDTH)), 0).astype(np.float16),
        "dphi": np.where(real, rng.normal(0, 0.3, (jets, WIDTH)), 0).astype(np.float16),
        "code": (kind * sign).astype(np.int8),
    }
    columns["pt"] = np.where(real, columns["pt"], np.float16(0))
    fields = [(name, "<f4") for name in (*COPIED, "truth_pt") if name not in ("event", "n_constituents")]
    table = np.zeros(jets, [*fields, ("label", "i1"), ("event", "<i4"), ("n_constituents", "<i2")])
    # Axes near ±π, so that some constituents lie beyond.
    table["eta"], table["phi"] = rng.uniform(-2, 2, jets), rng.choice([-3.1, 0.0, 3.1], jets)
    table["event"], table["n_constituents"], table["label"] = 7 * np.arange(jets), count, 22
    momenta = four_momenta(
        columns["pt"].astype(float),
        table["eta"].astype(float)[:, None] + columns["deta"],
        table["phi"].astype(float)[:, None] + columns["dphi"],
        np.array([0.0, *MASSES.values()])[kind],
    )
    table["pt"] = np.hypot(momenta[1], momenta[2])
    table["energy"], table["mass"] = momenta[0], np.sqrt(momenta[0] ** 2 - (momenta[1:] ** 2).sum(axis=0))
    return {"jets": table, **columns}


def four_momenta(pt: NDArray, eta: NDArray, phi: NDArray, mass: NDArray) -> NDArray:
    """(4, N) summed E, px, py, pz of (N, P) constituents."""
    pz = pt * np.sinh(eta)
    energy = np.sqrt(pt**2 + pz**2 + mass**2)
    return np.stack([energy, pt * np.cos(phi), pt * np.sin(phi), pz]).sum(axis=2)


@pytest.fixture
def pilot_file(tmp_path: Path) -> Path:
    path = tmp_path / "pilot" / "top_augmented.h5"
    path.parent.mkdir()
    with h5py.File(path, "w") as file:
        file.attrs["settings"] = '{"jet": {"R": 1.0}}'
        for name, values in pilot_columns(300, seed=3).items():
            file[name] = values
    return path


def test_masses_rebuilt_from_converted_constituents_are_the_jets(pilot_file, tmp_path):
    jets = read_jets(convert(pilot_file, tmp_path / "out", constituents=WIDTH))
    c = {name: jets.constituents[name].astype(np.float64) for name in ("pt", "eta", "phi", "energy")}
    momentum = np.stack([c["pt"] * np.cos(c["phi"]), c["pt"] * np.sin(c["phi"]), c["pt"] * np.sinh(c["eta"])])
    mass = np.sqrt(c["energy"].sum(1) ** 2 - (momentum.sum(2) ** 2).sum(0))
    assert jets.jets["mass"].min() > 5
    np.testing.assert_allclose(mass, jets.jets["mass"], rtol=1e-4)
    np.testing.assert_allclose(np.hypot(*momentum[:2].sum(2)), jets.jets["pt"], rtol=1e-5)


def test_process_label_and_events_are_those_of_the_registry(pilot_file, tmp_path):
    path = convert(pilot_file, tmp_path / "out", constituents=WIDTH)
    jets = read_jets(path)
    assert set(jets.process_names) == {"top_augmented"}
    assert set(jets.jets["label"].tolist()) == {2}, "the product's label, not the pilot's 22"
    assert jets.jets["event"].tolist() == (7 * np.arange(300)).tolist()
    assert read_attributes(path)["pilot"] == {"jet": {"R": 1.0}}


def test_only_the_leading_constituents_are_kept(pilot_file, tmp_path):
    whole = read_jets(convert(pilot_file, tmp_path / "whole", constituents=WIDTH))
    some = read_jets(convert(pilot_file, tmp_path / "some", constituents=8))
    assert some.constituents.shape == (300, 8)
    assert (some.constituents == whole.constituents[:, :8]).all()
    assert (some.jets == whole.jets).all(), "the number of constituents is that before the cut"


def test_codes_become_kind_and_charge():
    jets = np.zeros(1, [("eta", "<f4"), ("phi", "<f4")])
    jets["eta"], jets["phi"] = 1.0, 3.0
    code = np.array([[-1, 1, 2, 3, -4, 5, 0]], np.int8)
    numbers = np.array([[7, 6, 5, 4, 3, 2, 0]], np.float16)
    found = convert_constituents(jets, numbers, numbers * 0 + 0.5, numbers * 0 + 0.5, code)[0]
    assert found["charge"].tolist() == [-1, 1, 0, 0, -1, 1, 0]
    assert found["kind"].tolist() == [1, 1, 2, 3, 4, 5, 0]
    assert found["valid"].tolist() == [True] * 6 + [False]
    assert not any(found[6].tolist()), "padding is zero"
    np.testing.assert_allclose(found["phi"][:6], 3.5 - 2 * np.pi, rtol=1e-6)
    momentum = numbers[0, :6] * np.cosh(1.5)
    mass = np.array([MASSES[abs(c)] for c in code[0, :6]])
    np.testing.assert_allclose(found["energy"][:6], np.sqrt(momentum**2 + mass**2), rtol=1e-6)


def test_a_folder_is_converted_once_and_an_empty_one_is_an_error(pilot_file, tmp_path):
    out = tmp_path / "out"
    main(pilot_file.parent, out, constituents=16)
    written = (out / "top_augmented.h5").stat().st_mtime_ns
    main(pilot_file.parent, out, constituents=16)
    assert (out / "top_augmented.h5").stat().st_mtime_ns == written
    with pytest.raises(EdgeoodError, match="holds no pilot files"):
        main(out / "nothing", out, constituents=16)


def test_a_file_that_is_no_pilot_file_is_refused(tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["jets"] = np.zeros(3)
    with pytest.raises(EdgeoodError, match="no data set 'pt'"):
        convert(tmp_path / "w.h5", tmp_path / "out", constituents=16)
