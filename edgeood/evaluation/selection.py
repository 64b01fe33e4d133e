"""Which jets to measure on: of chosen processes, free of training, no more than are wanted; read as a stream."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.files import jet_files
from edgeood.jets.format import Jets, iterate_jets
from edgeood.jets.split import TEST
from edgeood.recipe import Data
from edgeood.training.known_jets import split_jets

_BATCH = 4096


def selected_jets(
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    processes: Collection[str],
    free: Callable[[Jets], NDArray[np.bool_]],
    *,
    unseen: Collection[Path] = (),
    largest: int | None = None,
    required: Collection[str] | None = None,
    what: str = "test jets",
) -> Jets:
    """The jets of ``processes`` that ``free`` lets through, and all of ``unseen`` files, in file order.

    Parameters
    ----------
    files : jet files or folders; one batch is in memory at a time, beside what is kept
    free : jets → (N,) whether each may be measured on
    unseen : files of which every jet may
    largest : at most so many of each process, the first ones
    required : processes that must be there (default: all)
    what : what they are called in the error's sentence

    Raises :class:`EdgeoodError` if a required process has no such jets.
    """
    taken = dict.fromkeys(processes, 0)
    parts = []
    for file in jet_files(files):
        for jets in iterate_jets([file], _BATCH):
            names, may = jets.process_names, np.ones(len(jets), bool) if file in unseen else free(jets)
            chosen = np.zeros(len(jets), bool)
            for name in set(processes) & set(names.tolist()):
                rows = np.flatnonzero(may & (names == name))
                if largest is not None:
                    rows = rows[: largest - taken[name]]
                chosen[rows] = True
                taken[name] += len(rows)
            if chosen.any():
                parts.append(jets[chosen])
    if missing := [name for name in (processes if required is None else required) if not taken[name]]:
        raise EdgeoodError(
            f"the files hold no {what} of process '{missing[0]}'; generate more, or correct the recipe's classes and "
            "signals."
        )
    return Jets.concatenate(parts)


def held_out_by(recipes: Sequence[Data]) -> Callable[[Jets], NDArray[np.bool_]]:
    """Lets through what none of these recipes trains or selects on: test jets of known classes, all of signals."""
    return lambda jets: np.all([split_jets(jets, data) == TEST for data in recipes], axis=0)


def unknown_to(recorded: Mapping[str, str], digests: Mapping[Path, str]) -> set[Path]:
    """The files, each with its SHA-256, that are none of the ``recorded`` ones, name → SHA-256, under any name."""
    known = set(recorded.values())
    return {file for file, digest in digests.items() if digest not in known}


def processes_of(*groups: Sequence[str] | dict[str, tuple[str, ...]]) -> list[str]:
    """Every process of some groups, each a sequence of processes or a mapping of names to such, in order, once."""
    members = [
        name
        for group in groups
        for name in ([one for own in group.values() for one in own] if isinstance(group, dict) else group)
    ]
    return list(dict.fromkeys(members))
