"""JetClass and others as arrays for Particle Transformer."""

from pathlib import Path

import numpy as np

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import Jets
from edgeood.jets.readers.momenta import jets_from_momenta

# Truth labels of the classes that this package has one for, else −1: QCD, Z, W and hadronic top.
_JETCLASS = {
    **{"qcd": 0, "h_bb": -1, "h_cc": -1, "h_gg": -1, "h_4q": -1, "h_qql": -1},
    **{"z_qq": 3, "w_qq": 1, "top_bqq": 2, "top_bl": -1},
}


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
