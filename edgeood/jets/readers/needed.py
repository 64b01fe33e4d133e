"""Packages that only some formats need."""

import importlib
from pathlib import Path
from typing import Any

from edgeood.errors import EdgeoodError


class MissingPackageError(EdgeoodError):
    """A file cannot be read, nor told from others, before a package is installed."""


def needed(path: Path, module: str) -> Any:
    """Import a package of the extra ``formats``. Raises :class:`MissingPackageError` if it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = (error.name or module).partition(".")[0]
        raise MissingPackageError(
            f"{path} needs the package '{package}'; `pip install 'edgeood[formats]'`."
        ) from error
