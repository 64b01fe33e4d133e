"""Run → artefact: the network with its fused score as QONNX, ONNX or an HLS project.

========  ==========================  =========================================================
target    in ``RUN/export/<score>/``  for
========  ==========================  =========================================================
qonnx     ``score.qonnx.onnx``        interchange: every other target of a quantized run comes from it
onnx      ``score.onnx``              ONNX Runtime (quantized runs: exact to the last bit)
vitis     ``vitis/``                  hls4ml project for Vitis HLS, C-simulated with g++ alone
vivado    ``vivado/``                 the same for Vivado HLS
quartus   ``quartus/``                the same for Intel HLS
catapult  ``catapult/``               the same for Catapult
verilog   ``verilog/``                RTL of a ParticleNet-lite, with a test bench for Verilator
emulator  ``emulator/``               shared library with the Vitis project's bits, for C, C++, Python and CMSSW
========  ==========================  =========================================================

Beside them lie ``score.json``, the score's types, step, threshold, the checksums of what it was made from and of each
artefact, and the settings that this was made with, and ``ranges.json``, the proof that no number of the network or the
score can leave its type, whatever the input. An export changes all of them or, if it fails, none.
"""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from edgeood.errors import EdgeoodError
from edgeood.export.targets import TARGETS, Order
from edgeood.files.locks import locked
from edgeood.files.output import check_writable
from edgeood.files.together import replace_together
from edgeood.suggestions import suggestion

# The command line reads the table of targets: nothing heavy is imported before it is needed.
if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeood.run import Run

__all__ = ["TARGETS", "to"]


def to(
    run: "Run",
    target: str,
    *,
    score: str | None = None,
    changes: Sequence[str] = (),
    test_vectors: "NDArray[Any] | None" = None,
    version: int | str = 1,
) -> Path:
    """Export a run's network with a fused score; returns the file or folder.

    Parameters
    ----------
    target : a key of :data:`TARGETS`
    score : ``max_logit`` or ``mahalanobis_diagonal`` (float runs also ``mahalanobis``); default: the recipe's
    changes : assignments such as ``target.clock_ns=2.5``: how this export is operated, in place of the recipe's
        section ``target``; what was used is recorded with the artefact
    test_vectors : (n, …) network inputs that the HLS test bench gets with their expected scores;
        default: a few random ones
    version : of an emulator, whose symbols carry it

    Raises :class:`EdgeoodError` for an unknown target or score, a score or target that the run cannot have, a change
    of what was trained, or a conversion that fails.
    """
    if target not in TARGETS:
        remedy = suggestion(target, TARGETS, f"choose one of {', '.join(TARGETS)}.")
        raise EdgeoodError(f"there is no export target '{target}'; {remedy}")
    from edgeood.recipe import ScoreName
    from edgeood.recipe.operation import operated

    recipe = operated(run.recipe, changes)
    chosen = score or recipe.score.kind
    exportable = [name for name in run.load_scores() if name in get_args(ScoreName)]
    if chosen not in exportable:
        remedy = suggestion(chosen, exportable, f"choose one of {', '.join(exportable)}.")
        raise EdgeoodError(f"{run.path} has no score to export of the name '{chosen}'; {remedy}")
    if not run.quantized and target != "onnx":
        raise EdgeoodError(
            f"{run.path} is a float run, which exports to onnx only; train its quantized twin."
        )
    folder = run.export_folder(chosen)
    path = folder / TARGETS[target].artefact
    check_writable(folder)
    try:
        with locked(folder, "export"), replace_together(folder, last="score.json") as new:
            if not run.quantized:
                _float_onnx(run, chosen, new)
                return path
            from edgeood.export.record import fused_description, write_record
            from edgeood.scores.fused.network import fused_network
            from edgeood.scores.fused.proof import prove

            network = fused_network(run, chosen)
            proof = json.dumps(prove(network), indent=1) + "\n"
            about = fused_description(run, network)
            log = folder / "hls4ml.log"
            order = Order(
                network, recipe.name, about, recipe.target, new, log, {}, test_vectors, str(version)
            )
            written: dict[str, dict[str, Any]] = {}
            _write(target, order, written)
            (new / "ranges.json").write_text(proof, encoding="utf-8")
            write_record(run, about, written, new)
    except ImportError as error:
        raise EdgeoodError(
            f"exports need the package '{error.name}'; install `edgeood[firmware]`."
        ) from error
    return path


def _write(target: str, order: Order, written: dict[str, dict[str, Any]]) -> None:
    """Write an artefact, after those that it needs, and add to ``written`` what is remembered of them."""
    for needed in TARGETS[target].needs:
        _write(needed, order, written)
    path = order.folder / TARGETS[target].artefact
    written[target] = TARGETS[target].load()(dataclasses.replace(order, artefacts=dict(written)), path)


def _float_onnx(run: "Run", score: str, folder: Path) -> None:
    from edgeood.export.onnx.artefacts import write_float_onnx
    from edgeood.export.record import description, write_record

    parameters = run.score_parameters(score)
    about = description(run, score, float(parameters["threshold"]))
    write_float_onnx(run, score, parameters, about, folder / TARGETS["onnx"].artefact)
    write_record(run, about, {"onnx": {}}, folder)
