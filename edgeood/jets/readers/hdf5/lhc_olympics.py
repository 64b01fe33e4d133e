"""The LHC Olympics 2020: events of up to 700 particles, whose jets are clustered here."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.opening import open_hdf5, told
from edgeood.jets.layout import Jets
from edgeood.jets.readers.clustering import leading_jets
from edgeood.jets.readers.hdf5.pandas import columns_of, shape_of
from edgeood.jets.readers.labels import Classes, of_numbers, unlabelled
from edgeood.jets.readers.momenta import four_momenta, unchecked_jets
from edgeood.jets.readers.protocol import Reader, always, blocks

_PARTICLES = 700
_WIDTH = 3 * _PARTICLES
RADIUS, LEAST_PT_GEV, JETS = 1.0, 200.0, 2
"""Of the jets: those that the challenge's authors select events by, of radius 1, the two leading ones."""
_MOST_PT_GEV = 20_000.0


def iterate(path: Path, batch: int) -> Iterator[Jets]:
    """A pandas frame ``df`` (N, 2101): pT, η, φ of 700 massless particles, then 1 for the signal.

    Without the last column, as in the black boxes, jets are of the process "unknown". A jet's event is the row of the
    frame.
    """
    with open_hdf5(path) as file, told(path):
        columns = columns_of(path, file, "df")
        if not columns or columns[0].width not in (_WIDTH, _WIDTH + 1) or columns[0].dtype.kind != "f":
            raise EdgeoodError(
                f"{path} has no frame 'df' of 2100 or 2101 numbers; choose a file of this data set."
            )
        frame = columns[0]
        for rows in blocks(frame.count, max(1, batch // JETS), _PARTICLES):
            values = frame.read(rows).astype(np.float64)
            classes = unlabelled(len(values))
            if frame.width > _WIDTH:
                index = of_numbers(path, "label", values[:, _WIDTH], 2, rows.start)
                classes = Classes(index, ("qcd", "signal"), (0, -1))
            yield _jets(path, values[:, :_WIDTH].reshape(-1, _PARTICLES, 3), classes, rows.start)


def _jets(path: Path, particles: NDArray[np.float64], classes: Classes, first: int) -> Jets:
    pt, eta, phi = np.moveaxis(particles, 2, 0)
    present = pt != 0
    _check(
        path,
        present,
        (pt < 0) | (pt > _MOST_PT_GEV) | (np.abs(eta) > 20) | (np.abs(phi) > 8),
        particles,
        first,
    )
    momenta = four_momenta(pt[present], eta[present], phi[present])
    made = leading_jets(path, momenta, present.sum(axis=1), RADIUS, LEAST_PT_GEV, JETS)
    return unchecked_jets(
        *(made.of(momenta), classes.index[made.event], classes.names, classes.truth),
        fields={"event": first + made.event},
        source=str(path),
    )


def _check(path: Path, present: Any, wrong: Any, particles: NDArray[np.float64], first: int) -> None:
    """Raise :class:`EdgeoodError` about the first particle that is none: no jet may be made of it."""
    bad = present & (wrong | ~np.isfinite(particles).all(axis=2))
    if bad.any():
        row, entry = map(int, np.argwhere(bad)[0])
        raise EdgeoodError(
            f"{path}: event {first + row} has a particle with pT, η, φ = {particles[row, entry].tolist()}; "
            "it should be in GeV and radians."
        )


def _recognise(path: Path) -> bool:
    shape = shape_of(path, "df")
    return shape is not None and shape[1] in (_WIDTH, _WIDTH + 1)


READER = Reader(
    "LHC Olympics 2020 (Zenodo 4536377, 4536624)",
    "hdf5",
    _recognise,
    iterate,
    tells_events=always,
    truth="background, signal of the event; none in the black boxes",
    lacks="identities; masses of particles; jets are clustered here (anti-kT, R = 1, the two leading above 200 GeV)",
)
