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
emulator  ``emulator/``               shared library with the Vitis project's bits, for C, C++, Python and CMSSW
========  ==========================  =========================================================

Beside them lie ``score.json``, the score's types, step, threshold and the checksums of what it was made from, and
``ranges.json``, the proof that no number of the network or the score can leave its type, whatever the input.
"""

import difflib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from edgeood.atomic import atomic_path, write_text
from edgeood.errors import EdgeoodError
from edgeood.run import Run, sha256_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

ARTEFACTS = {
    "qonnx": "score.qonnx.onnx",
    "onnx": "score.onnx",
    "vitis": "vitis",
    "vivado": "vivado",
    "quartus": "quartus",
    "catapult": "catapult",
    "emulator": "emulator",
}
TARGETS = tuple(ARTEFACTS)


def to(
    run: Run,
    target: str,
    *,
    score: str | None = None,
    test_vectors: "NDArray | None" = None,
    version: int | str = 1,
) -> Path:
    """Export a run's network with a fused score; returns the file or folder.

    Parameters
    ----------
    target : one of :data:`TARGETS`
    score : ``max_logit`` or ``mahalanobis_diagonal`` (float runs also ``mahalanobis``); default: the recipe's
    test_vectors : (n, …) network inputs that the HLS test bench gets with their expected scores;
        default: a few random ones
    version : of an emulator, whose symbols carry it

    Raises :class:`EdgeoodError` for an unknown target or score, a score or target that the run cannot have, or
    a conversion that fails.
    """
    if target not in ARTEFACTS:
        close = difflib.get_close_matches(target, TARGETS, n=1)
        remedy = f"did you mean '{close[0]}'?" if close else f"choose one of {', '.join(TARGETS)}."
        raise EdgeoodError(f"there is no export target '{target}'; {remedy}")
    kind = score or run.manifest["recipe"]["score"]["kind"]
    from edgeood.recipe import ScoreName

    parameters = {name: own for name, own in run.load_scores().items() if name in get_args(ScoreName)}
    if kind not in parameters:
        close = difflib.get_close_matches(kind, list(parameters), n=1)
        remedy = f"did you mean '{close[0]}'?" if close else f"choose one of {', '.join(parameters)}."
        raise EdgeoodError(f"{run.path} has no score to export of the name '{kind}'; {remedy}")
    if not run.quantized and run.recipe.network.kind != "cnn":
        raise EdgeoodError(
            f"{run.path} holds a float network of kind '{run.recipe.network.kind}'; export a float 'cnn', or a "
            "quantized twin."
        )
    if not run.quantized and target != "onnx":
        raise EdgeoodError(
            f"{run.path} is a float run, which exports to onnx only; train its quantized twin."
        )
    try:
        from edgeood.export import artefacts
    except ImportError as error:
        raise EdgeoodError(
            f"exports need the package '{error.name}'; install `edgeood[firmware]`."
        ) from error

    folder = run.export_folder(kind)
    path = folder / ARTEFACTS[target]
    if not run.quantized:
        about = artefacts.float_description(run, kind, parameters[kind])
        artefacts.write_float_onnx(run, kind, parameters[kind], about, path)
    elif target == "emulator":
        about = _emulator(run, kind, path, test_vectors, version)
    else:
        about = artefacts.write_quantized(run, kind, parameters[kind], target, path, test_vectors)
    _merge(folder / "score.json", about)
    return path


def _emulator(
    run: Run, kind: str, path: Path, test_vectors: "NDArray | None", version: int | str
) -> dict[str, Any]:
    """Write the emulator of a Vitis project that is made for it; returns the content of ``score.json``."""
    from edgeood.export.emulator import write_emulator

    project = to(run, "vitis", score=kind, test_vectors=test_vectors)
    about = describe(run, kind)
    with atomic_path(path) as temporary:
        artefact = write_emulator(project, about, version, temporary)
    return {**about, "artefacts": {**about["artefacts"], "emulator": artefact}}


def describe(run: Run, score: str) -> dict[str, Any]:
    """What ``score.json`` says about an exported score.

    Raises :class:`EdgeoodError` if nothing was exported, or only from another network or fit.
    """
    file = run.export_folder(score) / "score.json"
    if not file.is_file():
        raise EdgeoodError(
            f"{run.path} has no exported score '{score}'; run `edgeood export {run.path} --score {score}`."
        )
    about = json.loads(file.read_text(encoding="utf-8"))
    if about["made_from"] != origin(run):
        raise EdgeoodError(
            f"{file.parent} was exported from another network or fit; run `edgeood export {run.path} --score {score}` "
            "again."
        )
    return about


def exported(run: Run, score: str, target: str) -> Path:
    """The artefact of an earlier export.

    Raises :class:`EdgeoodError` if it is missing or was made from another network or fit.
    """
    path = run.export_folder(score) / ARTEFACTS[target]
    if not path.exists() or target not in describe(run, score)["artefacts"]:
        raise EdgeoodError(
            f"{run.path} has no {target} export of '{score}'; run `edgeood export {run.path} --target {target} "
            f"--score {score}`."
        )
    return path


def origin(run: Run) -> dict[str, str]:
    """Checksums of what an export is made from."""
    return {"network": sha256_of(run.network_file), "scores": sha256_of(run.path / "scores.npz")}


def _merge(file: Path, about: dict[str, Any]) -> None:
    """Write ``score.json``, remembering the other artefacts of the same origin."""
    if file.is_file():
        before = json.loads(file.read_text(encoding="utf-8"))
        if before["made_from"] == about["made_from"]:
            about["artefacts"] = {**before["artefacts"], **about["artefacts"]}
    write_text(file, json.dumps(about, indent=1, sort_keys=True) + "\n")
