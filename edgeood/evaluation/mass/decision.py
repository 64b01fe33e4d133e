"""A calibrated twin's decisions on jets that no threshold was fitted on: what mass-blindness costs and brings."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.evaluation.detection import FEWEST_BACKGROUND
from edgeood.evaluation.held_out import HeldOut
from edgeood.evaluation.mass.sculpting import mass_sculpting, mass_sculpting_errors, sculpting_noise
from edgeood.run import Run
from edgeood.scores.fused import firmware_score
from edgeood.scores.fused.mass_blind import Tables, tables_of

REPLICAS = 100


def run_tables(run: Run) -> dict[str, tuple[float, Tables]]:
    """Fused score → its step and its tables of thresholds, if the run was calibrated."""
    found: dict[str, tuple[float, Tables]] = {}
    for name, parameters in run.load_scores().items() if run.quantized else ():
        fused = firmware_score(run.recipe, name, parameters)
        if fused and (tables := tables_of(parameters, fused.score_type)):
            found[name] = fused.step, tables
    return found


def evaluate_decisions(run: Run, held_out: HeldOut, seed: int = 1) -> dict[str, Any]:
    """Score → ε_B, as calibrated → what the mass-blind decision does, beside one threshold at the same ε_B.

    Both, ``mass_blind`` and ``one_threshold``, have ``background`` (the share that passes), ``sculpting`` (``jsd``,
    ``js_distance``, ``wasserstein_gev``, ``wasserstein1_gev``) and ``signals`` → signal → ``efficiency`` and ``sic``
    (ε_S / √ε_B); all are pairs [value, standard error]. ``sculpting_noise`` has ``mean`` and ``q95`` of decisions that
    know nothing of mass and pass as many jets. A working point that leaves fewer than
    :data:`~edgeood.evaluation.detection.FEWEST_BACKGROUND` background jets is left out.
    """
    data, names = run.recipe.data, held_out.jets.process_names
    background = np.isin(names, data.classes[data.background])
    signals = {name: np.isin(names, members) for name, members in data.signals.items()}
    mass = held_out.jets.jets["mass"].astype(np.float64)
    report: dict[str, Any] = {}
    for name, (step, tables) in run_tables(run).items():
        score = held_out.scores[name]
        for efficiency in tables.efficiencies:
            passed = passing(held_out, name, step, tables, efficiency, background)
            blind, one = passed["mass_blind"], passed["one_threshold"]
            if blind[background].sum() < FEWEST_BACKGROUND:
                continue
            share = float(blind[background].mean())
            noise = sculpting_noise(mass[background], share, REPLICAS, seed)
            report.setdefault(name, {})[f"{efficiency:g}"] = {
                "mass_blind": _measured(blind, blind, mass, background, signals, share, seed),
                "one_threshold": _measured(score, one, mass, background, signals, share, seed),
                "sculpting_noise": {key: own._asdict() for key, own in noise.items()},
            }
    return report


def passing(
    held_out: HeldOut,
    name: str,
    step: float,
    tables: Tables,
    efficiency: float,
    background: NDArray[np.bool_],
) -> dict[str, NDArray[np.bool_]]:
    """The jets (N,) that pass: ``mass_blind``, and ``one_threshold`` for all masses that as much background passes."""
    score, decision = held_out.scores[name], tables.decision(efficiency)
    assert decision is not None
    blind = decision(np.rint(score / step).astype(np.int64), held_out.jets.jets["mass"])
    ordered, passed = np.sort(score[background]), int(blind[background].sum())
    cut = ordered[-passed - 1] if passed < len(ordered) else -np.inf
    return {"mass_blind": blind, "one_threshold": score > cut}


def _measured(
    score: NDArray[Any],
    selected: NDArray[np.bool_],
    mass: NDArray[np.float64],
    background: NDArray[np.bool_],
    signals: Mapping[str, NDArray[np.bool_]],
    share: float,
    seed: int,
) -> dict[str, Any]:
    own, own_mass = score[background].astype(np.float64), mass[background]
    values = mass_sculpting(own, own_mass, share)
    errors = mass_sculpting_errors(own, own_mass, share, REPLICAS // 2, seed)
    return {
        "background": _share(selected[background]),
        "sculpting": {
            key: [value, error] for key, value, error in zip(values._fields, values, errors, strict=True)
        },
        "signals": {name: _signal(selected[chosen], share) for name, chosen in signals.items()},
    }


def _share(selected: NDArray[np.bool_]) -> list[float]:
    """The share, and its binomial standard error."""
    share = float(selected.mean())
    return [share, math.sqrt(share * (1 - share) / len(selected))]


def _signal(selected: NDArray[np.bool_], background_efficiency: float) -> dict[str, Sequence[float]]:
    value, error = _share(selected)
    root = math.sqrt(background_efficiency)
    return {"efficiency": [value, error], "sic": [value / root, error / root]}
