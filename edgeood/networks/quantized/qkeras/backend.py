"""Where Keras and QKeras are imported: on torch to train, on any backend to open a file."""

import os
import sys
from types import ModuleType

from edgeood.errors import EdgeoodError


def import_qkeras() -> tuple[ModuleType, ModuleType]:
    """Import Keras with the torch backend, then QKeras, and return both.

    To torch, Keras layers are then modules and their variables parameters. Raises :class:`EdgeoodError` if
    a package is missing or if Keras is already running on another backend in this process.
    """
    # While Keras is being imported its configuration is already set, hence the second look below.
    if sys.modules.get("keras") is None:
        os.environ["KERAS_BACKEND"] = "torch"
    keras, qkeras = import_qkeras_on_any_backend()
    if keras.backend.backend() != "torch":
        raise EdgeoodError(
            f"Keras is already loaded with the {keras.backend.backend()} backend; set KERAS_BACKEND=torch before "
            "anything imports keras."
        )
    return keras, qkeras


def import_qkeras_on_any_backend() -> tuple[ModuleType, ModuleType]:
    """Import Keras on the backend it runs on, or KERAS_BACKEND names, or else torch; then QKeras.

    Raises :class:`EdgeoodError` if a package is missing.
    """
    os.environ.setdefault("KERAS_BACKEND", "torch")
    # QKeras imports TensorFlow where it finds it; these keep it from writing on the terminal.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    try:
        with _silent_stderr():
            import keras
            import qkeras
    except ImportError as error:
        raise EdgeoodError(
            f"quantized networks need the package '{error.name}'; install `edgeood[quantize]`."
        ) from error
    return keras, qkeras


class _silent_stderr:
    """Keep what C++ writes to standard error while TensorFlow loads off the terminal."""

    def __enter__(self) -> None:
        sys.stderr.flush()
        self._saved = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)

    def __exit__(self, *_: object) -> None:
        sys.stderr.flush()
        os.dup2(self._saved, 2)
        os.close(self._saved)
