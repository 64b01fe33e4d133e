"""hls4ml LHC jets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.opening import data_set, open_hdf5, told
from edgeood.jets.layout import Jets
from edgeood.jets.readers.bounds import hdf5_rows, hdf5_shapes
from edgeood.jets.readers.labels import Classes, of_one_hot, unlabelled
from edgeood.jets.readers.momenta import unchecked_jets
from edgeood.jets.readers.names import require
from edgeood.jets.readers.particles import whole_codes
from edgeood.jets.readers.protocol import Reader, blocks

HLS4ML_CLASSES = ("gluon", "quark", "w_1tev", "z_1tev", "top_1tev")
"""Our names of the classes, in the order of their one-hot labels."""
HLS4ML_LABELS = (0, 0, 1, 3, 2)
_MOMENTA = ("j1_e", "j1_px", "j1_py", "j1_pz")
_COLUMNS = ("j_g", "j_q", "j_w", "j_z", "j_t")
"""Their columns in ``jets``, if ``jetFeatureNames`` names them; else they are the last but one."""


def iterate(path: Path, batch: int) -> Iterator[Jets]:
    """``jetConstituentList`` (N, P, 16) and one-hot classes in ``jets`` (N, 59).

    Without ``jets`` they are of the process "unknown". Particles' identities are read where there is a column of them.
    """
    with open_hdf5(path) as file, told(path):
        require(path, file, ("jetConstituentList", "particleFeatureNames"))
        names = _names(path, file, "particleFeatureNames")
        features = _names(path, file, "jetFeatureNames") if "jetFeatureNames" in file else []
        particles = hdf5_rows(path, file, "jetConstituentList", "N, P, F")
        table = hdf5_rows(path, file, "jets", "N, F") if "jets" in file else None
        if particles is None or (table is not None and len(table) != len(particles)):
            raise EdgeoodError(
                f"{path}: 'jets' and 'jetConstituentList' do not belong together; download it again."
            )
        # The names of the published files are one more than the columns.
        names = names[: particles.shape[2]]
        if missing := [name for name in _MOMENTA if name not in names]:
            raise EdgeoodError(
                f"{path}: 'jetConstituentList' has no column {missing[0]}; choose another file."
            )
        for rows in blocks(len(particles), batch, particles.shape[1] * particles.shape[2] // 8):
            block, pdg = particles[rows], None
            momenta = block[..., [names.index(name) for name in _MOMENTA]]
            if "j1_pdgid" in names:
                present = (momenta[..., 1:3] != 0).any(axis=2)
                pdg = whole_codes(path, block[..., names.index("j1_pdgid")], present, rows.start)
            classes = unlabelled(len(block))
            if table is not None:
                classes = _classes(path, table[rows], features, rows.start)
            yield unchecked_jets(
                momenta, classes.index, classes.names, classes.truth, pdg, first=rows.start, source=str(path)
            )


def _count(path: Path) -> int | None:
    shape = hdf5_shapes(path).get("jetConstituentList", ())
    return shape[0] if shape else None


READER = Reader(
    "hls4ml LHC jets (Zenodo 3602260, 3602254)",
    "hdf5",
    lambda path: len(hdf5_shapes(path).get("jetConstituentList", ())) == 3,
    iterate,
    _count,
    truth="g, q, W, Z, t",
    identities="if the column `j1_pdgid` is there; the published files lack it",
    lacks="identities; the 30p and 100p files hold leading constituents only",
)


def _names(path: Path, file: Any, name: str) -> list[str]:
    dataset = data_set(path, file, name)
    if dataset is None or dataset.ndim != 1 or dataset.dtype.kind not in "SO" or len(dataset) > 1000:
        raise EdgeoodError(f"{path}: '{name}' is no list of names; download the file again.")
    return [bytes(one).decode() for one in dataset[()]]


def _classes(path: Path, table: NDArray[Any], features: list[str], first: int) -> Classes:
    if set(_COLUMNS) <= set(features[: table.shape[1]]):
        one_hot = table[:, [features.index(name) for name in _COLUMNS]]
    else:
        one_hot = table[:, -6:-1]
    if one_hot.shape[1] != len(HLS4ML_CLASSES):
        raise EdgeoodError(f"{path}: 'jets' has {table.shape[1]} columns, too few for five classes.")
    return Classes(of_one_hot(path, "jets", one_hot, first), HLS4ML_CLASSES, HLS4ML_LABELS)
