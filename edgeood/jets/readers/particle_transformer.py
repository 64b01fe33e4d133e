"""JetClass and others as arrays for Particle Transformer."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import Jets
from edgeood.jets.readers.bounds import read_npy
from edgeood.jets.readers.labels import Classes, of_numbers, of_one_hot, unlabelled
from edgeood.jets.readers.momenta import jets_from_momenta
from edgeood.jets.readers.particles import identities_of_flags

# Truth labels of the classes that this package has one for, else −1: QCD, Z, W and hadronic top.
_JETCLASS = {
    **{"qcd": 0, "h_bb": -1, "h_cc": -1, "h_gg": -1, "h_4q": -1, "h_qql": -1},
    **{"z_qq": 3, "w_qq": 1, "top_bqq": 2, "top_bl": -1},
}
_WITH_IDENTITIES = (13, 17)
"""Columns of the features that JetClass's authors call kinpid and full."""
_CHARGE, _FLAGS = 5, slice(6, 11)


def read_vectors(path: Path) -> Jets:
    """JetClass-like arrays, as Particle Transformer takes them: ``X_pf_vectors.npy`` (N, 4, P) of px, py, pz, E.

    Beside it lies ``X_pf_mask.npy``, (N, P) or (N, 1, P). ``X_labels.npy``, class numbers (N,) or (N, 1) or one-hot
    (N, K), may be absent: process "unknown". Ten one-hot classes are those of JetClass (Zenodo 6619768), others get
    numbers. ``X_pf_features.npy`` (N, 13 or 17, P), if there, gives charges and kinds.
    """
    if not path.name.endswith("_pf_vectors.npy"):
        raise EdgeoodError(f"{path} is not named …_pf_vectors.npy; name it and its mask and labels so.")
    stem = path.name.removesuffix("_pf_vectors.npy")
    mask_path, labels_path, features_path = (
        path.parent / f"{stem}_{name}.npy" for name in ("pf_mask", "labels", "pf_features")
    )
    if not mask_path.is_file():
        raise EdgeoodError(f"there is no {mask_path}; put it beside the other arrays.")
    vectors, mask = read_npy(path, "N, 4, P"), read_npy(mask_path, "N, P", "N, 1, P")
    labels = read_npy(labels_path, "N", "N, K") if labels_path.is_file() else None
    mask = mask.reshape(len(mask), -1)
    if vectors.shape != (len(mask), 4, mask.shape[1]) or (labels is not None and len(labels) != len(vectors)):
        raise EdgeoodError(
            f"{path} has shape {vectors.shape}, its mask {mask.shape} and labels "
            f"{None if labels is None else labels.shape}; write (N, 4, P), (N, P) and (N,)."
        )
    if not np.isin(mask, (0, 1)).all():
        row = int((~np.isin(mask, (0, 1))).any(axis=1).argmax())
        raise EdgeoodError(
            f"{mask_path}: jet {row} has a mask that is neither 0 nor 1; write 1 for particles."
        )
    valid = mask.astype(np.bool_)
    classes = unlabelled(len(vectors)) if labels is None else _classes(labels_path, labels)
    momenta = np.where(valid[..., None], np.moveaxis(vectors, 1, 2)[..., [3, 0, 1, 2]], 0)
    identities = _identities(features_path, valid) if features_path.is_file() else None
    return jets_from_momenta(
        momenta, classes.index, classes.names, classes.truth, str(path), identities=identities
    )


def _classes(path: Path, labels: NDArray[Any]) -> Classes:
    if labels.ndim == 1 or labels.shape[1] == 1:
        index = of_numbers(path, path.name, labels.reshape(-1))
        count = int(index.max()) + 1
    else:
        index, count = of_one_hot(path, path.name, labels), labels.shape[1]
        if count == len(_JETCLASS):
            return Classes(index, tuple(_JETCLASS), tuple(_JETCLASS.values()))
    return Classes(index, tuple(f"class_{number}" for number in range(count)), (-1,) * count)


def _identities(path: Path, valid: NDArray[np.bool_]) -> tuple[NDArray[np.int8], NDArray[np.int8]] | None:
    features = read_npy(path, "N, F, P")
    if features.shape[1] not in _WITH_IDENTITIES:
        return None
    if (len(features), features.shape[2]) != valid.shape:
        raise EdgeoodError(f"{path} has shape {features.shape} for {valid.shape} particles; write (N, F, P).")
    return identities_of_flags(path, features[:, _CHARGE], features[:, _FLAGS], valid)
