"""The Top Quark Tagging Reference."""

from pathlib import Path

import h5py
import numpy as np

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import Jets
from edgeood.jets.readers.momenta import jets_from_momenta
from edgeood.jets.readers.names import require


def read_top_tagging(path: Path) -> Jets:
    """Top Quark Tagging Reference (Zenodo 2603256): a pandas table of E, PX, PY, PZ of 200 constituents."""
    with h5py.File(path, "r") as file:
        require(path, file, ("table",))
        require(path, file["table"], ("table",))
        rows = file["table/table"][()]
    names = rows.dtype.names or ()
    if not {"values_block_0", "values_block_1"} <= set(names) or rows["values_block_0"].shape[1] < 804:
        raise EdgeoodError(
            f"{path} is no table of the top tagging reference; choose train.h5, val.h5 or test.h5."
        )
    momenta = rows["values_block_0"][:, :800].reshape(-1, 200, 4)
    is_top = rows["values_block_1"][:, -1].astype(np.int64)
    return jets_from_momenta(momenta, is_top, ("qcd", "top"), (0, 2), str(path))
