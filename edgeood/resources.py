"""Where the files that travel with the package lie: HLS headers, shipped recipes, released detectors."""

import os
from pathlib import Path

_PACKAGED = Path(__file__).parent / "_resources"
_REPOSITORY = Path(__file__).parents[1]


def firmware_folder() -> Path:
    """Folder of the hand-written HLS headers (inside a wheel, or at the root of a checkout)."""
    packaged = _PACKAGED / "firmware"
    return packaged if packaged.is_dir() else _REPOSITORY / "firmware"


def recipes_folder() -> Path:
    """Folder of the shipped recipes (inside a wheel, or ``models/recipes`` of a checkout)."""
    packaged = _PACKAGED / "recipes"
    return packaged if packaged.is_dir() else _REPOSITORY / "models" / "recipes"


def released_folder() -> Path:
    """Folder of the released detectors (inside a wheel, or ``models/released`` of a checkout)."""
    packaged = _PACKAGED / "released"
    return packaged if packaged.is_dir() else _REPOSITORY / "models" / "released"


def is_released(folder: Path) -> bool:
    """Whether a folder is a released detector of the package, or lies in one: nothing is written there."""
    return Path(os.path.realpath(released_folder())) in Path(os.path.realpath(folder)).parents


def run_folder(named: str | os.PathLike[str]) -> Path:
    """The folder of a run: a path, or the name of a released detector where nothing of that name lies here."""
    path = Path(named)
    released = released_folder() / path
    by_name = len(path.parts) == 1 and not os.path.lexists(path) and (released / "card.json").is_file()
    return released if by_name else path
