"""``.keras`` files of quantized twins: written on torch, opened on any backend of Keras."""

import os
from typing import TYPE_CHECKING, Any, cast

from edgeood.errors import EdgeoodError
from edgeood.files.atomic import atomic_path
from edgeood.networks.quantized.qkeras.backend import import_qkeras_on_any_backend

if TYPE_CHECKING:
    from torch import nn

    from edgeood.networks.quantized.qkeras.twin import QKerasTwin


def save_keras(twin: "nn.Module", path: str | os.PathLike[str]) -> None:
    """Save a QKeras twin as a ``.keras`` file, wholly or not at all.

    QKeras opens a CNN's by itself; a ParticleNet-lite's has two layers of ours, see :func:`open_keras`.
    """
    with atomic_path(path) as temporary:
        cast("QKerasTwin", twin).keras_model().save(temporary)


def open_keras(path: str | os.PathLike[str]) -> Any:
    """The functional QKeras model of a ``.keras`` file: (B, P, P, 1) or (B, N, F) → [representation, logits].

    Keras may run on any backend: the one it is loaded with, or the one that KERAS_BACKEND names, else torch.
    Torch itself is not needed. Raises :class:`EdgeoodError` if the file is missing or is no such model.
    """
    keras, _ = import_qkeras_on_any_backend()
    from edgeood.networks.quantized.qkeras import layers as keras_layers  # noqa: F401 - Keras finds our layers by name

    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise EdgeoodError(f"{path} cannot be opened as a .keras file of a twin: {reason}") from error
