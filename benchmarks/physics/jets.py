"""Jets of the benchmark: generated, or taken from a folder, at most so many of each process."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.physics.scales import Scale
from benchmarks.physics.systems import BACKGROUND, REFERENCE, Member, SetName
from edgeood.checksums import sha256_of
from edgeood.errors import EdgeoodError
from edgeood.evaluation.selection import held_out_by, selected_jets, unknown_to
from edgeood.files.atomic import write_text
from edgeood.jets.format import Jets, iterate_jets, jet_files, read_jets, write_jets
from edgeood.recipe import Recipe, load_recipe

BACKGROUND_SEED = 2
"""Of the generator, for background jets that no training sees; the trainings' own jets have seed 1."""
CONTENT = "content.json"
_BATCH = 4096


@dataclass(frozen=True)
class TestJets:
    """Jets that no training of a set has seen, with what identifies them."""

    jets: Jets
    fingerprint: str
    """Changes with the files."""


def folder_of(set_name: SetName, scale: Scale, given: Path | None, work: Path) -> Path:
    """Folder with the scale's jets of a set: generated, or taken from the folder ``given``.

    Raises :class:`EdgeoodError` if jets of a process are missing, or ``work`` holds other jets.
    """
    wanted = scale.jets[set_name]
    if given is not None:
        return limited(given, wanted, work / f"jets-{set_name}")
    return _generated(f"physics-{set_name}", wanted, scale, work / f"generated-{set_name}", seed=1)


def background_folder_of(
    set_name: SetName, scale: Scale, given: Path | None, work: Path, trained_on: Collection[Path]
) -> Path:
    """Folder with background jets of a set for the report: generated with another seed, or taken from ``given``.

    Raises :class:`EdgeoodError` if jets of a process are missing, ``work`` holds other jets, or a file is, by its
    SHA-256, one of those in the folders ``trained_on``.
    """
    wanted = scale.background_jets[set_name]
    folder = given
    if folder is None:
        name = f"background-{set_name}"
        folder = _generated(f"physics-{name}", wanted, scale, work / name, seed=BACKGROUND_SEED)
    digests = {file: sha256_of(file) for file in jet_files(folder)}
    fresh = unknown_to({str(file): sha256_of(file) for file in jet_files([*trained_on])}, digests)
    if known := [file for file in digests if file not in fresh]:
        raise EdgeoodError(f"{known[0]} is trained on; give --background-{set_name} jets of another seed.")
    return folder if given is None else limited(given, wanted, work / f"given-background-{set_name}")


def _generated(name: str, wanted: Mapping[str, int], scale: Scale, folder: Path, seed: int) -> Path:
    from edgeood.jets.simulation.generate import generate
    from edgeood.jets.simulation.sample import Sample

    sample = Sample(name=name, constituents=scale.constituents, jets=dict(wanted))
    return generate(sample, folder, seed=seed, fast=scale.fast, progress=False)


def folder_for(member: Member, recipe: Recipe, folder: Path, work: Path) -> Path:
    """Folder with the jets that ``member`` may use: ``folder`` itself, or shares of some processes.

    The shares are of the jets that its ``recipe`` would use, if it does not use all.
    """
    if not member.shares:
        return folder
    data = recipe.data
    wanted = counts(folder)
    for name, share in member.shares.items():
        used = wanted[name]
        if data.jets_per_process is not None:
            used = min(used, round(data.jets_per_process / data.train))
        wanted[name] = int(used * share)
    return limited(folder, wanted, work / f"{folder.name}-{member.variant}")


def counts(folder: Path) -> dict[str, int]:
    """Process → number of jets in the files of a folder."""
    found: dict[str, int] = {}
    for jets in iterate_jets(folder, _BATCH):
        for name, count in zip(*np.unique(jets.process_names, return_counts=True), strict=True):
            found[str(name)] = found.get(str(name), 0) + int(count)
    return found


def limited(source: Path, largest: Mapping[str, int], target: Path) -> Path:
    """The first ``largest`` jets (process → number) of the files in ``source``, copied to ``target`` once.

    ``source`` itself if it holds no more. One file is in memory at a time.
    Raises :class:`EdgeoodError` if a process has no jets, or ``target`` holds another choice.
    """
    content = {"source": str(source.resolve()), "largest": dict(largest)}
    if (target / CONTENT).is_file():
        if json.loads((target / CONTENT).read_text()) != content:
            raise EdgeoodError(f"{target} holds other jets; choose another --work or remove that folder.")
        return target
    present = counts(source)
    if missing := [name for name in largest if name not in present]:
        raise EdgeoodError(f"{source} holds no jets of process '{missing[0]}'; generate them.")
    if all(present[name] <= largest.get(name, 0) for name in present):
        return source
    left = dict(largest)
    for path in jet_files(source):
        jets = read_jets(path)
        chosen = np.zeros(len(jets), bool)
        for name in np.unique(jets.process_names).tolist():
            rows = np.flatnonzero(jets.process_names == name)[: left.get(name, 0)]
            chosen[rows] = True
            left[name] = left.get(name, 0) - len(rows)
        if chosen.any():
            write_jets(target / path.name, jets[chosen], {"source": path.name})
    write_text(target / CONTENT, json.dumps(content, indent=1) + "\n")
    return target


def read_test_jets(
    set_name: SetName, folder: Path, background: Path, signals: Collection[str], largest: int
) -> TestJets:
    """The first ``largest`` test jets of each of the ``signals`` in ``folder``, and all jets of ``background``.

    The signals' split is that of the set's reference recipe: see :func:`check_split`. All jets have as many
    constituents as the files that keep fewer: more of the background's than of the signals' would tell them apart.
    """
    data = load_recipe(REFERENCE[set_name]).data
    free, fresh = held_out_by([data]), jet_files(background)
    of_signals = selected_jets(folder, sorted(signals), free, largest=largest)
    of_background = selected_jets(fresh, BACKGROUND[set_name], free, unseen=fresh, what="fresh jets")
    files = [
        (path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in [*jet_files(folder), *fresh]
    ]
    jets = Jets.concatenate(_equally_wide([of_signals, of_background]))
    return TestJets(jets, json.dumps([files, sorted(signals), largest]))


def _equally_wide(parts: Sequence[Jets]) -> list[Jets]:
    """The leading constituents that all of ``parts`` have a place for."""
    width = min(part.constituents.shape[1] for part in parts)
    return [Jets(part.jets, part.constituents[:, :width], part.processes) for part in parts]
