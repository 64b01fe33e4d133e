"""Jets in memory: two structured arrays, and what their fields are."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError

CHARGED_HADRON, PHOTON, NEUTRAL_HADRON, ELECTRON, MUON = 1, 2, 3, 4, 5
"""Values of a constituent's ``kind``; 0 is unknown (and padding)."""

_TAUS = [(f"tau{n}", "<f4") for n in (1, 2, 3, 4)]
JET_DTYPE = np.dtype(
    [(field, "<f4") for field in ("pt", "eta", "phi", "mass", "energy")]
    + [("label", "i1"), ("process", "i1"), ("n_constituents", "<i2"), ("truth_mass", "<f4"), ("event", "<i8")]
    + [("softdrop_mass", "<f4"), *_TAUS]
)
"""Fields of a jet: GeV, radians; ``process`` is an index into the names of processes."""
CONSTITUENT_DTYPE = np.dtype(
    [(field, "<f4") for field in ("pt", "eta", "phi", "energy")]
    + [("charge", "i1"), ("kind", "i1"), ("valid", "?")]
)
"""Fields of a constituent: GeV, radians; ``valid`` tells it from padding."""
MOST_PROCESSES = int(np.iinfo(JET_DTYPE["process"]).max) + 1
"""Names that the index of a process, one byte, reaches."""
MAY_BE_UNKNOWN = ("truth_mass", "softdrop_mass", "tau1", "tau2", "tau3", "tau4")
"""Fields of jets that are NaN where nobody has computed them."""


def jets_of_momenta(momenta: NDArray[np.float64]) -> NDArray[Any]:
    """(N,) of :data:`JET_DTYPE` with four-momenta (N, 4) as (E, px, py, pz) in GeV; substructure is NaN."""
    energy, px, py, pz = momenta.T
    jets = np.zeros(len(momenta), JET_DTYPE)
    jets["energy"], jets["pt"] = energy, np.hypot(px, py)
    jets["eta"] = np.arcsinh(pz / np.maximum(np.hypot(px, py), 1e-9))
    jets["phi"] = np.arctan2(py, px)
    jets["mass"] = np.sqrt(np.maximum(energy**2 - px**2 - py**2 - pz**2, 0))
    for field in MAY_BE_UNKNOWN:
        jets[field] = np.nan
    return jets


def too_many_processes(count: int) -> str:
    """End of the sentence about more processes than their index reaches."""
    return f"{count} processes, more than {MOST_PROCESSES}; name only those that the jets have, or read fewer files."


@dataclass(frozen=True, eq=False)
class Jets:
    """Jets in memory: GeV and radians; η and φ of constituents are absolute, not relative to the jet."""

    jets: NDArray[Any]
    """(N,) of :data:`JET_DTYPE`; truth_mass, softdrop_mass and tau1…4 are NaN where they are not known."""
    constituents: NDArray[Any]
    """(N, P) of :data:`CONSTITUENT_DTYPE`, falling in pT; padding is zero."""
    processes: tuple[str, ...]
    """Names that ``jets["process"]`` indexes."""

    def __len__(self) -> int:
        return len(self.jets)

    def __getitem__(self, which: Any) -> "Jets":
        """Jets by a slice, a boolean mask (N,), or an array of rows."""
        if isinstance(which, int | np.integer):
            which = [which]
        return Jets(self.jets[which], self.constituents[which], self.processes)

    @property
    def process_names(self) -> NDArray[np.str_]:
        """(N,) name of each jet's process."""
        result: NDArray[np.str_] = np.array(self.processes, dtype=np.str_)[self.jets["process"]]
        return result

    @staticmethod
    def concatenate(parts: Iterable["Jets"]) -> "Jets":
        """All jets of ``parts`` in order; process tables are merged, constituents padded to the widest.

        Raises :class:`EdgeoodError` if the tables together name more than :data:`MOST_PROCESSES`.
        """
        parts = list(parts)
        if not parts:
            raise ValueError("there are no jets to concatenate")
        names = tuple(dict.fromkeys(name for part in parts for name in part.processes))
        if len(names) > MOST_PROCESSES:
            raise EdgeoodError(f"the files together name {too_many_processes(len(names))}")
        constituents = np.zeros(
            (sum(map(len, parts)), max(part.constituents.shape[1] for part in parts)), CONSTITUENT_DTYPE
        )
        row = 0
        for part in parts:
            constituents[row : row + len(part), : part.constituents.shape[1]] = part.constituents
            row += len(part)
        jets = np.concatenate([_renumbered(part.jets, part.processes, names) for part in parts])
        return Jets(jets, constituents, names)


def _renumbered(jets: NDArray[Any], old: tuple[str, ...], new: tuple[str, ...]) -> NDArray[Any]:
    jets = jets.copy()
    jets["process"] = np.array([new.index(name) for name in old], np.int8)[jets["process"]]
    return jets
