"""JetClass in its own files."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.storage import MOST_CONSTITUENTS
from edgeood.jets.layout import Jets
from edgeood.jets.readers.labels import JETCLASS, Classes, of_one_hot, unlabelled
from edgeood.jets.readers.momenta import padded, unchecked_jets
from edgeood.jets.readers.particles import identities_of_flags
from edgeood.jets.readers.protocol import Reader
from edgeood.jets.readers.root.trees import Jagged, Step, branches_of, entries_of, open_tree, steps

_TREE = "tree"
_MOMENTA = ("part_energy", "part_px", "part_py", "part_pz")
_FLAGS = tuple(f"part_is{kind}" for kind in ("ChargedHadron", "NeutralHadron", "Photon", "Electron", "Muon"))
_IDENTITIES = ("part_charge", *_FLAGS)
_LABELS = tuple(
    f"label_{name}" for name in ("QCD", "Hbb", "Hcc", "Hgg", "H4q", "Hqql", "Zqq", "Wqq", "Tbqq", "Tbl")
)
_FIELDS = {"softdrop_mass": "jet_sdmass", **{f"tau{n}": f"jet_tau{n}" for n in (1, 2, 3, 4)}}
_AT_ONCE = 1024
"""Jets at once: one with very many particles widens the arrays of all."""


def iterate(path: Path, batch: int) -> Iterator[Jets]:
    """The tree ``tree``: lists ``part_px`` … of every jet, ``label_QCD`` …, ``jet_sdmass``, ``jet_tau1`` ….

    Labels, identities and substructure are taken if all of their branches are there.
    """
    with open_tree(path, _TREE) as tree:
        there = set(tree.keys())
        known = [group for group in (_IDENTITIES, _LABELS, tuple(_FIELDS.values())) if set(group) <= there]
        branches = [*_MOMENTA, *(branch for group in known for branch in group)]
        for step in steps(path, tree, branches, min(batch, _AT_ONCE)):
            first = step.jagged(_MOMENTA[0])
            width = int(first.counts.max(initial=1))
            if width > MOST_CONSTITUENTS:
                raise EdgeoodError(
                    f"{path}: a jet has {width} constituents, more than {MOST_CONSTITUENTS}; keep the leading ones."
                )
            four = np.stack([step.jagged(name, first).values for name in _MOMENTA], axis=1)
            classes = unlabelled(len(step))
            if _LABELS in known:
                one_hot = np.stack([step.flat(name) for name in _LABELS], axis=1)
                classes = Classes(
                    of_one_hot(path, "label_…", one_hot, step.first),
                    tuple(JETCLASS),
                    tuple(JETCLASS.values()),
                )
            fields = {name: step.flat(branch) for name, branch in _FIELDS.items() if branch in branches}
            yield unchecked_jets(
                *(padded(four, first.counts, width), classes.index, classes.names, classes.truth),
                identities=_identities(path, step, first, width) if _IDENTITIES in known else None,
                fields=fields,
                first=step.first,
                source=str(path),
            )


def _identities(
    path: Path, step: Step, like: Jagged, width: int
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    columns = [padded(step.jagged(name, like).values, like.counts, width) for name in _IDENTITIES]
    valid = np.arange(width) < like.counts[:, None]
    return identities_of_flags(path, columns[0], np.stack(columns[1:], axis=1), valid, step.first)


READER = Reader(
    "JetClass (Zenodo 6619768)",
    "root",
    lambda path: set(_MOMENTA) <= branches_of(path, _TREE),
    iterate,
    lambda path: entries_of(path, _TREE),
    truth="ten classes",
    identities="yes",
    substructure="yes, as its authors computed it",
)
