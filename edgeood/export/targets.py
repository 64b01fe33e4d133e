"""Export targets: what each is called on disk, and who writes it. A new one is a module and a line here."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeood.recipe import Target
    from edgeood.scores.fused.network import FusedNetwork


@dataclass(frozen=True)
class Order:
    """What a target's writer gets."""

    network: "FusedNetwork"
    name: str
    """the recipe's"""
    about: Mapping[str, Any]
    """what a consumer must know (:func:`edgeood.export.record.fused_description`)"""
    hardware: "Target"
    """part, clock, interface"""
    folder: Path
    """where all that is written by this export lies until it is whole"""
    log: Path
    """of the converter, which stays whatever becomes of the export"""
    artefacts: Mapping[str, Mapping[str, Any]]
    """what the writers of the targets that this one needs returned"""
    vectors: "NDArray[Any] | None" = None
    """(n, …) network inputs for a test bench; default: a few random ones"""
    version: str = "1"
    """of an emulator"""


Writer = Callable[[Order, Path], dict[str, Any]]
"""Writes an artefact to a path that does not exist yet; returns what ``score.json`` keeps of it, as plain JSON."""


class ExportTarget(NamedTuple):
    """What can be asked for: an artefact, and how it is written."""

    artefact: str
    """file or folder in ``RUN/export/<score>/``"""
    writer: str
    """``module:function``, a :data:`Writer`; imported when it is used"""
    needs: tuple[str, ...] = ()
    """targets that are exported first"""

    def load(self) -> Writer:
        """The writer itself."""
        module, name = self.writer.split(":")
        writer: Writer = getattr(importlib.import_module(module), name)
        return writer


TARGETS = {
    "qonnx": ExportTarget("score.qonnx.onnx", "edgeood.export.onnx.artefacts:write_qonnx"),
    "onnx": ExportTarget("score.onnx", "edgeood.export.onnx.artefacts:write_onnx"),
    "vitis": ExportTarget("vitis", "edgeood.export.hls.artefacts:write_vitis"),
    "vivado": ExportTarget("vivado", "edgeood.export.hls.artefacts:write_vivado"),
    "quartus": ExportTarget("quartus", "edgeood.export.hls.artefacts:write_quartus"),
    "catapult": ExportTarget("catapult", "edgeood.export.hls.artefacts:write_catapult"),
    "verilog": ExportTarget("verilog", "edgeood.export.verilog.artefact:write_verilog"),
    "emulator": ExportTarget(
        "emulator", "edgeood.export.emulator.artefact:write_emulator_artefact", needs=("vitis",)
    ),
}
