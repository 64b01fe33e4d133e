"""JetClass and others as arrays for Particle Transformer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import Jets
from edgeood.jets.readers.bounds import read_npy
from edgeood.jets.readers.labels import JETCLASS, Classes, of_numbers, of_one_hot, unlabelled
from edgeood.jets.readers.momenta import unchecked_jets
from edgeood.jets.readers.particles import identities_of_flags
from edgeood.jets.readers.protocol import Reader, blocks

_ENDING = "_pf_vectors.npy"
_WITH_IDENTITIES = (13, 17)
"""Columns of the features that JetClass's authors call kinpid and full."""
_CHARGE, _FLAGS = 5, slice(6, 11)


def iterate(path: Path, batch: int) -> Iterator[Jets]:
    """``X_pf_vectors.npy`` (N, 4, P) of px, py, pz, E, as Particle Transformer takes them.

    Beside it lies ``X_pf_mask.npy``, (N, P) or (N, 1, P). ``X_labels.npy``, class numbers (N,) or (N, 1) or one-hot
    (N, K), may be absent: process "unknown". Ten one-hot classes are those of JetClass (Zenodo 6619768), others get
    numbers. ``X_pf_features.npy`` (N, 13 or 17, P), if there, gives charges and kinds.
    """
    if not path.name.endswith(_ENDING):
        raise EdgeoodError(f"{path} is not named …{_ENDING}; name it and its mask and labels so.")
    stem = path.name.removesuffix(_ENDING)
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
    features = _features(features_path, mask.shape) if features_path.is_file() else None
    # Class numbers alone do not tell how many there are: of a file, not of a batch.
    names = None if labels is None else _names(labels_path, labels)
    for rows in blocks(len(vectors), batch, vectors.shape[2]):
        present = mask[rows]
        if not np.isin(present, (0, 1)).all():
            row = rows.start + int((~np.isin(present, (0, 1))).any(axis=1).argmax())
            raise EdgeoodError(
                f"{mask_path}: jet {row} has a mask that is neither 0 nor 1; write 1 for particles."
            )
        valid = present.astype(np.bool_)
        classes = unlabelled(len(valid))
        if labels is not None and names is not None:
            classes = Classes(_indices(labels_path, labels[rows], rows.start), *names)
        identities = None
        if features is not None:
            block = features[rows]
            identities = identities_of_flags(
                features_path, block[:, _CHARGE], block[:, _FLAGS], valid, rows.start
            )
        momenta = np.where(valid[..., None], np.moveaxis(vectors[rows], 1, 2)[..., [3, 0, 1, 2]], 0)
        yield unchecked_jets(
            *(momenta, classes.index, classes.names, classes.truth),
            identities=identities,
            first=rows.start,
            source=str(path),
        )


def _indices(path: Path, labels: NDArray[Any], first: int) -> NDArray[np.int64]:
    if labels.ndim == 1 or labels.shape[1] == 1:
        return of_numbers(path, path.name, labels.reshape(-1), first=first)
    return of_one_hot(path, path.name, labels, first)


def _names(path: Path, labels: NDArray[Any]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names of all classes, and their truth labels."""
    if labels.ndim == 2 and labels.shape[1] > 1:
        count = labels.shape[1]
        if count == len(JETCLASS):
            return tuple(JETCLASS), tuple(JETCLASS.values())
    else:
        count = 1
        for rows in blocks(len(labels), len(labels), 1):
            count = max(count, int(_indices(path, labels[rows], rows.start).max()) + 1)
    return tuple(f"class_{number}" for number in range(count)), (-1,) * count


def _features(path: Path, shape: tuple[int, ...]) -> NDArray[Any] | None:
    """Features that tell identities, or None."""
    features = read_npy(path, "N, F, P")
    if features.shape[1] not in _WITH_IDENTITIES:
        return None
    if (len(features), features.shape[2]) != shape:
        raise EdgeoodError(f"{path} has shape {features.shape} for {shape} particles; write (N, F, P).")
    return features


def _count(path: Path) -> int | None:
    return len(read_npy(path, "N, 4, P"))


READER = Reader(
    "arrays as Particle Transformer takes them, of JetClass and others",
    "npy",
    lambda path: path.name.endswith(_ENDING) and _count(path) is not None,
    iterate,
    _count,
    truth="numbers (N,) or (N, 1), or one-hot; ten are JetClass's",
    identities="with `X_pf_features.npy` of 13 or 17 columns",
)
