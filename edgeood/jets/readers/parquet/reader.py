"""Parquet files of jets, events or constituents, by the names of their columns."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.storage import MOST_CONSTITUENTS
from edgeood.jets.layout import Jets
from edgeood.jets.readers.momenta import four_momenta, padded, unchecked_jets
from edgeood.jets.readers.parquet.jets_in_rows import Gathered, gathered
from edgeood.jets.readers.parquet.layout import EVENT, JET, NUMBERED, Layout, layout_of
from edgeood.jets.readers.parquet.leaves import leaves_of, open_parquet
from edgeood.jets.readers.parquet.roles import FLAGS
from edgeood.jets.readers.parquet.truth import Truth, truth_of
from edgeood.jets.readers.particles import identities_of_flags, identities_of_pdg, whole_codes
from edgeood.jets.readers.protocol import Reader, always, blocks


def iterate(path: Path, batch: int) -> Iterator[Jets]:
    """A row is a jet with lists of constituents, an event with lists of such lists, or a constituent.

    Columns are known by the ends of their names, in any case: ``px``, ``py``, ``pz``, ``energy`` (``e``), or ``pt``,
    ``eta``, ``phi`` with ``energy``, ``mass`` or neither (massless), all behind one beginning such as ``part_`` or
    ``jets.constituents.``; beside them ``pdgid``, or ``charge`` and JetClass's flags. Rows of constituents have
    ``jet``, ``event`` or both, and stand together; each constituent of a jet may also have columns of its own (``PX_0``
    …). Of jets, ``label``, ``is_signal_new``, ``process``, JetClass's ``label_QCD`` …, ``softdrop_mass`` and ``tau1`` …
    are taken.
    """
    with open_parquet(path) as file:
        layout = layout_of(path, leaves_of(path, file))
        truth = truth_of(path, file, layout)
        first = 0
        for several in gathered(path, file, layout, batch):
            width = int(several.counts.max(initial=1))
            if width > MOST_CONSTITUENTS:
                raise EdgeoodError(
                    f"{path}: a jet has {width} constituents, more than {MOST_CONSTITUENTS}; keep the leading ones."
                )
            for rows in blocks(len(several.counts), batch, width):
                yield _jets(path, layout, truth, several[rows], first + rows.start)
            first += len(several.counts)


def _jets(path: Path, layout: Layout, truth: Truth, several: Gathered, first: int) -> Jets:
    counts, width = several.counts, int(several.counts.max(initial=1))
    classes = truth.classes(several, first)
    fields = {
        name: values for name, values in several.jets.items() if name.startswith(("softdrop_mass", "tau"))
    }
    if several.event is not None:
        fields["event"] = several.event
    return unchecked_jets(
        *(padded(_momenta(layout, several), counts, width), classes.index, classes.names, classes.truth),
        identities=_identities(path, several, width, first),
        fields=fields,
        first=first,
        source=str(path),
    )


def _momenta(layout: Layout, several: Gathered) -> NDArray[np.float64]:
    """(M, 4) as (E, px, py, pz)."""
    column = {name: several.particles[name].astype(np.float64) for name in layout.four}
    if "px" in column:
        return np.stack([column[name] for name in ("energy", "px", "py", "pz")], axis=1)
    made = four_momenta(column["pt"], column["eta"], column["phi"], column.get("mass", 0.0))
    if "energy" in column:
        made[:, 0] = np.where(column["pt"] > 0, column["energy"], made[:, 0])
    return made


def _identities(
    path: Path, several: Gathered, width: int, first: int
) -> tuple[NDArray[np.int8], NDArray[np.int8]] | None:
    """Charge and kind of (n, width) constituents, if the columns tell both."""
    valid = np.arange(width) < several.counts[:, None]
    if "pdg" in several.particles:
        codes = padded(several.particles["pdg"], several.counts, width)
        return identities_of_pdg(whole_codes(path, codes, valid, first))
    if {"charge", *FLAGS} <= set(several.particles):
        charge, *flags = (
            padded(several.particles[name], several.counts, width) for name in ("charge", *FLAGS)
        )
        return identities_of_flags(path, charge, np.stack(flags, axis=1), valid, first)
    return None


def _layout(path: Path) -> Layout:
    with open_parquet(path) as file:
        return layout_of(path, leaves_of(path, file))


def _count(path: Path) -> int | None:
    if _layout(path).row not in (JET, NUMBERED):
        return None
    with open_parquet(path) as file:
        return int(file.metadata.num_rows)


def _tells_events(path: Path) -> bool:
    layout = _layout(path)
    return layout.row == EVENT or layout.event is not None


READER = Reader(
    "Parquet: jets with lists, events with lists of lists, or rows of constituents",
    "parquet",
    always,
    iterate,
    _count,
    _tells_events,
    truth="`label`, `is_signal_new`, `process`, JetClass's columns",
    identities="with `pdgid`, or `charge` and JetClass's flags",
    substructure="if there",
)
