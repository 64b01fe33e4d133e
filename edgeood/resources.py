"""Where the files that travel with the package lie: HLS headers, shipped recipes, released detectors."""

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
