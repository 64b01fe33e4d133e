"""hls4ml LHC jets."""

from pathlib import Path

import h5py
import numpy as np

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import Jets
from edgeood.jets.readers.momenta import jets_from_momenta
from edgeood.jets.readers.names import require

HLS4ML_CLASSES = ("gluon", "quark", "w_1tev", "z_1tev", "top_1tev")
"""Our names of the classes, in the order of their one-hot labels."""
_LABELS = (0, 0, 1, 3, 2)


def read_hls4ml(path: Path) -> Jets:
    """hls4ml LHC jets (Zenodo 3602260): ``jetConstituentList`` (N, P, 16) and one-hot ``jets[:, -6:-1]``."""
    with h5py.File(path, "r") as file:
        require(path, file, ("jetConstituentList", "jets"))
        names = [bytes(name).decode() for name in file["particleFeatureNames"][()]]
        columns = [names.index(f"j1_{axis}") for axis in ("e", "px", "py", "pz")]
        momenta = file["jetConstituentList"][()][..., columns]
        one_hot = file["jets"][()][:, -6:-1]
    if not np.array_equal(one_hot.sum(axis=1), np.ones(len(one_hot))):
        row = int((one_hot.sum(axis=1) != 1).argmax())
        raise EdgeoodError(f"{path}: jet {row} has no single class in 'jets'; download the file again.")
    return jets_from_momenta(momenta, one_hot.argmax(axis=1), HLS4ML_CLASSES, _LABELS, str(path))
