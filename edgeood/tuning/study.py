"""``edgeood tune``: many short quantization-aware trainings → the Pareto front of AUROC against cost."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeood.errors import EdgeoodError
from edgeood.files.atomic import write_text
from edgeood.files.locks import locked
from edgeood.files.output import output_folder
from edgeood.files.reading import read_json
from edgeood.recipe import Recipe, load_recipe
from edgeood.recipe.operation import trained_with
from edgeood.scores.fused import FUSED_SCORES
from edgeood.training.known_jets import jet_paths
from edgeood.training.train import train
from edgeood.tuning.cost import CostName, check_cost
from edgeood.tuning.measure import ValidationJets, measure
from edgeood.tuning.report import Trial, write_report
from edgeood.tuning.space import Space, default_space, own_values, read_space, with_values

if TYPE_CHECKING:
    import optuna

_MEASURED, _STUDY = "tune.json", "study.db"


def tune(
    recipe: Recipe | str | Path,
    out: str | Path | None = None,
    *,
    jets: Sequence[str | Path] | None = None,
    teacher: str | Path | None = None,
    trials: int = 30,
    epochs: int | None = None,
    space: str | Path | None = None,
    cost: CostName = "ebops",
    tell: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Search bit widths and sizes of a quantized recipe; returns what ``pareto.json`` holds.

    Every trial trains the recipe with other values (Optuna's multi-objective TPE sampler, seeded by the recipe)
    and is judged by :func:`~edgeood.tuning.measure.measure`: the AUROC of the recipe's fused score is maximised,
    its cost is minimised. The first trial is the recipe itself. The same call goes on with a
    search that was interrupted, or longer, and gives the same trials as an undisturbed one.

    In the folder: ``study.db`` (SQLite, for Optuna's own tools), ``trials/`` (a run directory each),
    ``pareto.json``, ``pareto.md``, ``pareto.png`` and ``.pdf``, and ``pareto/trial-<n>.yaml``, a recipe to train in
    full for every point of the front.

    Parameters
    ----------
    out : folder of the study (default: ``runs/<recipe name>-tune``)
    jets, teacher : as for :func:`~edgeood.training.train.train`
    trials : number of trials in all
    epochs : of each trial, the schedule of learning rates compressed with them (default: the recipe's)
    space : YAML file of the search space (default: :func:`~edgeood.tuning.space.default_space`)
    cost : ``ebops``, effective bit operations, or ``luts``, look-up tables by the model of the RTL's generator
    tell : is told a line about every trial

    Raises :class:`EdgeoodError` for a float recipe, one without signals or whose score has no firmware, a folder
    with another study, with other things or with a search at work, or when Optuna is missing.
    """
    resolved = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    check_cost(resolved, cost)
    choices = default_space(resolved, cost) if space is None else read_space(Path(space), resolved)
    if resolved.score.kind not in FUSED_SCORES:
        raise EdgeoodError(
            f"score '{resolved.score.kind}' has no firmware; tune {' or '.join(FUSED_SCORES)}."
        )
    folder = output_folder(out if out is not None else Path("runs") / f"{resolved.name}-tune")
    if not (folder / _STUDY).is_file() and folder.is_dir() and any(folder.iterdir()):
        raise EdgeoodError(f"{folder} is not empty and holds no study of ours; choose another --out.")
    files = jet_paths(resolved, jets)
    if trials < 1:
        raise EdgeoodError(f"a search cannot have {trials} trials; ask for one or more.")
    validation = ValidationJets.read(resolved.data, files)
    short = _shortened(resolved, epochs)
    settings = {
        "recipe": trained_with(short),
        "score": resolved.score.kind,
        # Studies of before know no other cost than this one; it is told before the space, which follows from it.
        **({} if cost == "ebops" else {"cost": cost}),
        "space": choices,
        "jets": sorted(path.name for path in files),
        "teacher": None if teacher is None else os.fspath(teacher),
    }
    with locked(folder, "search"), _of_database(folder / _STUDY):
        return _search(folder, settings, resolved, short, files, teacher, validation, trials, tell)


@contextmanager
def _of_database(path: Path) -> Iterator[None]:
    """Tell what SQLite refuses (a full disk, a damaged file) in one sentence."""
    try:
        yield
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("sqlalchemy", "sqlite3", "optuna"):
            raise
        reason = " ".join(str(error).split("\n")[0].split())
        raise EdgeoodError(
            f"{path} cannot be read or written ({reason}); free some space, or tune into another --out."
        ) from error


def _search(
    folder: Path,
    settings: dict[str, Any],
    resolved: Recipe,
    short: Recipe,
    files: Sequence[Path],
    teacher: str | Path | None,
    validation: ValidationJets,
    trials: int,
    tell: Callable[[str], None],
) -> dict[str, Any]:
    """Make the trials that are missing, and the report."""
    choices: Space = settings["space"]
    cost: CostName = settings.get("cost", "ebops")
    study = _open_study(folder, settings)
    distributions = _distributions(choices)
    own = own_values(resolved, choices)
    if own is not None and not study.trials:
        study.enqueue_trial(own)
    done: list[Trial] = []
    for number in range(trials):
        place = _place(study, number, resolved.seed, distributions)
        values = {key: choices[key][index] for key, index in place.params.items()}
        trial = Trial(number, values, cost=cost)
        try:
            chosen = with_values(short, values)
            trial.run = f"trials/{_digest(chosen)}"
            trial.measured = _measured(folder / trial.run, chosen, files, teacher, validation, cost)
        except EdgeoodError as error:
            # What is wrong with the recipe itself is wrong with all trials.
            if place.params == own:
                raise
            trial.refused = str(error)
        _close(study, place, trial, resolved.score.kind)
        done.append(trial)
        tell(trial.line(resolved.score.kind))
    if all(trial.measured is None for trial in done):
        raise EdgeoodError(f"no trial could be trained; the first: {done[0].refused}")
    return write_report(folder, resolved, short.training.epochs, choices, validation, done, cost)


def _shortened(recipe: Recipe, epochs: int | None) -> Recipe:
    """The recipe with so many epochs, and its schedule squeezed or stretched to them."""
    if epochs is None:
        return recipe
    if epochs < 1:
        raise EdgeoodError(f"a trial cannot train for {epochs} epochs; ask for one or more.")
    factor = epochs / recipe.training.epochs
    schedule = tuple((epoch * factor, rate) for epoch, rate in recipe.training.schedule)
    training = recipe.training.model_copy(update={"epochs": epochs, "schedule": schedule})
    return recipe.model_copy(update={"training": training})


def _open_study(folder: Path, settings: dict[str, Any]) -> "optuna.Study":
    try:
        import optuna
    except ImportError as error:
        raise EdgeoodError(f"a search needs the package '{error.name}'; install `edgeood[tune]`.") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    fresh = not (folder / _STUDY).is_file()
    try:
        study = optuna.create_study(
            study_name="edgeood",
            storage=f"sqlite:///{folder.resolve() / _STUDY}",
            directions=["maximize", "minimize"],
            load_if_exists=True,
        )
    except BaseException:
        for name in (_STUDY, f"{_STUDY}-journal") if fresh else ():
            (folder / name).unlink(missing_ok=True)
        raise
    before = study.user_attrs.get("settings")
    if before is None:
        study.set_user_attr("settings", settings)
    elif before != settings:
        changed = next(key for key in ("cost", *settings, *before) if before.get(key) != settings.get(key))
        raise EdgeoodError(f"{folder} holds a study of another {changed}; tune into another --out.")
    return study


def _distributions(space: Space) -> "dict[str, optuna.distributions.BaseDistribution]":
    """Indices of the choices, not the choices themselves: they are in order, and may be lists."""
    from optuna.distributions import IntDistribution

    return {key: IntDistribution(0, len(choices) - 1) for key, choices in space.items()}


def _place(
    study: "optuna.Study",
    number: int,
    seed: int,
    distributions: "dict[str, optuna.distributions.BaseDistribution]",
) -> "optuna.trial.FrozenTrial":
    """Trial ``number``: one of before, finished or interrupted, or a new one.

    Each trial has a sampler with a seed of its own, so that it depends on nothing but the trials before it.
    """
    import optuna

    if number >= len([trial for trial in study.trials if trial.state.name != "WAITING"]):
        study.sampler = optuna.samplers.TPESampler(seed=(seed * 100_003 + number) % 2**32)
        study.ask(fixed_distributions=distributions)
    return study.trials[number]


def _close(study: "optuna.Study", place: "optuna.trial.FrozenTrial", trial: Trial, score: str) -> None:
    from optuna.trial import TrialState

    if place.state.is_finished():
        return
    if trial.measured is None:
        study.tell(trial.number, state=TrialState.FAIL)
    else:
        auroc, _ = trial.auroc(score)
        study.tell(trial.number, [auroc, trial.price(score)])


def _digest(recipe: Recipe) -> str:
    return hashlib.sha256(json.dumps(trained_with(recipe)).encode()).hexdigest()[:12]


def _measured(
    folder: Path,
    recipe: Recipe,
    files: Sequence[Path],
    teacher: str | Path | None,
    validation: ValidationJets,
    cost: CostName,
) -> dict[str, Any]:
    """Train and measure, or read what was measured before: equal recipes share their run directory."""
    record = folder / _MEASURED
    if not record.is_file():
        run = train(recipe, folder, jets=files, teacher=teacher, progress=False)
        write_text(record, json.dumps(measure(run, validation, cost), indent=1) + "\n")
        # Only the numbers, the weights and the scores are worth their place on the disk.
        (folder / "network.keras").unlink(missing_ok=True)
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    return read_json(record, "remove it, to measure this trial again.", ("scores",))
