"""What a container must hold to be a file of a data set."""

from collections.abc import Container
from pathlib import Path

from edgeood.errors import EdgeoodError


def require(path: Path, container: Container[str], names: tuple[str, ...]) -> None:
    """Raise :class:`EdgeoodError` unless a file's ``container`` has all ``names``."""
    for name in names:
        if name not in container:
            raise EdgeoodError(f"{path} has no '{name}'; choose a file of this data set.")
