"""Network + objective + jets → trained network: Lightning's trainer, with exact resumption."""

import logging
import signal
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import lightning
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint, RichProgressBar
from torch import nn

from edgeood.recipe import DisCo, NuRD, Recipe, Variational
from edgeood.training.batch import JetTensors, loader
from edgeood.training.checkpoints import CHECKPOINTS, AtomicCheckpoints, check_checkpoint
from edgeood.training.history import History
from edgeood.training.module import JetTraining
from edgeood.training.objectives.base import Objective
from edgeood.training.objectives.cross_entropy import CrossEntropyObjective
from edgeood.training.objectives.disco import DisCoObjective
from edgeood.training.objectives.distillation import Distilled
from edgeood.training.objectives.nurd import NuRDObjective
from edgeood.training.objectives.overlaid import OverlaidObjective
from edgeood.training.objectives.variational import VariationalObjective

_VALIDATION_BATCH = 1024


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Silence Lightning's banners and hints: the progress bar says what a user needs."""
    loggers = [logging.getLogger(name) for name in ("lightning", "lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def build_objective(recipe: Recipe) -> Objective:
    """The objective that a recipe names, with distillation added where the recipe asks for it."""
    objective: Objective
    dimensions, classes = recipe.network.representation, len(recipe.data.classes)
    if isinstance(recipe.objective, NuRD):
        objective = NuRDObjective(recipe.objective, dimensions, classes)
    elif isinstance(recipe.objective, DisCo):
        objective = DisCoObjective(recipe.objective)
    elif isinstance(recipe.objective, Variational):
        background = list(recipe.data.classes).index(recipe.data.background)
        objective = VariationalObjective(recipe.objective, background)
    else:
        objective = CrossEntropyObjective()
    if recipe.data.overlaid is not None:
        objective = OverlaidObjective(objective, dimensions, classes)
    return Distilled(objective, recipe.distillation) if recipe.distillation else objective


def fit(
    recipe: Recipe,
    folder: Path,
    network: nn.Module,
    train: JetTensors,
    validation: JetTensors,
    *,
    callbacks: Sequence[lightning.Callback] = (),
    progress: bool = True,
) -> None:
    """Train ``network`` in place as the recipe says, going on from the last checkpoint in ``folder``.

    Writes ``folder/metrics.csv`` and ``folder/checkpoints/`` after every epoch. Raises KeyboardInterrupt when
    the user interrupts (Lightning itself would end the process).
    """
    settings = recipe.training
    lightning.seed_everything(recipe.seed, verbose=False)
    module = JetTraining(network, build_objective(recipe), settings, recipe.seed)
    # Written when both loops of an epoch are done, so that a checkpoint always stands between two epochs.
    keep = ModelCheckpoint(
        folder / CHECKPOINTS,
        "last",
        save_top_k=1,
        every_n_epochs=1,
        enable_version_counter=False,
        save_on_train_epoch_end=True,
    )
    average = [EMAWeightAveraging(decay=settings.weight_average)] if settings.weight_average else []
    bar = [RichProgressBar(leave=False)] if progress else []
    trainer = lightning.Trainer(
        max_epochs=settings.epochs,
        devices=settings.devices,
        # A critic step leaves the network unused.
        strategy="auto" if settings.devices == 1 else "ddp_find_unused_parameters_true",
        precision="bf16-mixed" if settings.precision == "bf16" else "32-true",
        deterministic="warn",
        callbacks=[*average, History(folder / "metrics.csv"), keep, *bar, *callbacks],
        plugins=[AtomicCheckpoints()],
        logger=False,
        num_sanity_val_steps=0,
        enable_progress_bar=progress,
        enable_model_summary=False,
    )
    latest = folder / CHECKPOINTS / "last.ckpt"
    check_checkpoint(latest)
    on_interrupt = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit(
            module,
            loader(train, settings.batch_size, recipe.seed, shuffle=True),
            loader(validation, _VALIDATION_BATCH, recipe.seed, shuffle=False),
            ckpt_path=latest if latest.is_file() else None,
            weights_only=True,
        )
    except SystemExit as error:
        # Lightning leaves the process and switches further interrupts off; whoever called us decides instead.
        if not trainer.interrupted:
            raise
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, on_interrupt)
        raise KeyboardInterrupt from error
    if not trainer.is_global_zero:
        # Another rank's process, started by Lightning with the same command: the first one saves the run.
        raise SystemExit(0)
