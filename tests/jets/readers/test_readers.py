"""Readers of public data sets, on tiny files in the layouts that their authors published."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.jets.format import read_jets, write_jets
from edgeood.jets.readers import read_external
from edgeood.jets.readers.momenta import jets_from_momenta

JETS, WIDTH = 5, 4


def momenta() -> np.ndarray:
    """(5, 4, 4) massless (E, px, py, pz): jet j has j % 4 + 1 particles, not sorted by pT."""
    rng = np.random.default_rng(1)
    pt, eta, phi = (
        rng.uniform(1, 100, (JETS, WIDTH)),
        rng.normal(0, 0.2, (JETS, WIDTH)),
        rng.normal(3, 0.2, (JETS, WIDTH)),
    )
    pt *= np.arange(WIDTH) <= (np.arange(JETS) % WIDTH)[:, None]
    return np.stack([pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=2)  # fmt: skip


def write_hls4ml(path: Path) -> None:
    names = [
        "px",
        "py",
        "pz",
        "e",
        "erel",
        "pt",
        "ptrel",
        "eta",
        "etarel",
        "etarot",
        "phi",
        "phirel",
        "phirot",
    ]
    names += ["deltaR", "costheta", "costhetarel", "pdgid"]
    particles = np.zeros((JETS, WIDTH, 16))
    particles[..., :4] = momenta()[..., [1, 2, 3, 0]]
    table = np.zeros((JETS, 59))
    table[np.arange(JETS), 53 + np.arange(JETS)] = 1
    with h5py.File(path, "w") as file:
        file["jetConstituentList"], file["jets"] = particles, table
        file["particleFeatureNames"] = np.array([f"j1_{name}".encode() for name in names])


def write_top_tagging(path: Path) -> None:
    block = np.zeros((JETS, 804), np.float32)
    block[:, : 4 * WIDTH] = momenta().reshape(JETS, -1)
    dtype = [("index", "i8"), ("values_block_0", "f4", (804,)), ("values_block_1", "i8", (2,))]
    rows = np.zeros(JETS, dtype)
    rows["values_block_0"], rows["values_block_1"][:, 1] = block, np.arange(JETS) % 2
    with h5py.File(path, "w") as file:
        file["table/table"] = rows


def write_energyflow(path: Path) -> None:
    energy, px, py, pz = np.moveaxis(momenta(), 2, 0)
    pt = np.hypot(px, py)
    rapidity = np.arctanh(np.divide(pz, energy, out=np.zeros_like(pz), where=pt > 0))
    phi = np.where(pt > 0, np.arctan2(py, px) % (2 * np.pi), 0)
    pdg = np.where(pt > 0, 22, 0)
    np.savez(path, X=np.stack([pt, rapidity, phi, pdg], axis=2), y=(np.arange(JETS) % 2).astype(float))


def write_vectors(path: Path) -> None:
    present = momenta()[..., 0] > 0
    np.save(path, np.moveaxis(momenta()[..., [1, 2, 3, 0]], 1, 2))
    np.save(path.with_name("x_pf_mask.npy"), present[:, None, :].astype(np.float32))
    np.save(path.with_name("x_labels.npy"), np.eye(10)[[0, 7, 1, 8, 6]])


CASES: dict[str, tuple[str, Callable[[Path], None], list[str], list[int]]] = {
    "hls4ml": (
        *("train.h5", write_hls4ml),
        *(["gluon", "quark", "w_1tev", "z_1tev", "top_1tev"], [0, 0, 1, 3, 2]),
    ),
    "top-tagging": ("val.h5", write_top_tagging, ["qcd", "top", "qcd", "top", "qcd"], [0, 2, 0, 2, 0]),
    "energyflow": ("QG_jets.npz", write_energyflow, ["gluon", "quark", "gluon", "quark", "gluon"], [0] * 5),
    "vectors": (
        "x_pf_vectors.npy",
        write_vectors,
        ["qcd", "w_qq", "h_bb", "top_bqq", "z_qq"],
        [0, 1, -1, 2, 3],
    ),
}


@pytest.mark.parametrize("format", CASES)
def test_published_layouts_become_jets(format: str, tmp_path: Path) -> None:
    name, write, processes, labels = CASES[format]
    write(tmp_path / name)
    jets = read_external(tmp_path / name, format)
    assert jets.process_names.tolist() == processes
    assert jets.jets["label"].tolist() == labels
    assert jets.jets["n_constituents"].tolist() == [1, 2, 3, 4, 1]
    total = momenta().sum(axis=1)
    np.testing.assert_allclose(jets.jets["energy"], total[:, 0], rtol=1e-5)
    np.testing.assert_allclose(jets.jets["pt"], np.hypot(total[:, 1], total[:, 2]), rtol=1e-5)
    mass = np.sqrt(np.maximum(total[:, 0] ** 2 - (total[:, 1:] ** 2).sum(axis=1), 0))
    np.testing.assert_allclose(jets.jets["mass"], mass, rtol=1e-3, atol=0.05)
    pt = np.sort(np.hypot(momenta()[..., 1], momenta()[..., 2]), axis=1)[:, ::-1]
    np.testing.assert_allclose(jets.constituents["pt"][:, :WIDTH], pt, rtol=1e-5)
    write_jets(tmp_path / "jets.h5", jets, {"source": format})
    assert np.array_equal(read_jets(tmp_path / "jets.h5").constituents, jets.constituents)


def test_particles_get_their_charge_and_kind() -> None:
    pdg = np.array([[211, -211, 22, 11, -13, 130]])
    four = np.zeros((1, 6, 4))
    four[0, :, 1] = four[0, :, 0] = np.arange(6, 0, -1)
    jets = jets_from_momenta(four, [0], ("a",), (0,), "x", pdg)
    assert jets.constituents["charge"][0].tolist() == [1, -1, 0, -1, 1, 0]
    assert jets.constituents["kind"][0].tolist() == [1, 1, 2, 4, 5, 3]


def test_defects_are_told(tmp_path: Path) -> None:
    with pytest.raises(EdgeoodError, match="there is no jet format 'hls4'; did you mean 'hls4ml'"):
        read_external(tmp_path / "a.h5", "hls4")
    with pytest.raises(EdgeoodError, match=r"there is no file .*a\.h5"):
        read_external(tmp_path / "a.h5", "hls4ml")
    (tmp_path / "a.h5").write_text("no HDF5")
    for format, message in (
        ("hls4ml", "a.h5 is not an HDF5 file"),
        ("energyflow", "a.h5 cannot be read as energyflow "),
    ):
        with pytest.raises(EdgeoodError, match=message):
            read_external(tmp_path / "a.h5", format)
    write_top_tagging(tmp_path / "b.h5")
    with pytest.raises(EdgeoodError, match="has no 'jetConstituentList'; choose a file of this data set"):
        read_external(tmp_path / "b.h5", "hls4ml")
    np.save(tmp_path / "x_pf_vectors.npy", np.zeros((2, 4, 3)))
    with pytest.raises(EdgeoodError, match=r"there is no .*x_pf_mask\.npy; put it beside"):
        read_external(tmp_path / "x_pf_vectors.npy", "vectors")
    bad = momenta()
    bad[2, 1, 1] = np.nan
    with pytest.raises(EdgeoodError, match="here: jet 2 has a constituent with pt = nan"):
        jets_from_momenta(bad, np.zeros(JETS, int), ("a",), (0,), "here")
    with pytest.raises(EdgeoodError, match="here: jet 0 has no valid constituent"):
        jets_from_momenta(np.zeros((1, 3, 4)), [0], ("a",), (0,), "here")
