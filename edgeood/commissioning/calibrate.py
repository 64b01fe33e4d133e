"""Choose a twin's working points on background jets: one threshold, and thresholds in mass, in the chip's integers.

Calibrating changes no weight: it is how a detector is operated, not what was trained. The last working point is
replaced, and exports of it are refused from then on.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.checksums import sha256_of
from edgeood.errors import EdgeoodError
from edgeood.evaluation.selection import unknown_to
from edgeood.files.locks import locked
from edgeood.files.output import check_writable
from edgeood.inputs import inputs_of
from edgeood.jets.domain import Outside
from edgeood.jets.format import Jets, iterate_jets
from edgeood.jets.split import VALIDATION
from edgeood.networks.build import outputs_of
from edgeood.networks.load import load_network
from edgeood.recipe import Recipe
from edgeood.recipe.operation import with_working_point
from edgeood.run import Parameters, Run
from edgeood.scores import load_score
from edgeood.scores.fused import FusedScore, firmware_score
from edgeood.scores.fused.mass_blind import MASS_TYPE, Tables
from edgeood.scores.fused.threshold_table import fit_threshold_table
from edgeood.scores.working_point import check_jets_for, threshold_for
from edgeood.training.known_jets import jet_paths, split_jets
from edgeood.training.sealing import close_again

_BATCH = 4096


def calibrate(
    run: Run | str | Path,
    jets: Sequence[str | Path] | None = None,
    efficiencies: Sequence[float] = (0.01,),
    *,
    unseen: bool = False,
    seed: int = 1,
) -> dict[str, Any]:
    """Fit every threshold of a quantized run anew; at most the stated share of these background jets passes each.

    Parameters
    ----------
    run : a run or its directory
    jets : jet files or folders (default: those of the run's recipe); of the background's classes, the jets that the
        recipe's split keeps for validation
    efficiencies : of the background, one or several; the first becomes the run's working point, the others are measured
        by ``evaluate`` as well
    unseen : files that the run was not trained on hold no jets that it knows: all of theirs count
    seed : of the cross-validation and the errors

    Returns ``jets``, their number, and ``scores`` → fused score → efficiency → ``threshold_integer`` for all masses,
    and of the thresholds in mass the ``groups`` of each curve and the median ``error`` in steps. Raises
    :class:`EdgeoodError` for a float run or too few jets.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    recipe = run.recipe
    if not run.quantized:
        raise EdgeoodError(
            f"{run.path} is a float run, which no chip computes; calibrate its quantized twin."
        )
    for efficiency in efficiencies:
        with_working_point(recipe, efficiency)
    if not efficiencies or len(set(efficiencies)) < len(efficiencies):
        raise EdgeoodError("name at least one background efficiency, and each only once.")
    check_writable(run.path)
    run.check_files()
    files = jet_paths(recipe, jets)
    digests = {path: sha256_of(path) for path in files}
    parameters = run.load_scores()
    fresh = unknown_to(run.manifest["data"], digests) if unseen else set()
    values, mass = _background_scores(run, recipe, parameters, files, fresh)
    for efficiency in efficiencies:
        check_jets_for(efficiency, len(mass))
    report: dict[str, Any] = {"jets": len(mass), "scores": {}}
    fitted: Parameters = {}
    for name, own in parameters.items():
        fused = firmware_score(recipe, name, own)
        fitted[name] = {**own, "threshold": np.array(threshold_for(values[name], efficiencies[0]))}
        if fused is not None:
            integers = np.rint(values[name] / fused.step).astype(np.int64)
            thresholds, report["scores"][name] = _in_mass(fused, integers, mass, efficiencies, seed)
            # The arithmetic stays, whatever the working point becomes.
            design = own.get("design_threshold", own["threshold"])
            fitted[name] |= {**thresholds, "design_threshold": np.asarray(design)}
    calibration = {
        "files": {path.name: digest for path, digest in digests.items()},
        "unseen": unseen,
        "jets": len(mass),
        "efficiencies": list(efficiencies),
    }
    operated = with_working_point(recipe, efficiencies[0])
    with locked(run.path, "calibration"):
        close_again(run, operated, fitted, calibration=calibration)
    return report


def _in_mass(
    fused: FusedScore,
    integers: NDArray[np.int64],
    mass: NDArray[np.float32],
    efficiencies: Sequence[float],
    seed: int,
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The tables of one fused score, as parameters, and what to tell of them."""
    words = MASS_TYPE.to_integers(mass)
    fits = [
        fit_threshold_table(integers, words, efficiency, MASS_TYPE, fused.score_type, seed)
        for efficiency in efficiencies
    ]
    tables = Tables(MASS_TYPE, tuple(efficiencies), np.stack([fit.thresholds for fit in fits]))
    # Where jets are, not where the table only goes on.
    seen = np.unique(words)
    told = {
        f"{efficiency:g}": {
            "threshold_integer": int(threshold_for(integers, efficiency)),
            "groups": list(fit.groups),
            "error": float(np.median(fit.errors[seen])),
        }
        for efficiency, fit in zip(efficiencies, fits, strict=True)
    }
    return tables.parameters(), told


def _background_scores(
    run: Run, recipe: Recipe, parameters: Parameters, files: Sequence[Path], unseen: Collection[Path]
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float32]]:
    """Score → (N,) values, and (N,) masses in GeV, of the background's jets; read as a stream."""
    network, settings, who = load_network(run), recipe.inputs.model_dump(), f"run {run.path}"
    scores = {
        name: firmware_score(recipe, name, own) or load_score(name, own) for name, own in parameters.items()
    }
    outside = Outside(run.domain)
    values: dict[str, list[NDArray[np.float64]]] = {name: [] for name in scores}
    masses = []
    for jets in _background(recipe, files, unseen):
        outside.count(jets)
        outputs = outputs_of(network, inputs_of(jets, settings, who))
        for name, score in scores.items():
            values[name].append(score(outputs.representation, outputs.logits))
        masses.append(jets.jets["mass"].astype(np.float32))
    if not masses:
        needed = ", ".join(recipe.data.classes[recipe.data.background])
        raise EdgeoodError(f"the files hold no jets of the background ({needed}) to calibrate on; give some.")
    outside.warn(who)
    return {name: np.concatenate(parts) for name, parts in values.items()}, np.concatenate(masses)


def _background(recipe: Recipe, files: Sequence[Path], unseen: Collection[Path]) -> Iterator[Jets]:
    """The background's jets, a batch at a time: of validation, or all of a file that was in no training."""
    members = recipe.data.classes[recipe.data.background]
    for file in files:
        for jets in iterate_jets([file], _BATCH):
            chosen = np.isin(jets.process_names, members)
            if file not in unseen:
                chosen &= split_jets(jets, recipe.data) == VALIDATION
            if chosen.any():
                yield jets[chosen]
