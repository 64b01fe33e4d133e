"""``score.json``: what was exported of a run's score, what it was made from, and with which settings."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeood.atomic import write_text
from edgeood.checksums import sha256_of
from edgeood.errors import EdgeoodError
from edgeood.export.targets import TARGETS
from edgeood.run import Run
from edgeood.version import __version__

if TYPE_CHECKING:
    from edgeood.scores.fused.network import FusedNetwork

RECORD = "score.json"


def origin(run: Run) -> dict[str, str]:
    """Checksums of what an export is made from."""
    return {"network": sha256_of(run.network_file), "scores": sha256_of(run.path / "scores.npz")}


def description(run: Run, score: str, threshold: float) -> dict[str, Any]:
    """What a consumer of any artefact must know, as plain JSON."""
    recipe = run.manifest["recipe"]
    return {
        "score": score,
        "threshold": threshold,
        "inputs": recipe["inputs"],
        "classes": list(recipe["data"]["classes"]),
        "edgeood": __version__,
    }


def fused_description(run: Run, network: "FusedNetwork") -> dict[str, Any]:
    """The same of a quantized run, with its integers: ``integer > threshold_integer`` selects a jet."""
    types = {
        name: {"bits": one.bits, "integer": one.integer, "signed": one.signed}
        for name, one in network.score.types().items()
    }
    return {
        **description(run, network.score.name, network.threshold),
        "step": network.step,
        "threshold_integer": network.threshold_integer,
        "types": types,
    }


def read_record(run: Run, score: str) -> dict[str, Any]:
    """What ``score.json`` says about an exported score.

    Raises :class:`EdgeoodError` if nothing was exported, or only from another network or fit.
    """
    file = run.export_folder(score) / RECORD
    if not file.is_file():
        raise EdgeoodError(
            f"{run.path} has no exported score '{score}'; run `edgeood export {run.path} --score {score}`."
        )
    record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if record["made_from"] != origin(run):
        raise EdgeoodError(
            f"{file.parent} was exported from another network or fit; run `edgeood export {run.path} --score {score}` "
            "again."
        )
    return record


def exported(run: Run, score: str, target: str) -> Path:
    """The artefact of an earlier export.

    Raises :class:`EdgeoodError` if it is missing or was made from another network or fit.
    """
    path = run.export_folder(score) / TARGETS[target].artefact
    if not path.exists() or target not in read_record(run, score)["artefacts"]:
        raise EdgeoodError(
            f"{run.path} has no {target} export of '{score}'; run `edgeood export {run.path} --target {target} "
            f"--score {score}`."
        )
    return path


def remember(run: Run, about: Mapping[str, Any], target: str, artefact: Mapping[str, Any]) -> None:
    """Write ``score.json`` with one more artefact, keeping the others of the same origin."""
    file = run.export_folder(about["score"]) / RECORD
    made_from, artefacts = origin(run), {}
    if file.is_file():
        before = json.loads(file.read_text(encoding="utf-8"))
        if before["made_from"] == made_from:
            artefacts = before["artefacts"]
    record = {**about, "made_from": made_from, "artefacts": {**artefacts, target: dict(artefact)}}
    write_text(file, json.dumps(record, indent=1, sort_keys=True) + "\n")
