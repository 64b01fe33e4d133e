"""ATLAS flavour-tagging files, as the training-dataset-dumper writes them and salt reads them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.opening import open_hdf5, told
from edgeood.jets.hdf5.storage import MOST_CONSTITUENTS
from edgeood.jets.layout import CHARGED_HADRON, ELECTRON, MUON, Jets
from edgeood.jets.readers.bounds import hdf5_rows
from edgeood.jets.readers.labels import Classes, unlabelled
from edgeood.jets.readers.momenta import four_momenta, unchecked_jets
from edgeood.jets.readers.protocol import Reader, blocks

_TABLES = ("flow", "flows", "consts", "constituents", "tracks")
"""Of particles, those that hold the whole jet first."""
_PT, _ETA, _PHI = ("pt", "pt_btagJes"), ("eta", "eta_btagJes"), ("phi", "phi_btagJes")
_MEV_FROM, _MEV = 8000.0, 1e-3
"""The LHC makes no jet of more GeV, and nobody keeps jets of less MeV."""
_LOOKED_AT = 256
_FLAVOURS = {0: ("light", 0), 4: ("c", 0), 5: ("b", 0), 15: ("tau", -1)}
_LARGE = {
    **{1: ("top", 2), 2: ("w_qq", 1), 3: ("z_qq", 3), 10: ("qcd", 0)},
    **{11: ("h_bb", -1), 12: ("h_cc", -1)},
}
_TRUTH = {"R10TruthLabel_R22v1": _LARGE, "HadronConeExclTruthLabelID": _FLAVOURS}
"""Field of truth → its number → our name of the process and the label."""
_TAUS = {f"tau{n}": f"Tau{n}_wta" for n in (1, 2, 3, 4)}


def iterate(path: Path, batch: int) -> Iterator[Jets]:
    """Compound tables ``jets`` (N,) and one of particles (N, P): flow constituents if there are, else tracks.

    Jets' pT, η, mass are those of ``jets``: tracks sum to less. MeV become GeV. Particles' ``deta`` and ``dphi`` are
    taken where absolute angles are missing; of jets without φ it is 0. Particles without energy are massless.
    """
    with open_hdf5(path) as file, told(path):
        jets, particles = hdf5_rows(path, file, "jets", None), None
        name = _table_in(file)
        if name is not None:
            particles = hdf5_rows(path, file, name, None)
        if jets is None or particles is None or jets.ndim != 1 or len(jets) != len(particles):
            raise EdgeoodError(
                f"{path} has no tables 'jets' (N,) and {', '.join(_TABLES[:2])} or tracks (N, P)."
            )
        if (width := particles.shape[1]) > MOST_CONSTITUENTS:
            raise EdgeoodError(
                f"{path}: '{name}' has {width} entries for each jet, more than {MOST_CONSTITUENTS}; keep the leading "
                "ones."
            )
        unit = _unit(path, jets)
        truth = next((field for field in _TRUTH if field in jets.dtype.names), None)
        for rows in blocks(len(jets), batch, width):
            one, many = _columns(jets, rows), _columns(particles, rows)
            yield _jets(path, one, many, unit, truth, rows.start)


def _columns(table: Any, rows: slice) -> dict[str, NDArray[Any]]:
    """The fields of a table that are used, by name."""
    used = {*_PT, *_ETA, *_PHI, "mass", "energy", "eventNumber", *_TRUTH, *_TAUS.values()}
    used |= {"deta", "dphi", "ptfrac", "valid", "qOverP", "isCharged", "leptonID"}
    names = [name for name in table.dtype.names if name in used]
    read = table.fields(names)[rows]
    return {name: np.asarray(read[name]) for name in names}


def _unit(path: Path, jets: Any) -> float:
    first = _columns(jets, slice(0, _LOOKED_AT))
    return _MEV if np.median(_of(path, first, _PT, "jets")) > _MEV_FROM else 1.0


def _of(
    path: Path, columns: Mapping[str, NDArray[Any]], names: tuple[str, ...], table: str
) -> NDArray[np.float64]:
    found = next((name for name in names if name in columns), None)
    if found is None:
        raise EdgeoodError(f"{path}: '{table}' has no field '{names[0]}'; write it, or choose another file.")
    if columns[found].dtype.kind not in "iufb":
        raise EdgeoodError(
            f"{path}: field '{found}' of '{table}' is of type {columns[found].dtype}, no real number."
        )
    return columns[found].astype(np.float64)


def _jets(
    path: Path,
    jets: dict[str, NDArray[Any]],
    particles: dict[str, NDArray[Any]],
    unit: float,
    truth: str | None,
    first: int,
) -> Jets:
    jet_pt, jet_eta = _of(path, jets, _PT, "jets") * unit, _of(path, jets, _ETA, "jets")
    jet_phi = _of(path, jets, _PHI, "jets") if set(_PHI) & set(jets) else np.zeros(len(jet_pt))
    mass = (
        np.maximum(_of(path, jets, ("mass",), "jets") * unit, 0) if "mass" in jets else np.zeros(len(jet_pt))
    )
    if "pt" in particles:
        pt = _of(path, particles, ("pt",), "particles") * unit
    else:
        pt = _of(path, particles, ("pt", "ptfrac"), "particles") * jet_pt[:, None]
    eta, phi = (
        _of(path, particles, (name,), "particles")
        if name in particles
        else _of(path, particles, (name, f"d{name}"), "particles") + axis[:, None]
        for name, axis in (("eta", jet_eta), ("phi", jet_phi))
    )
    valid = particles["valid"].astype(np.bool_) if "valid" in particles else np.isfinite(pt) & (pt > 0)
    momenta = four_momenta(np.where(valid, pt, 0), np.where(valid, eta, 0), np.where(valid, phi, 0))
    if "energy" in particles:
        energy = particles["energy"].astype(np.float64) * unit
        momenta[..., 0] = np.where(valid, np.maximum(energy, momenta[..., 0]), 0)
    classes = _classes(jets[truth], _TRUTH[truth]) if truth is not None else unlabelled(len(jet_pt))
    fields: dict[str, NDArray[Any]] = {"pt": jet_pt, "eta": jet_eta, "phi": jet_phi, "mass": mass}
    fields["energy"] = np.hypot(jet_pt * np.cosh(np.clip(jet_eta, -20, 20)), mass)
    fields |= {field: jets[name] for field, name in _TAUS.items() if name in jets}
    fields["event"] = first + np.arange(len(jet_pt))
    if "eventNumber" in jets and jets["eventNumber"].dtype.kind in "iu":
        fields["event"] = jets["eventNumber"].astype(np.int64)
    return unchecked_jets(
        *(momenta, classes.index, classes.names, classes.truth),
        identities=_identities(particles, valid),
        fields=fields,
        source=str(path),
    )


def _identities(
    particles: Mapping[str, NDArray[Any]], valid: NDArray[np.bool_]
) -> tuple[NDArray[np.int8], NDArray[np.int8]] | None:
    """Charge and kind of tracks; of flow constituents only that some are charged."""
    kind, charge = np.zeros(valid.shape, np.int8), np.zeros(valid.shape, np.int8)
    if "qOverP" in particles:
        charge = np.sign(np.where(valid, particles["qOverP"], 0)).astype(np.int8)
        kind[charge != 0] = CHARGED_HADRON
    elif "isCharged" in particles:
        kind[valid & (particles["isCharged"] > 0)] = CHARGED_HADRON
    else:
        return None
    if "leptonID" in particles:
        code = np.abs(particles["leptonID"])
        kind[valid & (code == 11)], kind[valid & (code == 13)] = ELECTRON, MUON
    return charge, kind


def _classes(numbers: NDArray[Any], known: Mapping[int, tuple[str, int]]) -> Classes:
    index = np.full(len(numbers), len(known), np.int64)
    for place, number in enumerate(known):
        index[numbers == number] = place
    names, truth = zip(*known.values(), strict=True)
    return Classes(index, (*names, "other"), (*truth, -1))


def _table_in(file: Any) -> str | None:
    """The table of particles of an open file."""
    for name in _TABLES:
        found = file.get(name) if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
        if isinstance(found, h5py.Dataset) and found.ndim == 2 and found.dtype.names:
            return name
    return None


def _recognise(path: Path) -> bool:
    with h5py.File(path, "r") as file:
        jets = file.get("jets") if isinstance(file.get("jets", getlink=True), h5py.HardLink) else None
        fields = getattr(getattr(jets, "dtype", None), "names", None) or ()
        return bool(set(_PT) & set(fields)) and _table_in(file) is not None


def _count(path: Path) -> int | None:
    with h5py.File(path, "r") as file:
        return len(file["jets"])


def _tells_events(path: Path) -> bool:
    with h5py.File(path, "r") as file:
        names = file["jets"].dtype.names or ()
        return "eventNumber" in names and file["jets"].dtype["eventNumber"].kind in "iu"


READER = Reader(
    "ATLAS flavour tagging (training-dataset-dumper, umami, salt)",
    "hdf5",
    _recognise,
    iterate,
    _count,
    _tells_events,
    truth="light, c, b, tau; of large-radius jets QCD, top, W, Z, H→bb, H→cc",
    identities="of tracks; flow constituents tell only which are charged",
    substructure="N-subjettiness of large-radius jets; no soft-drop mass beside the jet's own",
    lacks="neutral particles, where only tracks are there; often φ",
)
