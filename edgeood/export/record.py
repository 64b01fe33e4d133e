"""``score.json``: what was exported of a run's score, what it was made from, and with which settings."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeood.checksums import sha256_of
from edgeood.errors import EdgeoodError
from edgeood.export.targets import TARGETS
from edgeood.files.reading import read_json
from edgeood.files.recovery import recover
from edgeood.files.seal import check_artefact, check_seal, digest_of, sealed, sum_up
from edgeood.resources import is_released
from edgeood.run import Run
from edgeood.version import __version__

if TYPE_CHECKING:
    from edgeood.scores.fused.network import FusedNetwork

RECORD = "score.json"
_KEYS = ("score", "threshold", "inputs", "classes", "made_from", "artefacts")
_OF_RECIPE = ("inputs", "network", "quantization")
"""Sections of a recipe that decide what an export computes; the classes as well."""


def origin(run: Run) -> dict[str, str]:
    """Checksums of what an export is made from, each file the one that the run has recorded."""
    recipe = run.manifest["recipe"]
    computed = {name: recipe.get(name) for name in _OF_RECIPE} | {"classes": list(recipe["data"]["classes"])}
    return {
        "network": sha256_of(run.checked(run.network_file.name)),
        "scores": sha256_of(run.checked("scores.npz")),
        "recipe": digest_of(computed),
    }


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
    """The same of a quantized run, with its integers: ``integer > threshold_integer`` selects a jet.

    If the decision is a mass-blind one, ``integer > thresholds[mass word]`` does.
    """
    types = {
        name: {"bits": one.bits, "integer": one.integer, "signed": one.signed}
        for name, one in network.score.types().items()
    }
    about = {
        **description(run, network.score.name, network.threshold),
        "step": network.step,
        "threshold_integer": network.threshold_integer,
        "types": types,
    }
    if network.decision is not None:
        mass = network.decision.mass_type
        about["decision"] = {
            "background_efficiency": network.decision.background_efficiency,
            "mass_type": {"bits": mass.bits, "integer": mass.integer, "signed": mass.signed},
            "thresholds": network.decision.thresholds.tolist(),
        }
    return about


def read_record(run: Run, score: str) -> dict[str, Any]:
    """What ``score.json`` says about an exported score.

    Raises :class:`EdgeoodError` if nothing was exported, or only from another network or fit, or if the file is
    damaged or was changed by another hand.
    """
    folder = run.export_folder(score)
    file = folder / RECORD
    recover(folder)
    again = f"run `edgeood export {run.path} --score {score}{_elsewhere(run)}`"
    if not file.is_file():
        raise EdgeoodError(f"{run.path} has no exported score '{score}'; {again}.")
    record = read_json(file, f"{again} again.", _KEYS)
    check_seal(record, file, f"{again} again.")
    made_from, artefacts = record["made_from"], record["artefacts"]
    now = origin(run)
    # Release 0.1 recorded fewer of them.
    if (
        not isinstance(made_from, dict)
        or not made_from
        or made_from != {key: now.get(key) for key in made_from}
    ):
        raise EdgeoodError(f"{folder} was exported from another network or fit; {again} again.")
    if not isinstance(artefacts, dict) or not all(isinstance(one, dict) for one in artefacts.values()):
        raise EdgeoodError(f"{file} has no proper list of artefacts; {again} again.")
    fitted = float(run.score_parameters(score)["threshold"])
    if record["score"] != score or _plain(record["threshold"]) != _plain(fitted):
        raise EdgeoodError(f"{file} has another score or threshold than its run; {again} again.")
    return record


def exported(run: Run, score: str, target: str) -> Path:
    """The artefact of an earlier export.

    Raises :class:`EdgeoodError` if it is missing, was made from another network or fit, or is not what was exported.
    """
    path = run.export_folder(score) / TARGETS[target].artefact
    again = f"run `edgeood export {run.path} --target {target} --score {score}{_elsewhere(run)}`"
    # A folder may stand aside, after an export that was killed.
    recover(path.parent)
    if not path.exists() or target not in (artefacts := read_record(run, score)["artefacts"]):
        raise EdgeoodError(f"{run.path} has no {target} export of '{score}'; {again}.")
    recorded = artefacts[target].get("sha256") or run.recorded_sha256(path.relative_to(run.path).as_posix())
    check_artefact(path, recorded, f"{again} again.")
    return path


def _elsewhere(run: Run) -> str:
    """What the command that exports a released detector needs besides: its copy is what is then used."""
    return " -o COPY" if is_released(run.path) else ""


def same_as_recorded(
    record: Mapping[str, Any],
    about: Mapping[str, Any],
    path: Path,
    where: str = f"{RECORD} beside it",
    remedy: str = "export it again.",
) -> None:
    """Raise :class:`EdgeoodError` unless an artefact says of itself what ``score.json``, or a card, says of it."""
    for key in ("score", "threshold", "step", "threshold_integer", "inputs", "decision"):
        if _plain(about.get(key)) != _plain(record.get(key)):
            raise EdgeoodError(
                f"{path} has another {key} ({about.get(key)}) than {where} ({record.get(key)}); {remedy}"
            )


def _plain(value: Any) -> str:
    """Plain JSON by which values are compared, NaN with NaN."""
    return json.dumps(value, sort_keys=True)


def write_record(
    run: Run, about: Mapping[str, Any], written: Mapping[str, Mapping[str, Any]], folder: Path
) -> None:
    """Write ``score.json`` into ``folder``, where the new artefacts lie: target → what is remembered of it.

    Artefacts of earlier exports that were made from the same are remembered as before.
    """
    artefacts: dict[str, Any] = {}
    if (run.export_folder(about["score"]) / RECORD).is_file():
        # Of another network, or damaged: nothing that it says is kept.
        with suppress(EdgeoodError):
            artefacts = read_record(run, about["score"])["artefacts"]
    new = {
        target: {**remembered, "sha256": sum_up(folder / TARGETS[target].artefact)}
        for target, remembered in written.items()
    }
    record = {**about, "made_from": origin(run), "artefacts": {**artefacts, **new}}
    # Sealed as it will be read: with its keys in order.
    ordered = sealed(json.loads(json.dumps(record, sort_keys=True)))
    text = json.dumps(ordered, indent=1, sort_keys=True)
    (folder / RECORD).write_text(text + "\n", encoding="utf-8")
