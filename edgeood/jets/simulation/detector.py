"""Parametrised detector response: stable particles in, particle-flow objects out.

A CMS-like detector after the CMS card of Delphes 3 (de Favereau et al., JHEP 02 (2014) 057): charged
particles leave tracks (:mod:`edgeood.jets.simulation.tracking`), everything but neutrinos and muons showers
(:mod:`edgeood.jets.simulation.calorimeter`), and what the tracks do not explain becomes a photon or a neutral hadron.
No pile-up, no displaced vertices; particles beyond |η| = 3 are not simulated.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeood.jets.layout import CHARGED_HADRON, ELECTRON, MUON
from edgeood.jets.simulation.calorimeter import ECAL, HCAL, Calorimeter, Deposits, Neutrals, energy_flow
from edgeood.jets.simulation.tracking import bent_phi, efficiency, log_normal, relative_resolution

Floats = NDArray[np.float64]

ACCEPTANCE = 3.0
"""Largest |η| of a particle that is simulated."""
MASSES = {CHARGED_HADRON: 0.13957, ELECTRON: 0.000511, MUON: 0.10566}
"""GeV, what particle flow takes a track of that kind for."""
_V0_ECAL_SHARE = 0.3
"""Share of K0S and Λ energy in the electromagnetic calorimeter."""


@dataclass(frozen=True)
class Particles:
    """Stable, visible particles sorted by event. All (N,); GeV."""

    event: NDArray[np.int64]
    pdg: NDArray[np.int32]
    charge: NDArray[np.int8]
    px: Floats
    py: Floats
    pz: Floats
    energy: Floats


@dataclass(frozen=True)
class Objects:
    """Particle-flow objects sorted by event. All (M,); GeV; ``kind`` as in the jet format."""

    event: NDArray[np.int64]
    px: Floats
    py: Floats
    pz: Floats
    energy: Floats
    kind: NDArray[np.int8]
    charge: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.event)


def respond(
    particles: Particles,
    rng: np.random.Generator,
    calorimeters: tuple[Calorimeter, Calorimeter] = (ECAL, HCAL),
) -> Objects:
    """What the detector makes of these particles; ``calorimeters`` are the electromagnetic and the hadronic one."""
    pt = np.hypot(particles.px, particles.py)
    eta = np.arcsinh(particles.pz / np.maximum(pt, 1e-9))
    phi = np.arctan2(particles.py, particles.px)
    pdg = np.abs(particles.pdg)
    electron, muon = pdg == 11, pdg == 13
    charged = particles.charge != 0

    found = charged & (rng.random(len(pt)) < efficiency(pt, eta, electron, muon))
    rows = np.flatnonzero(found)
    track_of = np.full(len(pt), -1)
    track_of[rows] = np.arange(len(rows))
    relative = relative_resolution(pt[rows], eta[rows])
    track_pt = log_normal(pt[rows], relative * pt[rows], rng)
    track_energy = track_pt * np.cosh(eta[rows])

    # Photons and electrons shower in the first calorimeter, hadrons in the second, K0S and Λ in both.
    entry_phi, reaches = bent_phi(pt, phi, particles.charge)
    electromagnetic = electron | (pdg == 22)
    ecal_share = np.where(electromagnetic, 1.0, np.where((pdg == 310) | (pdg == 3122), _V0_ECAL_SHARE, 0.0))
    hcal_share = np.where(muon, 0.0, 1.0 - ecal_share)
    inside = reaches & (np.abs(eta) < ACCEPTANCE)
    neutrals = []
    for calorimeter, share in zip(calorimeters, (ecal_share, hcal_share), strict=True):
        hit = inside & (share > 0)
        deposits = Deposits(
            particles.event[hit], eta[hit], entry_phi[hit], share[hit] * particles.energy[hit], track_of[hit]
        )
        found_here, scale = energy_flow(calorimeter, deposits, track_energy, relative * track_energy, rng)
        track_pt = track_pt * scale
        neutrals.append((calorimeter.kind, found_here))

    kind = np.where(electron[rows], ELECTRON, np.where(muon[rows], MUON, CHARGED_HADRON)).astype(np.int8)
    mass = np.array([MASSES.get(code, 0.0) for code in range(6)])[kind]
    pz = track_pt * np.sinh(eta[rows])
    tracks = Objects(
        particles.event[rows],
        track_pt * np.cos(phi[rows]),
        track_pt * np.sin(phi[rows]),
        pz,
        np.sqrt(track_pt**2 + pz**2 + mass**2),
        kind,
        particles.charge[rows],
    )
    return _joined([tracks, *(_massless(code, found_here) for code, found_here in neutrals)])


def _massless(kind: int, neutrals: Neutrals) -> Objects:
    pt = neutrals.energy / np.cosh(neutrals.eta)
    return Objects(
        neutrals.event,
        pt * np.cos(neutrals.phi),
        pt * np.sin(neutrals.phi),
        pt * np.sinh(neutrals.eta),
        neutrals.energy,
        np.full(len(pt), kind, np.int8),
        np.zeros(len(pt), np.int8),
    )


def _joined(parts: list[Objects]) -> Objects:
    order = np.argsort(np.concatenate([part.event for part in parts]), kind="stable")
    fields = ("event", "px", "py", "pz", "energy", "kind", "charge")
    return Objects(*(np.concatenate([getattr(part, field) for part in parts])[order] for field in fields))
