"""Jets of public data sets, read from the files their authors published.

Jet kinematics are the sums of the constituents in the file; truth mass and substructure stay unknown.
Constituents come out sorted by falling pT, whatever the order in the file.
"""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import (
    CHARGED_HADRON,
    CONSTITUENT_DTYPE,
    ELECTRON,
    MUON,
    NEUTRAL_HADRON,
    PHOTON,
    Jets,
    jets_of_momenta,
)
from edgeood.jets.validation import check_constituents, check_jets
from edgeood.suggestions import suggestion

HLS4ML_CLASSES = ("gluon", "quark", "w_1tev", "z_1tev", "top_1tev")
"""Our names of the classes of the hls4ml LHC jets, in the order of their one-hot labels."""
_HLS4ML_LABELS = (0, 0, 1, 3, 2)
# Truth labels of the classes that this package has one for, else −1: QCD, Z, W and hadronic top.
_JETCLASS = {
    **{"qcd": 0, "h_bb": -1, "h_cc": -1, "h_gg": -1, "h_4q": -1, "h_qql": -1},
    **{"z_qq": 3, "w_qq": 1, "top_bqq": 2, "top_bl": -1},
}
_MASSES = {
    11: 0.000511,
    13: 0.10566,
    22: 0.0,
    130: 0.49761,
    211: 0.13957,
    321: 0.49368,
    2112: 0.93957,
    2212: 0.93827,
}
_CHARGED = (11, 13, 211, 321, 2212)


def jets_from_momenta(
    momenta: ArrayLike,
    process: ArrayLike,
    processes: tuple[str, ...],
    labels: tuple[int, ...],
    source: str,
    pdg: ArrayLike | None = None,
) -> Jets:
    """Jets from padded four-momenta (N, P, 4) as (E, px, py, pz), GeV; entries without pT are padding.

    ``process`` (N,) indexes ``processes``, and ``labels`` are their truth classes. ``pdg`` (N, P) gives
    charges and kinds. Raises :class:`EdgeoodError` naming ``source`` where a jet is unsound.
    """
    momenta = np.asarray(momenta, np.float64)
    pt = np.hypot(momenta[..., 1], momenta[..., 2])
    # Not-a-number goes to the front, where it does not pass for padding.
    order = np.argsort(np.where(np.isnan(pt), -np.inf, -pt), axis=1, kind="stable")
    pt = np.take_along_axis(pt, order, axis=1)
    energy, px, py, pz = np.moveaxis(np.take_along_axis(momenta, order[..., None], axis=1), 2, 0)
    valid = (pt > 0) | np.isnan(pt)
    constituents = np.zeros(pt.shape, CONSTITUENT_DTYPE)
    constituents["valid"] = valid
    constituents["pt"], constituents["energy"] = pt, np.where(valid, energy, 0)
    constituents["eta"] = np.where(valid, np.arcsinh(pz / np.where(valid, pt, 1)), 0)
    constituents["phi"] = np.where(valid, np.arctan2(py, px), 0)
    if pdg is not None:
        sorted_pdg = np.where(valid, np.take_along_axis(np.asarray(pdg, np.int64), order, axis=1), 0)
        constituents["charge"], constituents["kind"] = _charge(sorted_pdg), _kind(sorted_pdg)

    total = [np.where(valid, column, 0).sum(axis=1) for column in (energy, px, py, pz)]
    jets = jets_of_momenta(np.stack(total, axis=1))
    jets["process"], jets["event"] = process, np.arange(len(jets))
    jets["label"] = np.array(labels)[np.asarray(process)]
    jets["n_constituents"] = valid.sum(axis=1)
    check_constituents(constituents, source)
    check_jets(jets, processes, source)
    return Jets(jets, constituents, processes)


def _kind(pdg: NDArray[np.int64]) -> NDArray[np.int8]:
    kinds = {11: ELECTRON, 13: MUON, 22: PHOTON, **dict.fromkeys((211, 321, 2212), CHARGED_HADRON)}
    kinds |= dict.fromkeys((130, 310, 2112), NEUTRAL_HADRON)
    kind = np.zeros(pdg.shape, np.int8)
    for code, value in kinds.items():
        kind[np.abs(pdg) == code] = value
    return kind


def _charge(pdg: NDArray[np.int64]) -> NDArray[np.int8]:
    # Electrons and muons with positive numbers are negative.
    sign = np.where(np.isin(np.abs(pdg), (11, 13)), -1, 1) * np.sign(pdg)
    return np.where(np.isin(np.abs(pdg), _CHARGED), sign, 0).astype(np.int8)


def read_hls4ml(path: Path) -> Jets:
    """hls4ml LHC jets (Zenodo 3602260): ``jetConstituentList`` (N, P, 16) and one-hot ``jets[:, -6:-1]``."""
    with h5py.File(path, "r") as file:
        _require(path, file, ("jetConstituentList", "jets"))
        names = [bytes(name).decode() for name in file["particleFeatureNames"][()]]
        columns = [names.index(f"j1_{axis}") for axis in ("e", "px", "py", "pz")]
        momenta = file["jetConstituentList"][()][..., columns]
        one_hot = file["jets"][()][:, -6:-1]
    if not np.array_equal(one_hot.sum(axis=1), np.ones(len(one_hot))):
        row = int((one_hot.sum(axis=1) != 1).argmax())
        raise EdgeoodError(f"{path}: jet {row} has no single class in 'jets'; download the file again.")
    return jets_from_momenta(momenta, one_hot.argmax(axis=1), HLS4ML_CLASSES, _HLS4ML_LABELS, str(path))


def read_top_tagging(path: Path) -> Jets:
    """Top Quark Tagging Reference (Zenodo 2603256): a pandas table of E, PX, PY, PZ of 200 constituents."""
    with h5py.File(path, "r") as file:
        _require(path, file, ("table",))
        _require(path, file["table"], ("table",))
        rows = file["table/table"][()]
    names = rows.dtype.names or ()
    if not {"values_block_0", "values_block_1"} <= set(names) or rows["values_block_0"].shape[1] < 804:
        raise EdgeoodError(
            f"{path} is no table of the top tagging reference; choose train.h5, val.h5 or test.h5."
        )
    momenta = rows["values_block_0"][:, :800].reshape(-1, 200, 4)
    is_top = rows["values_block_1"][:, -1].astype(np.int64)
    return jets_from_momenta(momenta, is_top, ("qcd", "top"), (0, 2), str(path))


def read_energyflow(path: Path) -> Jets:
    """EnergyFlow quark and gluon jets (Zenodo 3164691): ``X`` of (pT, rapidity, φ, PDG id), ``y`` 1 for quarks."""
    with np.load(path, allow_pickle=False) as file:
        _require(path, file, ("X", "y"))
        particles, is_quark = file["X"].astype(np.float64), file["y"].astype(np.int64)
    pt, rapidity, phi, pdg = np.moveaxis(particles, 2, 0)
    codes = np.abs(pdg).astype(np.int64)
    mass = np.zeros(codes.shape)
    for code, value in _MASSES.items():
        mass[codes == code] = value
    transverse = np.where(pt > 0, np.hypot(pt, mass), 0)
    momenta = np.stack(
        [transverse * np.cosh(rapidity), pt * np.cos(phi), pt * np.sin(phi), transverse * np.sinh(rapidity)],
        axis=2,
    )
    return jets_from_momenta(momenta, is_quark, ("gluon", "quark"), (0, 0), str(path), pdg)


def read_vectors(path: Path) -> Jets:
    """JetClass-like arrays, as Particle Transformer takes them: ``X_pf_vectors.npy`` (N, 4, P) of px, py, pz, E.

    Beside it lie ``X_pf_mask.npy``, (N, P) or (N, 1, P), and ``X_labels.npy``, class numbers (N,) or one-hot
    (N, K). Ten one-hot classes are those of JetClass (Zenodo 6619768), others get numbers.
    """
    if not path.name.endswith("_pf_vectors.npy"):
        raise EdgeoodError(f"{path} is not named …_pf_vectors.npy; name it and its mask and labels so.")
    stem = path.name.removesuffix("_pf_vectors.npy")
    arrays = []
    for name in (path.name, f"{stem}_pf_mask.npy", f"{stem}_labels.npy"):
        if not (path.parent / name).is_file():
            raise EdgeoodError(f"there is no {path.parent / name}; put it beside the other arrays.")
        arrays.append(np.load(path.parent / name, allow_pickle=False))
    vectors, mask, labels = arrays
    mask = mask.reshape(len(mask), -1).astype(bool)
    if vectors.shape != (len(mask), 4, mask.shape[1]) or len(labels) != len(vectors):
        raise EdgeoodError(
            f"{path} has shape {vectors.shape}, its mask {mask.shape} and labels {labels.shape}; "
            "write (N, 4, P), (N, P) and (N,)."
        )
    classes = labels.argmax(axis=1) if labels.ndim == 2 else labels.astype(np.int64)
    count = labels.shape[1] if labels.ndim == 2 else int(classes.max()) + 1
    names, truth = tuple(f"class_{index}" for index in range(count)), (-1,) * count
    if labels.ndim == 2 and count == len(_JETCLASS):
        names, truth = tuple(_JETCLASS), tuple(_JETCLASS.values())
    momenta = np.where(mask[..., None], np.moveaxis(vectors, 1, 2)[..., [3, 0, 1, 2]], 0)
    return jets_from_momenta(momenta, classes, names, truth, str(path))


FORMATS: dict[str, Callable[[Path], Jets]] = {
    "hls4ml": read_hls4ml,
    "top-tagging": read_top_tagging,
    "energyflow": read_energyflow,
    "vectors": read_vectors,
}
"""Reader of each format."""


def read_external(path: str | os.PathLike[str], format: str) -> Jets:
    """Read one file of a public data set; ``format`` is a key of :data:`FORMATS`.

    Raises :class:`EdgeoodError` if the format is unknown, or the file missing, damaged or laid out otherwise.
    """
    if format not in FORMATS:
        hint = suggestion(format, FORMATS, f"choose from {', '.join(FORMATS)}.")
        raise EdgeoodError(f"there is no jet format '{format}'; {hint}")
    file = Path(path)
    if not file.is_file():
        raise EdgeoodError(f"there is no file {file}; correct the path or download it.")
    try:
        return FORMATS[format](file)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())
        raise EdgeoodError(f"{file} cannot be read as {format} ({reason}); download it again.") from error


def _require(path: Path, container: Any, names: tuple[str, ...]) -> None:
    for name in names:
        if name not in container:
            raise EdgeoodError(f"{path} has no '{name}'; choose a file of this data set.")
