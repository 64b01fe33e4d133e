"""hls4ml LHC jets."""

from pathlib import Path
from typing import Any

import numpy as np

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.opening import data_set, open_hdf5, told
from edgeood.jets.layout import Jets
from edgeood.jets.readers.bounds import read_hdf5
from edgeood.jets.readers.labels import Classes, of_one_hot, unlabelled
from edgeood.jets.readers.momenta import jets_from_momenta
from edgeood.jets.readers.names import require
from edgeood.jets.readers.particles import whole_codes

HLS4ML_CLASSES = ("gluon", "quark", "w_1tev", "z_1tev", "top_1tev")
"""Our names of the classes, in the order of their one-hot labels."""
_LABELS = (0, 0, 1, 3, 2)
_COLUMNS = ("j_g", "j_q", "j_w", "j_z", "j_t")
"""Their columns in ``jets``, if ``jetFeatureNames`` names them; else they are the last but one."""


def read_hls4ml(path: Path) -> Jets:
    """hls4ml LHC jets (Zenodo 3602260): ``jetConstituentList`` (N, P, 16) and one-hot classes in ``jets`` (N, 59).

    Without ``jets`` they are of the process "unknown". Particles' identities are read where there is a column of them.
    """
    with open_hdf5(path) as file, told(path):
        require(path, file, ("jetConstituentList", "particleFeatureNames"))
        names = _names(path, file, "particleFeatureNames")
        particles = read_hdf5(path, file, "jetConstituentList", "N, P, F")
        table = read_hdf5(path, file, "jets", "N, F") if "jets" in file else None
        features = _names(path, file, "jetFeatureNames") if "jetFeatureNames" in file else []
    if particles is None or (table is not None and len(table) != len(particles)):
        raise EdgeoodError(
            f"{path}: 'jets' and 'jetConstituentList' do not belong together; download it again."
        )
    if missing := [
        name for name in ("j1_e", "j1_px", "j1_py", "j1_pz") if name not in names[: particles.shape[2]]
    ]:
        raise EdgeoodError(f"{path}: 'jetConstituentList' has no column {missing[0]}; choose another file.")
    columns = [names.index(f"j1_{axis}") for axis in ("e", "px", "py", "pz")]
    momenta, pdg = particles[..., columns], None
    # The names of the published files are one more than the columns.
    if "j1_pdgid" in names[: particles.shape[2]]:
        pdg = whole_codes(path, particles[..., names.index("j1_pdgid")], (momenta[..., 1:3] != 0).any(axis=2))
    classes = unlabelled(len(momenta)) if table is None else _classes(path, table, features)
    return jets_from_momenta(momenta, classes.index, classes.names, classes.truth, str(path), pdg)


def _names(path: Path, file: Any, name: str) -> list[str]:
    dataset = data_set(path, file, name)
    if dataset is None or dataset.ndim != 1 or dataset.dtype.kind not in "SO" or len(dataset) > 1000:
        raise EdgeoodError(f"{path}: '{name}' is no list of names; download the file again.")
    return [bytes(one).decode() for one in dataset[()]]


def _classes(path: Path, table: np.ndarray, features: list[str]) -> Classes:
    if set(_COLUMNS) <= set(features[: table.shape[1]]):
        one_hot = table[:, [features.index(name) for name in _COLUMNS]]
    else:
        one_hot = table[:, -6:-1]
    if one_hot.shape[1] != len(HLS4ML_CLASSES):
        raise EdgeoodError(f"{path}: 'jets' has {table.shape[1]} columns, too few for five classes.")
    return Classes(of_one_hot(path, "jets", one_hot), HLS4ML_CLASSES, _LABELS)
