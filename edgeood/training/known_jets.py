"""Jets of a recipe, split by event and turned into network inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.inputs import inputs_of
from edgeood.jets.domain import quantities_of
from edgeood.jets.format import Jets, jet_files, read_jets
from edgeood.jets.split import TEST, TRAIN, split_of
from edgeood.recipe import Data, Recipe
from edgeood.training.overlaid_jets import overlaid_jets


@dataclass(frozen=True)
class KnownJets:
    """Jets of the known classes, ready for a network."""

    inputs: NDArray[np.float32]
    """(N, …) network inputs"""
    labels: NDArray[np.int64]
    """(N,) class indices, in the order of the recipe's classes"""
    mass_gev: NDArray[np.float32]
    """(N,) jet mass in GeV"""
    overlaid: NDArray[np.float32] | None = None
    """(M, …) network inputs of pairs of these jets, if they are to be trained on and the recipe wants such"""
    quantities: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    """name → (N,): what a domain is told in (:data:`edgeood.jets.domain.QUANTITIES`)"""

    def __len__(self) -> int:
        return len(self.labels)


def class_labels(jets: Jets, classes: dict[str, tuple[str, ...]]) -> NDArray[np.int64]:
    """(N,) index of the class that each jet's process belongs to, −1 for none."""
    of_process = {name: k for k, members in enumerate(classes.values()) for name in members}
    table = np.array([of_process.get(name, -1) for name in jets.processes], np.int64)
    result: NDArray[np.int64] = table[jets.jets["process"]]
    return result


def jet_paths(recipe: Recipe, jets: Sequence[str | Path] | None) -> list[Path]:
    """The jet files of a training: those given, or those that the recipe names."""
    chosen = list(jets or recipe.data.jets)
    if not chosen:
        raise EdgeoodError(f"recipe '{recipe.name}' names no jets; give --jets FILE or set data.jets.")
    return jet_files(chosen)


def split_jets(jets: Jets, data: Data) -> NDArray[np.int8]:
    """(N,) 0 train, 1 validation, 2 test, by event. Jets of a signal are never trained on: always 2."""
    split = split_of(jets.jets["event"], jets.process_names, data.train, data.validation)
    return np.where(class_labels(jets, data.classes) < 0, TEST, split).astype(np.int8)


def read_known_jets(recipe: Recipe, files: Sequence[Path], splits: Sequence[int]) -> list[KnownJets]:
    """Read a recipe's known classes once and compute the network inputs of each of ``splits``.

    Raises :class:`EdgeoodError` when a process that a class is made of has no jets in the files.
    """
    needed = [name for members in recipe.data.classes.values() for name in members]
    jets = read_jets(files, processes=needed)
    split = split_jets(jets, recipe.data)
    return [
        _inputs_of(
            recipe, jets[_leading(split == wanted, jets, recipe.data.jets_per_process)], wanted == TRAIN
        )
        for wanted in splits
    ]


def _leading(chosen: NDArray[np.bool_], jets: Jets, per_process: int | None) -> NDArray[np.bool_]:
    """The chosen jets, of each process only the first ``per_process``."""
    if per_process is None:
        return chosen
    process = jets.jets["process"]
    ranks = np.zeros(len(jets), np.int64)
    for index in range(len(jets.processes)):
        own = chosen & (process == index)
        ranks[own] = np.arange(own.sum())
    return chosen & (ranks < per_process)


def _inputs_of(recipe: Recipe, jets: Jets, train: bool) -> KnownJets:
    inputs, who = recipe.inputs.model_dump(), f"recipe '{recipe.name}'"
    settings = recipe.data.overlaid
    pairs = None
    if train and settings is not None and len(jets) > 1:
        geometry = settings.model_dump(exclude={"per_jet"})
        pairs = overlaid_jets(jets, max(1, round(settings.per_jet * len(jets))), recipe.seed, **geometry)
    return KnownJets(
        inputs_of(jets, inputs, who),
        class_labels(jets, recipe.data.classes),
        jets.jets["mass"].astype(np.float32),
        None if pairs is None else inputs_of(pairs, inputs, who),
        quantities_of(jets),
    )
