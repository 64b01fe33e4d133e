"""Aspen Open Jets: AK8 jets of CMS open data."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.opening import data_set, open_hdf5, told
from edgeood.jets.layout import Jets
from edgeood.jets.readers.bounds import hdf5_rows, hdf5_shapes
from edgeood.jets.readers.momenta import unchecked_jets
from edgeood.jets.readers.particles import identities_of_pdg, whole_codes
from edgeood.jets.readers.protocol import Reader, blocks

_CODE, _PUPPI, _COLUMNS = 9, 10, 11
_TAUS = slice(1, 5)
_EVENT = 2
_LOOKED_AT = 256
"""Jets from which it is told whether the momenta are weighed already."""


def iterate(path: Path, batch: int) -> Iterator[Jets]:
    """``PFCands`` (N, 150, 11): px, py, pz, E, d0 and dz with errors, charge, PDG code, PUPPI weight.

    ``jet_kinematics`` (N, 4) has pT, η, φ and soft-drop mass, ``jet_tagging`` (N, 13) begins with the number of
    constituents and τ1 … τ4, ``event_info`` (N, 3) ends with the event. Momenta are weighed with the PUPPI weights
    where that brings their sum nearer to the pT of the jets, which CMS makes of weighed candidates.
    """
    with open_hdf5(path) as file, told(path):
        particles = hdf5_rows(path, file, "PFCands", "N, P, F")
        kinematics = hdf5_rows(path, file, "jet_kinematics", "N, 4")
        if particles is None or kinematics is None or particles.shape[2] < _COLUMNS:
            raise EdgeoodError(
                f"{path} has no 'PFCands' of 11 columns and 'jet_kinematics'; choose another file."
            )
        others = {name: hdf5_rows(path, file, name, "N, F") for name in ("jet_tagging", "event_info")}
        for name, table in {"jet_kinematics": kinematics, **others}.items():
            if table is not None and len(table) != len(particles):
                raise EdgeoodError(
                    f"{path}: 'PFCands' has {len(particles)} jets and '{name}' {len(table)}; download it again."
                )
        weigh = _weigh(particles[:_LOOKED_AT], kinematics[:_LOOKED_AT])
        for rows in blocks(len(particles), batch, particles.shape[1] * 2):
            block = particles[rows].astype(np.float64)
            momenta = block[..., [3, 0, 1, 2]]
            if weigh:
                momenta = momenta * block[..., [_PUPPI]]
            present = (momenta[..., 1:3] != 0).any(axis=2)
            codes = whole_codes(path, block[..., _CODE], present, rows.start)
            yield unchecked_jets(
                momenta,
                identities=identities_of_pdg(codes),
                fields=_fields(
                    kinematics[rows], {name: t[rows] for name, t in others.items() if t is not None}
                ),
                first=rows.start,
                source=str(path),
            )


def _weigh(particles: NDArray[Any], kinematics: NDArray[Any]) -> bool:
    """Whether weighed momenta sum to the jets' pT better than they do as they are."""
    momenta, weight = particles[..., :2].astype(np.float64), particles[..., [_PUPPI]]
    off = [
        np.median(
            np.abs(
                np.log(np.maximum(np.hypot(*total.sum(axis=1).T), 1e-9) / np.maximum(kinematics[:, 0], 1e-9))
            )
        )
        for total in (momenta, momenta * weight)
    ]
    return bool(off[1] < off[0])


def _fields(kinematics: NDArray[Any], others: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    fields: dict[str, NDArray[Any]] = {"softdrop_mass": kinematics[:, 3]}
    if (tagging := others.get("jet_tagging")) is not None and tagging.shape[1] >= 5:
        fields |= {f"tau{n + 1}": column for n, column in enumerate(tagging[:, _TAUS].T)}
    if (events := others.get("event_info")) is not None and events.shape[1] > _EVENT:
        fields["event"] = events[:, _EVENT].astype(np.int64)
    return fields


def _recognise(path: Path) -> bool:
    shape = hdf5_shapes(path).get("PFCands", ())
    return len(shape) == 3 and shape[2] >= _COLUMNS


def _count(path: Path) -> int | None:
    shape = hdf5_shapes(path).get("PFCands", ())
    return shape[0] if shape else None


def _tells_events(path: Path) -> bool:
    with open_hdf5(path) as file:
        events = data_set(path, file, "event_info")
        # Single precision holds no number of an event.
        return (
            events is not None and events.ndim == 2 and events.dtype.kind + str(events.dtype.itemsize) != "f4"
        )


READER = Reader(
    "Aspen Open Jets (FDR Hamburg 16505)",
    "hdf5",
    _recognise,
    iterate,
    _count,
    _tells_events,
    truth="no: recorded data, of all processes",
    identities="yes",
    substructure="yes, as CMS computed it",
    lacks="truth; leading 150 candidates",
)
