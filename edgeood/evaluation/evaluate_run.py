"""``edgeood evaluate``: a run on jets it was never trained on → metrics, tables and figures."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from edgeood.checksums import sha256_of
from edgeood.errors import EdgeoodError
from edgeood.evaluation.held_out import held_out_jets, score_held_out
from edgeood.evaluation.mass.decision import evaluate_decisions
from edgeood.evaluation.mass.decorrelation import markdown_report, mass_decorrelation
from edgeood.evaluation.mass.flattening import flattened
from edgeood.evaluation.run_figures import save_figures
from edgeood.evaluation.sample_size import check_sample
from edgeood.evaluation.score_metrics import evaluate_scores
from edgeood.evaluation.selection import unknown_to
from edgeood.evaluation.tables import markdown_table
from edgeood.files.atomic import write_text
from edgeood.files.locks import locked
from edgeood.files.output import check_writable
from edgeood.files.together import replace_together
from edgeood.jets.domain import Outside
from edgeood.recipe import ScoreName
from edgeood.run import Run
from edgeood.training.known_jets import jet_paths


def evaluate(
    run: Run | str | Path,
    jets: Sequence[str | Path] | None = None,
    *,
    unseen: bool = False,
    plots: bool = True,
    seed: int = 1,
) -> dict[str, Any]:
    """Measure a run on held-out jets; write numbers, tables and figures to the run's folder ``evaluation/``.

    ``metrics.json`` and ``metrics.md`` hold every number (:func:`~edgeood.evaluation.score_metrics.evaluate_scores`; of
    a calibrated twin also ``decisions``, :func:`~edgeood.evaluation.mass.decision.evaluate_decisions`), of every score
    as it is and of those that firmware may compute also flattened in mass,
    ``mass_decorrelation.json`` and ``.md`` what the scores know of mass
    (:func:`~edgeood.evaluation.mass.decorrelation.mass_decorrelation`); the figures are listed in
    :func:`~edgeood.evaluation.run_figures.save_figures`. All of them change, or after an error none.

    Parameters
    ----------
    run : a run or its directory
    jets : jet files or folders (default: those of the run's recipe); jets of known classes count only if
        the recipe's split holds them out
    unseen : files that the run was not trained on hold no jets that it knows: all of theirs count
    seed : of the bootstrap

    Returns the contents of ``metrics.json``. Raises :class:`EdgeoodError` if there are too few jets
    (:func:`~edgeood.evaluation.sample_size.check_sample`) or thresholds were fitted on ``unseen`` ones;
    warns
    (:class:`~edgeood.errors.OutsideDomainWarning`) if the background is other than the run is made for.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    recipe = run.recipe
    folder = run.path / "evaluation"
    check_writable(folder)
    files = jet_paths(recipe, jets)
    chosen = held_out_jets(recipe, files, _unseen(run, files) if unseen else ())
    check_sample(
        chosen.process_names,
        recipe.data.classes[recipe.data.background],
        recipe.data.signals,
        recipe.data.classes,
    )
    held_out = score_held_out(run, chosen)
    # Signals may be anywhere; thresholds and errors are about the background.
    outside = Outside(run.domain)
    outside.count(chosen[np.isin(chosen.process_names, recipe.data.classes[recipe.data.background])])
    outside.warn(f"run {run.path}")
    mass = held_out.jets.jets["mass"]
    background = np.isin(held_out.jets.process_names, recipe.data.classes[recipe.data.background])
    within_mass = flattened(held_out.scores, get_args(ScoreName), mass, background)
    metrics = evaluate_scores(
        held_out.scores | within_mass,
        mass,
        held_out.jets.process_names,
        background=recipe.data.classes[recipe.data.background],
        signals=recipe.data.signals,
        classes=recipe.data.classes,
        thresholds=held_out.thresholds,
        background_efficiency=recipe.score.background_efficiency,
        seed=seed,
    )
    if decisions := evaluate_decisions(run, held_out, seed):
        metrics["decisions"] = decisions
    report = mass_decorrelation(
        metrics,
        {name: score[background] for name, score in (held_out.scores | within_mass).items()},
        mass[background],
    )
    texts = {
        "metrics.md": markdown_table(metrics),
        "mass_decorrelation.json": json.dumps(report, indent=1) + "\n",
        "mass_decorrelation.md": markdown_report(report),
        "metrics.json": json.dumps(metrics, indent=1) + "\n",
    }
    with locked(folder, "evaluation"), replace_together(folder, last="metrics.json") as new:
        for name, text in texts.items():
            write_text(new / name, text)
        if plots:
            save_figures(run, held_out, new)
    return metrics


def _unseen(run: Run, files: Sequence[Path]) -> set[Path]:
    """The files that were in no training.

    Raises :class:`EdgeoodError` if thresholds were fitted on all background jets of one.
    """
    digests = {file: sha256_of(file) for file in files}
    unseen = unknown_to(run.manifest["data"], digests)
    calibration = run.manifest.get("calibration", {})
    if calibration.get("unseen"):
        uncalibrated = unknown_to(calibration["files"], digests)
        if known := [file for file in files if file in unseen - uncalibrated]:
            raise EdgeoodError(
                f"{known[0]} holds the jets that the thresholds of {run.path} were fitted on; give others."
            )
    return unseen
