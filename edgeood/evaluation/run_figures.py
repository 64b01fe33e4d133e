"""Every figure of a run's evaluation."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.evaluation import figures
from edgeood.evaluation.detection import FEWEST_BACKGROUND
from edgeood.evaluation.held_out import HeldOut
from edgeood.evaluation.labels import score_label
from edgeood.evaluation.mass.decision import passing, run_tables
from edgeood.recipe import Data
from edgeood.run import Run


def save_figures(run: Run, held_out: HeldOut, folder: Path) -> list[Path]:
    """Draw all figures of a run into ``folder``, as PNG and PDF, and return the files.

    For each signal ``roc_…`` and ``sic_…``; for each score ``score_…``, ``mass_…`` and ``profile_…``, and for each
    working point that a twin was calibrated for ``decision_<score>_<background efficiency>``; of the network
    ``representation`` (if it has two dimensions), ``simplex`` (if it knows three classes) and ``training`` (if the run
    has its history).
    """
    data = run.recipe.data
    names = held_out.jets.process_names
    groups = {name: np.isin(names, members) for name, members in (data.classes | data.signals).items()}
    known = {name: groups[name] for name in data.classes}
    background = groups[data.background]
    drawn: list[Path] = []
    for signal in data.signals:
        pairs = {name: (score[background], score[groups[signal]]) for name, score in held_out.scores.items()}
        for stem, draw in (("roc", figures.roc_figure), ("sic", figures.sic_figure)):
            figure = draw(pairs, signal=signal, background=data.background)
            drawn += figures.save_figure(figure, folder / f"{stem}_{signal}")
    mass = held_out.jets.jets["mass"]
    for name, score in held_out.scores.items():
        own = {
            "score": figures.score_figure(
                {group: score[chosen] for group, chosen in groups.items()},
                score=name,
                threshold=held_out.thresholds[name],
            ),
            "mass": figures.sculpting_figure(
                score[background], mass[background], score=name, background=data.background
            ),
            "profile": figures.score_mass_profile_figure(
                {group: (score[chosen], mass[chosen]) for group, chosen in known.items()},
                score=name,
                background=data.background,
            ),
        }
        for stem, figure in own.items():
            drawn += figures.save_figure(figure, folder / f"{stem}_{name}")
    for name, (chosen, about) in _decisions(run, held_out, background).items():
        figure = figures.decision_figure(mass[background], chosen, title=about, background=data.background)
        drawn += figures.save_figure(figure, folder / f"decision_{name}")
    representation, logits = held_out.outputs.representation, held_out.outputs.logits
    if representation.shape[1] >= 2:
        points = {name: representation[chosen] for name, chosen in groups.items()}
        figure = figures.representation_figure(points, known=list(known))
        drawn += figures.save_figure(figure, folder / "representation")
    if logits.shape[1] == 3:
        corners, probabilities = _probabilities(logits, data)
        panels = {name: probabilities[chosen] for name, chosen in groups.items()}
        drawn += figures.save_figure(figures.simplex_figure(panels, classes=corners), folder / "simplex")
    history = run.path / "metrics.csv"
    if history.is_file():
        figure = figures.training_figure(figures.read_history(history))
        drawn += figures.save_figure(figure, folder / "training")
    return drawn


def _decisions(
    run: Run, held_out: HeldOut, background: NDArray[np.bool_]
) -> dict[str, tuple[dict[str, NDArray[np.bool_]], str]]:
    """Score and working point → the background jets that pass, by one threshold and by the mass-blind ones; a title."""
    found = {}
    for name, step_and_tables in run_tables(run).items():
        for efficiency in step_and_tables[1].efficiencies:
            passed = passing(held_out, name, *step_and_tables, efficiency, background)
            blind = passed["mass_blind"][background]
            if blind.sum() < FEWEST_BACKGROUND:
                continue
            chosen = {
                "one threshold": passed["one_threshold"][background],
                "a threshold for each mass": blind,
            }
            found[f"{name}_{efficiency:g}"] = chosen, f"{score_label(name)} at {100 * efficiency:g} %"
    return found


def _probabilities(logits: NDArray[Any], data: Data) -> tuple[list[str], NDArray[np.float64]]:
    """Names of the classes, the background first, and their softmax probabilities (N, K) in that order."""
    classes = list(data.classes)
    corners = [data.background, *(name for name in classes if name != data.background)]
    ordered = np.asarray(logits, np.float64)[:, [classes.index(name) for name in corners]]
    return corners, np.exp(ordered - np.logaddexp.reduce(ordered, axis=1, keepdims=True))
