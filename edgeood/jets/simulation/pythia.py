"""Pythia 8 set up for one process, with vetoes that stop hopeless events early."""

from collections.abc import Sequence
from typing import Any

import awkward
import numpy as np
import pythia8mc
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.simulation.detector import ACCEPTANCE, Particles
from edgeood.jets.simulation.processes import FAST_SETTINGS, Process
from edgeood.jets.simulation.truth import Origins

_NEUTRINOS = (12, 14, 16)
_HARDEST_PROCESS = -23
"""Pythia's status of outgoing particles of the hardest process."""


class EarlyVeto(pythia8mc.UserHooks):
    """Stop events whose jets would miss the selection.

    At process level (0.04 ms instead of 6 ms an event) when no heavy particle lies in ``hard_pt``; for QCD
    when the shower has come down to 20 GeV and neither of the two leading parton jets lies in
    ``parton_jet_pt``, which loses about 2 % of the jets that would have been accepted.
    """

    _SHOWER_SCALE = 20.0
    _JETS_LOOKED_AT = 2

    def __init__(self, process: Process) -> None:
        pythia8mc.UserHooks.__init__(self)
        self._hard = process.hard_pt
        self._parton_jets = process.parton_jet_pt
        if self._parton_jets is not None:
            anti_kt, visible_and_partons, massive = -1, 1, 1
            radius, largest_eta = process.selection.radius, 25.0
            self._clustering = pythia8mc.SlowJet(
                anti_kt, radius, self._parton_jets[0], largest_eta, visible_and_partons, massive
            )

    def canVetoProcessLevel(self) -> bool:
        return self._hard is not None

    def doVetoProcessLevel(self, process: Any) -> bool:
        pdg, low, high = self._hard  # type: ignore[misc]
        return not any(
            abs(process[row].id()) == pdg and low < process[row].pT() < high
            for row in range(5, process.size())
        )

    def canVetoPT(self) -> bool:
        return self._parton_jets is not None

    def scaleVetoPT(self) -> float:
        return self._SHOWER_SCALE

    def doVetoPT(self, position: int, event: Any) -> bool:
        after_the_first_showers = 3
        if position > after_the_first_showers:
            return False
        self._clustering.analyze(event)
        high = self._parton_jets[1]  # type: ignore[index]
        leading = range(min(self._JETS_LOOKED_AT, self._clustering.sizeJet()))
        return not any(self._clustering.pT(row) < high for row in leading)


class Generator:
    """Pythia for one process and seed (1 to 900 000 000).

    Raises :class:`EdgeoodError` if Pythia refuses a setting or cannot start.
    """

    def __init__(self, process: Process, seed: int, extra: Sequence[str] = (), fast: bool = False) -> None:
        self._pythia = pythia8mc.Pythia("", False)
        for setting in (
            *process.all_settings, f"Random:seed={seed}", *extra, *(FAST_SETTINGS if fast else ())
        ):  # fmt: skip
            if not self._pythia.readString(setting):
                raise EdgeoodError(
                    f"Pythia refuses '{setting}' of process {process.name}; correct it if it is of the sample's own "
                    "'pythia', or install pythia8mc 8.317."
                )
        # Pythia does not keep its hooks alive: without this reference the veto would silently be off.
        self._veto = None
        if process.hard_pt is not None or process.parton_jet_pt is not None:
            self._veto = EarlyVeto(process)
            self._pythia.setUserHooksPtr(self._veto)
        if not self._pythia.init():
            raise EdgeoodError(f"Pythia does not start for process {process.name}; install pythia8mc 8.317.")
        self._charges: dict[int, int] = {}

    def batch(self, events: int) -> Any:
        """Make up to ``events`` events: an awkward array, failed ones left out."""
        return self._pythia.nextBatch(events)

    def unpack(self, batch: Any, contains: tuple[int, ...]) -> tuple[Particles, Origins]:
        """Visible particles within the detector, and what jets may come from.

        Origins are the last copies of particles with one of these |PDG id|, or without any the outgoing
        partons of the hardest process.
        """
        record = batch.prt
        counts = awkward.to_numpy(awkward.num(record))
        flat = awkward.flatten(record)
        event = np.repeat(np.arange(len(counts)), counts)
        pdg, status = awkward.to_numpy(flat.id), awkward.to_numpy(flat.status)
        px, py, pz, energy = (awkward.to_numpy(flat.p[axis]) for axis in ("px", "py", "pz", "e"))

        forward = np.sinh(ACCEPTANCE)
        visible = np.flatnonzero((status > 0) & (np.abs(pz) < forward * np.hypot(px, py)))
        visible = visible[~np.isin(np.abs(pdg[visible]), _NEUTRINOS)]
        particles = Particles(
            event[visible],
            pdg[visible],
            self._charges_of(pdg[visible]),
            *(values[visible] for values in (px, py, pz, energy)),
        )

        if contains:
            # A W from a W′ never gets the status of a last copy: look at the first daughter instead.
            rows = np.flatnonzero(np.isin(np.abs(pdg), contains))
            first_daughter = (
                awkward.to_numpy(flat.daughter1)[rows] + (np.cumsum(counts) - counts)[event[rows]]
            )
            rows = rows[pdg[first_daughter] != pdg[rows]]
        else:
            rows = np.flatnonzero(status == _HARDEST_PROCESS)
        pt = np.maximum(np.hypot(px[rows], py[rows]), 1e-9)
        origins = Origins(
            event[rows],
            pdg[rows],
            np.arcsinh(pz[rows] / pt),
            np.arctan2(py[rows], px[rows]),
            awkward.to_numpy(flat.m)[rows],
        )
        return particles, origins

    def _charges_of(self, pdg: NDArray[np.int32]) -> NDArray[np.int8]:
        codes, index = np.unique(pdg, return_inverse=True)
        for code in codes.tolist():
            if code not in self._charges:
                self._charges[code] = round(self._pythia.particleData.charge(code))
        return np.array([self._charges[code] for code in codes.tolist()], np.int8)[index]
