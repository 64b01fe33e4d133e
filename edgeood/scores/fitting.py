"""What scores are fitted on: outputs of known jets, checked, in float64 and in pieces that fit the memory."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.errors import EdgeoodError

_CHUNK = 16384


def in_chunks(rows: NDArray[Any], size: int = _CHUNK) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Where each piece of at most ``size`` of the (N, D) ``rows`` lies, and the piece in float64.

    A million representations of 256 dimensions are 1 GB in single precision: twice that, and a few temporary
    arrays of the size, would fill a machine.
    """
    for start in range(0, len(rows), size):
        chosen = slice(start, start + size)
        yield chosen, np.asarray(rows[chosen], np.float64)


def same_jets(
    representation: ArrayLike, logits: ArrayLike, labels: ArrayLike
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """(N, D) representation, (N, K) logits and (N,) labels as arrays of the types they came in.

    Raises :class:`EdgeoodError` if their shapes are not those of the same N jets.
    """
    r, g, y = np.asarray(representation), np.asarray(logits), np.asarray(labels)
    if r.ndim != 2 or g.ndim != 2 or y.ndim != 1 or not len(r) == len(g) == len(y):
        raise EdgeoodError(
            f"a score cannot be fitted on {r.shape} representations, {g.shape} logits and {y.shape} labels; "
            "give one row of each per jet."
        )
    return r, g, y


def checked(
    representation: ArrayLike, logits: ArrayLike, labels: ArrayLike
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """The arrays of :func:`same_jets`, fit to learn from.

    Raises :class:`EdgeoodError` also if a representation is not finite or a label is none of 0 … K − 1.
    """
    r, g, y = same_jets(representation, logits, labels)
    if not np.isfinite(r).all():
        raise EdgeoodError(
            "the representation of a training jet is not finite; train with a lower learning rate."
        )
    classes = g.shape[1]
    unknown = sorted(set(np.unique(y).tolist()) - set(range(classes)))
    if unknown:
        raise EdgeoodError(
            f"labels {unknown} are none of the {classes} known classes; fit on known jets only."
        )
    return r, g, y


def class_rows(representation: NDArray[Any], labels: NDArray[Any], k: int) -> NDArray[Any]:
    """(n_k, D) representations of class ``k``, of :func:`checked` arrays.

    Raises :class:`EdgeoodError` if there are fewer than two, or if all are the same.
    """
    rows = representation[labels == k]
    if len(rows) < 2:
        raise EdgeoodError(f"class {k} has {len(rows)} jets to fit a Mahalanobis score on; give at least 2.")
    if (rows == rows[0]).all():
        raise EdgeoodError(
            f"the representation of class {k} is the same for all jets; train the network longer."
        )
    result: NDArray[Any] = rows
    return result


def check_background(background: int, classes: int) -> None:
    """Raises :class:`EdgeoodError` unless ``background`` is one of the classes 0 … ``classes`` − 1."""
    if not 0 <= background < classes:
        raise EdgeoodError(
            f"there is no background class {background} among {classes} logits; give an index from 0 to "
            f"{classes - 1}."
        )
