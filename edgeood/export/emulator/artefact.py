"""The emulator as an export target."""

from pathlib import Path
from typing import Any

from edgeood.export.emulator.build import write_emulator
from edgeood.export.targets import TARGETS, Order


def write_emulator_artefact(order: Order, path: Path) -> dict[str, Any]:
    """The emulator of the Vitis project that was exported just before."""
    project = order.folder / TARGETS["vitis"].artefact
    record = {**order.about, "artefacts": order.artefacts}
    emulator = write_emulator(project, record, order.version, path)
    return {**emulator, "target": order.artefacts["vitis"]["target"]}
