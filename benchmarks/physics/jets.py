"""Jets of the benchmark: generated, or taken from a folder, at most so many of each process."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.physics.scales import Scale
from benchmarks.physics.systems import REFERENCE, Member, SetName
from edgeood.errors import EdgeoodError
from edgeood.evaluation.selection import held_out_by, selected_jets
from edgeood.files.atomic import write_text
from edgeood.jets.format import Jets, iterate_jets, jet_files, read_jets, write_jets
from edgeood.recipe import Recipe, load_recipe

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
    from edgeood.jets.simulation.generate import generate
    from edgeood.jets.simulation.sample import Sample

    sample = Sample(name=f"physics-{set_name}", constituents=scale.constituents, jets=wanted)
    return generate(sample, work / f"generated-{set_name}", fast=scale.fast, progress=False)


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


def read_test_jets(set_name: SetName, folder: Path, processes: set[str], largest: int) -> TestJets:
    """The first ``largest`` test jets of each of ``processes``, streamed from ``folder``.

    The split is that of the set's reference recipe: see :func:`check_split`.
    """
    data = load_recipe(REFERENCE[set_name]).data
    jets = selected_jets(folder, sorted(processes), held_out_by([data]), largest=largest)
    files = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in jet_files(folder)]
    return TestJets(jets, json.dumps([files, sorted(processes), largest]))
