"""``edgeood train``: recipe → run directory, resumable at any moment."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgeood.checksums import sha256_of
from edgeood.errors import EdgeoodError
from edgeood.files.atomic import write_text
from edgeood.files.locks import locked
from edgeood.files.output import output_folder
from edgeood.files.recovery import recover
from edgeood.files.temporary import remove
from edgeood.jets.split import TRAIN, VALIDATION
from edgeood.networks.build import build_network, outputs_of
from edgeood.networks.load import load_network
from edgeood.recipe import Recipe, load_recipe
from edgeood.recipe.operation import trained_with
from edgeood.run import Run
from edgeood.training.enough_jets import check_enough
from edgeood.training.known_jets import KnownJets, jet_paths, read_known_jets
from edgeood.training.sealing import operate_otherwise, seal

if TYPE_CHECKING:
    import lightning
    from torch import nn

    from edgeood.training.batch import JetTensors

STARTED, CHECKPOINTS, HISTORY = "started.yaml", "checkpoints", "metrics.csv"


def _tensors(recipe: Recipe, jets: KnownJets, teacher_network: "nn.Module | None") -> "JetTensors":
    import torch

    from edgeood.training.batch import Batch, JetTensors
    from edgeood.training.sampling import mass_matching_weights, nuisance_weights

    weights = np.ones(len(jets), np.float32)
    if matching := recipe.data.mass_matching:
        background = list(recipe.data.classes).index(recipe.data.background)
        weights = mass_matching_weights(
            jets.labels, jets.mass_gev, background, matching.bin_gev, matching.largest_weight
        )
    elif recipe.objective.kind == "nurd":
        settings = recipe.objective
        weights = nuisance_weights(jets.labels, jets.mass_gev, settings.mass_bin_gev, settings.largest_weight)
    inputs, labels, mass = jets.inputs, jets.labels, jets.mass_gev
    if jets.overlaid is not None:
        # Behind the known classes, with no mass of their own: what looks at mass sees known jets only.
        pairs = len(jets.overlaid)
        inputs = np.concatenate([inputs, jets.overlaid])
        labels = np.concatenate([labels, np.full(pairs, len(recipe.data.classes))])
        mass, weights = (np.concatenate([of_jets, np.ones(pairs, np.float32)]) for of_jets in (mass, weights))
    if teacher_network is None:
        nothing = torch.zeros(len(inputs), 0)
        told = (nothing, nothing)
    else:
        outputs = outputs_of(teacher_network, inputs)
        told = (torch.from_numpy(outputs.representation), torch.from_numpy(outputs.logits))
    return JetTensors(
        Batch(
            torch.from_numpy(inputs),
            torch.from_numpy(labels),
            torch.from_numpy(mass / 100),
            torch.from_numpy(weights),
            *told,
        )
    )


def _teacher_run(recipe: Recipe) -> "Run | None":
    if recipe.distillation is None:
        return None
    if recipe.distillation.teacher is None:
        raise EdgeoodError(f"recipe '{recipe.name}' distils from a float run; give it with --teacher RUN.")
    run = Run.open(recipe.distillation.teacher)
    if run.quantized or recipe.inputs != run.recipe.inputs or list(recipe.data.classes) != run.classes:
        raise EdgeoodError(
            f"{run.path} cannot teach recipe '{recipe.name}': it must be a float run with the same inputs and "
            "classes; train one with `edgeood train`."
        )
    own, taught = recipe.network.representation, run.recipe.network.representation
    if recipe.distillation.representation > 0 and own != taught:
        raise EdgeoodError(
            f"{run.path} has a representation of {taught} dimensions and recipe '{recipe.name}' one of {own}, so that "
            "it cannot be learnt; make them equal, or set distillation.representation=0."
        )
    return run


def _started(folder: Path, recipe: Recipe) -> Run | None:
    """The finished run of this training in ``folder``; None if there is one to begin or to go on with."""
    if (folder / "run.json").is_file():
        run = Run.open(folder)
        if trained_with(run.recipe) != trained_with(recipe):
            raise EdgeoodError(
                f"{folder} holds the run of another recipe ('{run.recipe.name}'); train into another --out."
            )
        return run
    started = folder / STARTED
    if not started.is_file():
        if folder.is_dir() and any(folder.iterdir()):
            raise EdgeoodError(f"{folder} is not empty and holds no training of ours; choose another --out.")
        return None
    # Not its text: a key that a newer version knows has its default where an older one left it out.
    if trained_with(load_recipe(started)) != trained_with(recipe):
        raise EdgeoodError(
            f"{folder} holds an unfinished training of another recipe; finish that one or choose another --out."
        )
    return None


def train(
    recipe: Recipe | str | Path,
    out: str | Path | None = None,
    *,
    jets: Sequence[str | Path] | None = None,
    teacher: str | Path | None = None,
    progress: bool = True,
    callbacks: "Sequence[lightning.Callback]" = (),
) -> Run:
    """Train a recipe into a run directory and fit every anomaly score on its training jets.

    An interrupted training goes on from its last epoch and ends with the weights of an undisturbed one; a
    finished one is returned as it is. Operating choices (:mod:`edgeood.recipe.operation`) may differ: a finished
    run takes them over, with its working points fitted again, and is not trained anew.

    Parameters
    ----------
    recipe : a recipe, its file, or the name of a shipped one
    out : the run directory (default: ``runs/<recipe name>``)
    jets : jet files or folders, instead of the recipe's own
    teacher : run directory of the float network to distil from, instead of the recipe's own

    Raises :class:`EdgeoodError` when the jets lack a class or are too few, the folder holds something else or another
    training is at work in it, or no teacher is known to a recipe that distils. A training that fails before its first
    epoch is done leaves nothing behind.
    """
    resolved = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    if teacher is not None:
        if resolved.distillation is None:
            raise EdgeoodError(
                f"recipe '{resolved.name}' has no 'distillation'; leave out --teacher or add it."
            )
        distillation = resolved.distillation.model_copy(update={"teacher": os.fspath(teacher)})
        resolved = resolved.model_copy(update={"distillation": distillation})
    folder = output_folder(out if out is not None else Path("runs") / resolved.name)
    files = jet_paths(resolved, jets)
    teacher_run = _teacher_run(resolved)
    recover(folder)
    if finished := _started(folder, resolved):
        if finished.recipe == resolved:
            return finished
        with locked(folder, "training"):
            return operate_otherwise(finished, resolved, files)
    known, held_out = read_known_jets(resolved, files, (TRAIN, VALIDATION))
    check_enough(resolved, known, held_out)
    try:
        import lightning

        from edgeood.training.fit import fit, quiet_lightning
    except ImportError as error:
        raise EdgeoodError(f"training needs the package '{error.name}'; install `edgeood[train]`.") from error
    with _alone(folder, resolved), quiet_lightning():
        if finished := _started(folder, resolved):
            return finished  # by another training, while this one read its jets
        write_text(folder / STARTED, resolved.to_yaml())
        lightning.seed_everything(resolved.seed, verbose=False)
        network = build_network(resolved)
        teacher_network = load_network(teacher_run) if teacher_run else None
        if teacher_network and resolved.distillation and resolved.distillation.start_from_teacher:
            from edgeood.networks.quantized.twin import start_from_float

            start_from_float(network, teacher_network.state_dict())  # type: ignore[arg-type]
        tensors, checks = (_tensors(resolved, split, teacher_network) for split in (known, held_out))
        fit(resolved, folder, network, tensors, checks, callbacks=callbacks, progress=progress)
        taught_by = {"teacher": sha256_of(teacher_run.network_file)} if teacher_run else {}
        data = {path.name: sha256_of(path) for path in files}
        run = seal(resolved, folder, network, known, held_out, data, **taught_by)
        shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
        (folder / STARTED).unlink(missing_ok=True)
    return run


@contextlib.contextmanager
def _alone(folder: Path, recipe: Recipe) -> Iterator[None]:
    """Let one training work in a folder; one that fails before its first epoch is done leaves nothing there."""
    if _is_helper(recipe):
        yield
        return
    with locked(folder, "training"):
        try:
            yield
        except BaseException:
            if not (folder / CHECKPOINTS / "last.ckpt").is_file() and not (folder / "run.json").is_file():
                for name in (STARTED, HISTORY, CHECKPOINTS):
                    with contextlib.suppress(OSError):
                        remove(folder / name)
            raise


def _is_helper(recipe: Recipe) -> bool:
    """Whether Lightning or a batch system started this process to help the first of several with one training."""
    ranks = (os.environ.get(name, "0") for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"))
    return recipe.training.devices > 1 and any(rank != "0" for rank in ranks)
