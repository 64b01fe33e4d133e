"""What readers make of labels, particle ids and shapes that differ from file to file."""

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.jets.readers import read_external

JETS, WIDTH = 6, 5
NAMES = ["px", "py", "pz", "e", "erel", "pt", "ptrel", "eta", "etarel", "etarot", "phi", "phirel", "phirot"]
NAMES += ["deltaR", "costheta", "costhetarel", "pdgid"]
CODES = [211, -211, 22, 11, 130]


def momenta() -> np.ndarray:
    """(6, 5, 4) as (E, px, py, pz), massless, falling in pT."""
    random = np.random.default_rng(4)
    pt = -np.sort(-random.uniform(5, 100, (JETS, WIDTH)), axis=1)
    eta, phi = random.normal(0.5, 0.1, (JETS, WIDTH)), random.normal(1, 0.1, (JETS, WIDTH))
    return np.stack([pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=2)


def write_vectors(folder: Path, **arrays: Any) -> Path:
    np.save(folder / "x_pf_vectors.npy", np.moveaxis(momenta()[..., [1, 2, 3, 0]], 1, 2).astype(np.float32))
    np.save(folder / "x_pf_mask.npy", np.ones((JETS, WIDTH), np.float32))
    for name, array in arrays.items():
        np.save(folder / f"x_{name}.npy", array)
    return folder / "x_pf_vectors.npy"


VECTOR_LABELS = {
    "a column": (np.array([[0], [1], [0], [2], [1], [1]]), [0, 1, 0, 2, 1, 1]),
    "numbers": (np.array([0, 1, 0, 2, 1, 1]), [0, 1, 0, 2, 1, 1]),
    "floats": (np.array([[0.0], [1], [0], [2], [1], [1]]), [0, 1, 0, 2, 1, 1]),
    "one-hot": (np.eye(3)[[0, 1, 0, 2, 1, 1]], [0, 1, 0, 2, 1, 1]),
    "truth": (np.eye(2, dtype=bool)[[0, 1, 0, 1, 1, 1]], [0, 1, 0, 1, 1, 1]),
}


@pytest.mark.parametrize("case", VECTOR_LABELS)
def test_labels_of_vectors(case: str, tmp_path: Path) -> None:
    labels, expected = VECTOR_LABELS[case]
    jets = read_external(write_vectors(tmp_path, labels=labels), "vectors")
    assert jets.process_names.tolist() == [f"class_{number}" for number in expected]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.full((JETS, 2), 1), r"jet 0 has no single class in 'x_labels\.npy' \(\[1, 1\]\)"),
        (np.full((JETS, 2), 0.5), "jet 0 has no single class"),
        (np.array([0, 1, -1, 0, 0, 0]), r"jet 2 has the class -1 in 'x_labels\.npy'"),
        (np.array([0, 1, 1, 0.5, 0, 0]), "jet 3 has the class 0.5"),
        (np.array([0, 1, 1, 300, 0, 0]), "jet 3 has the class 300 .* whole number from 0 to 127"),
        (np.array([[0, np.nan]] * JETS), "jet 0 has no single class"),
        (np.zeros((JETS, 2, 2)), r"'x_labels\.npy' has shape \(6, 2, 2\); it should be \(N\)"),
        (np.array(["a"] * JETS), "is of type <U1; it should hold real numbers"),
        (np.zeros(3), r"labels \(3,\); write"),
    ],
)
def test_labels_that_are_none_are_refused(labels: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(EdgeoodError, match=message):
        read_external(write_vectors(tmp_path, labels=labels), "vectors")


def features(columns: int) -> np.ndarray:
    """JetClass's features of charged hadrons, a photon, an electron and a neutral hadron."""
    made = np.random.default_rng(1).normal(size=(JETS, columns, WIDTH))
    made[:, 5:11] = 0
    made[:, 5] = [1, -1, 0, -1, 0]
    for entry, flag in enumerate((0, 0, 2, 3, 1)):
        made[:, 6 + flag, entry] = 1
    return made


def test_vectors_features_give_charge_and_kind(tmp_path: Path) -> None:
    for columns in (13, 17):
        jets = read_external(write_vectors(tmp_path, pf_features=features(columns)), "vectors")
        assert set(jets.process_names) == {"unknown"}
        assert set(jets.jets["label"]) == {-1}
        assert jets.constituents["charge"][3].tolist() == [1, -1, 0, -1, 0]
        assert jets.constituents["kind"][3].tolist() == [1, 1, 2, 4, 3]
    # JetClass without identities.
    kinematics = read_external(write_vectors(tmp_path, pf_features=features(13)[:, :7]), "vectors")
    assert not kinematics.constituents["kind"].any()
    for row, value in ((5, 3), (6, 1), (7, 0.5)):
        wrong = features(13)
        wrong[4, row, 2] = value
        with pytest.raises(
            EdgeoodError, match="jet 4 has a particle without a single kind or with an impossible"
        ):
            read_external(write_vectors(tmp_path, pf_features=wrong), "vectors")


def test_a_mask_is_zero_or_one(tmp_path: Path) -> None:
    path = write_vectors(tmp_path, pf_mask=np.full((JETS, WIDTH), 0.5))
    with pytest.raises(EdgeoodError, match=r"x_pf_mask\.npy: jet 0 has a mask that is neither 0 nor 1"):
        read_external(path, "vectors")


def write_hls4ml(path: Path, columns: int, **tables: Any) -> Path:
    particles = np.zeros((JETS, WIDTH, columns))
    particles[..., :4] = momenta()[..., [1, 2, 3, 0]]
    if columns == 17:
        particles[..., 16] = CODES
    with h5py.File(path, "w") as file:
        file["jetConstituentList"] = particles
        file["particleFeatureNames"] = np.array([f"j1_{name}".encode() for name in NAMES])
        for name, table in tables.items():
            file[name] = table
    return path


def test_hls4ml_without_labels_and_with_identities(tmp_path: Path) -> None:
    plain = read_external(write_hls4ml(tmp_path / "a.h5", 16), "hls4ml")
    assert (set(plain.process_names), set(plain.jets["label"])) == ({"unknown"}, {-1})
    # The names of the published files are one more than their columns.
    assert not plain.constituents["kind"].any()
    identified = read_external(write_hls4ml(tmp_path / "b.h5", 17), "hls4ml")
    assert identified.constituents["charge"][0].tolist() == [1, -1, 0, -1, 0]
    assert identified.constituents["kind"][0].tolist() == [1, 1, 2, 4, 3]


def test_hls4ml_classes_are_found_by_name(tmp_path: Path) -> None:
    table = np.zeros((JETS, 8))
    order = ["j_t", "j_pt", "j_g", "j_q", "j_w", "j_z", "j_mass", "j_undef"]
    for jet, name in enumerate(["j_t", "j_g", "j_q", "j_w", "j_z", "j_g"]):
        table[jet, order.index(name)] = 1
    path = write_hls4ml(
        tmp_path / "a.h5", 16, jets=table, jetFeatureNames=np.array([n.encode() for n in order])
    )
    jets = read_external(path, "hls4ml")
    assert jets.process_names.tolist() == ["top_1tev", "gluon", "quark", "w_1tev", "z_1tev", "gluon"]
    for name, message in (("j_pt", None), ("j_g", "jet 3 has no single class in 'jets'")):
        table[3, order.index(name)] = 0.5
        path = write_hls4ml(
            tmp_path / f"{name}.h5", 16, jets=table, jetFeatureNames=np.array([n.encode() for n in order])
        )
        if message is None:
            assert len(read_external(path, "hls4ml")) == JETS
        else:
            with pytest.raises(EdgeoodError, match=message):
                read_external(path, "hls4ml")


def write_energyflow(path: Path, columns: int = 4, **arrays: Any) -> Path:
    energy, px, py, pz = np.moveaxis(momenta(), 2, 0)
    rapidity = np.arctanh(pz / energy)
    x = np.stack([np.hypot(px, py), rapidity, np.arctan2(py, px), np.tile(CODES, (JETS, 1))], axis=2)
    np.savez_compressed(path, X=arrays.pop("X", x[..., :columns]), **arrays)
    return path


def test_energyflow_without_labels_and_codes(tmp_path: Path) -> None:
    jets = read_external(write_energyflow(tmp_path / "a.npz"), "energyflow")
    assert (set(jets.process_names), set(jets.jets["label"])) == ({"unknown"}, {-1})
    assert jets.constituents["charge"][2].tolist() == [1, -1, 0, -1, 0]
    assert jets.constituents["kind"][2].tolist() == [1, 1, 2, 4, 3]
    bare = read_external(write_energyflow(tmp_path / "b.npz", columns=3), "energyflow")
    assert not bare.constituents["kind"].any()
    labelled = read_external(
        write_energyflow(tmp_path / "c.npz", y=[[0], [1], [1], [0], [0], [1]]), "energyflow"
    )
    assert labelled.process_names.tolist() == ["gluon", "quark", "quark", "gluon", "gluon", "quark"]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": [0, 1, 2, 0, 0, 0]}, "jet 2 has the class 2 in 'y'; it should be a whole number from 0 to 1"),
        ({"y": [0, 1]}, "'X' has 6 jets and 'y' 2"),
        ({"X": np.zeros((6, 5, 2))}, "'X' has 2 columns; it should be pT, rapidity, φ, PDG code"),
        ({"X": np.zeros((6, 5))}, r"'X' has shape \(6, 5\); it should be \(N, P, F\)"),
        ({"X": np.full((6, 5, 4), 0.3)}, "jet 0 has a particle with the PDG code 0.3; .* remap_pids"),
        ({"X": np.zeros((6, 5, 4), complex)}, "is of type complex128; it should hold real numbers"),
    ],
)
def test_energyflow_files_that_are_none_are_refused(
    arrays: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(EdgeoodError, match=message):
        read_external(write_energyflow(tmp_path / "a.npz", **arrays), "energyflow")


def test_an_archive_of_zeros_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    header = io.BytesIO()
    shape = (10**9, 100, 4)
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X.npy", header.getvalue() + bytes(1000))
    with pytest.raises(
        EdgeoodError, match=r"'X' has 3,200,000,000,000 bytes, more than 8,589,934,592; split"
    ):
        read_external(tmp_path / "a.npz", "energyflow")
    wide = write_energyflow(tmp_path / "b.npz", X=np.zeros((1, 5000, 4)))
    with pytest.raises(EdgeoodError, match="'X' has 5000 entries for each jet, more than 4096"):
        read_external(wide, "energyflow")


def write_top(path: Path, labels: np.ndarray, names: list[str] | None = None, **options: Any) -> Path:
    block = np.zeros((JETS, 804), np.float32)
    block[:, : 4 * WIDTH] = momenta().reshape(JETS, -1)
    label_type = ("values_block_1", "i8", labels.shape[1:])
    rows = np.zeros(JETS, [("index", "i8"), ("values_block_0", "f4", (804,)), label_type])
    rows["values_block_0"], rows["values_block_1"] = block, labels
    with h5py.File(path, "w") as file:
        file["table/table"] = rows
        if names:
            file["table/table"].attrs["values_block_1_kind"] = np.void(
                pickle.dumps(names, options.get("protocol", 0))
            )
        if "momenta" in options:
            file["table/table"].attrs["values_block_0_kind"] = np.void(pickle.dumps(options["momenta"]))
    return path


SIGNAL = np.array([0, 1, 1, 0, 1, 0])
TOP = ["qcd", "top", "top", "qcd", "top", "qcd"]


def columns(*values: Any) -> np.ndarray:
    return np.stack([np.broadcast_to(value, JETS) for value in values], axis=1)


TOP_CASES: dict[str, tuple[np.ndarray, list[str] | None]] = {
    "published order": (columns(1, SIGNAL), ["ttv", "is_signal_new"]),
    "other order": (columns(SIGNAL, 0), ["is_signal_new", "ttv"]),
    "both of zeros and ones": (columns(SIGNAL, 1 - SIGNAL), ["is_signal_new", "ttv"]),
    "one column": (SIGNAL[:, None], ["is_signal_new"]),
    "no names": (columns(1, SIGNAL), None),
    "no names, other order": (columns(SIGNAL, 2), None),
    "no names, one column": (SIGNAL[:, None], None),
    "no names, no axis": (SIGNAL, None),
}


@pytest.mark.parametrize("case", TOP_CASES)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_top_tagging_labels_are_found(case: str, protocol: int, tmp_path: Path) -> None:
    labels, names = TOP_CASES[case]
    jets = read_external(write_top(tmp_path / "a.h5", labels, names, protocol=protocol), "top-tagging")
    assert jets.process_names.tolist() == TOP
    assert jets.jets["label"].tolist() == [2 * label for label in SIGNAL]


@pytest.mark.parametrize(
    ("labels", "names", "message"),
    [
        (columns(1, 2), None, "have no names, and 0 of 2 hold both 0 and 1"),
        (columns(0), None, "have no names, and 0 of 1 hold both"),
        (columns(SIGNAL, SIGNAL), None, "have no names, and 2 of 2 hold both"),
        (columns(0, SIGNAL), ["ttv", "truth"], "none of the columns ttv, truth is 'is_signal_new'"),
        (columns(0, SIGNAL * 3), ["ttv", "is_signal_new"], "jet 1 has the class 3 in 'is_signal_new'"),
    ],
)
def test_top_tagging_labels_that_cannot_be_told_are_refused(
    labels: np.ndarray, names: list[str] | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(EdgeoodError, match=message):
        read_external(write_top(tmp_path / "a.h5", labels, names), "top-tagging")


def test_top_tagging_momenta_are_in_the_published_order(tmp_path: Path) -> None:
    right = [f"{axis}_{number}" for number in range(200) for axis in ("E", "PX", "PY", "PZ")]
    right += ["truthE", "truthPX", "truthPY", "truthPZ"]
    path = write_top(tmp_path / "a.h5", columns(0, SIGNAL), momenta=right)
    assert read_external(path, "top-tagging").process_names.tolist() == TOP
    path = write_top(tmp_path / "b.h5", columns(0, SIGNAL), momenta=[right[1], right[0], *right[2:]])
    with pytest.raises(EdgeoodError, match=r"the momenta are in the order PX_0, E_0, PY_0, PZ_0, E_1"):
        read_external(path, "top-tagging")


def test_a_pickle_in_a_file_is_not_loaded(tmp_path: Path) -> None:
    class Touch:
        def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
            return (Path.touch, (tmp_path / "touched",))

    path = write_top(tmp_path / "a.h5", columns(1, SIGNAL))
    with h5py.File(path, "a") as file:
        file["table/table"].attrs["values_block_1_kind"] = np.void(pickle.dumps(Touch()))
    read_external(path, "top-tagging")
    assert not (tmp_path / "touched").exists()


def test_readers_follow_no_links_out_of_the_file(tmp_path: Path) -> None:
    write_hls4ml(tmp_path / "a.h5", 16)
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["jetConstituentList"] = h5py.ExternalLink("a.h5", "/jetConstituentList")
        file["particleFeatureNames"] = h5py.ExternalLink("a.h5", "/particleFeatureNames")
    with pytest.raises(EdgeoodError, match=r"is a link into another file \(a\.h5\)"):
        read_external(tmp_path / "b.h5", "hls4ml")
