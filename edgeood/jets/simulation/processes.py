"""The physics processes as data: what Pythia 8 is told, and which of its jets are kept.

Set A follows Cheng & Courville, JHEP 10 (2022) 152 [CC22]; set B the hls4ml LHC jets (Zenodo 3602260) that
Gandrakota et al., arXiv:2401.08777 [GZ24], use. All masses and momenta in GeV; 13 TeV proton collisions.
"""

from dataclasses import dataclass

from edgeood.errors import EdgeoodError
from edgeood.suggestions import suggestion

COMMON_SETTINGS = (
    "Print:quiet=on",
    "Next:numberCount=0",
    "Next:numberShowInfo=0",
    "Next:numberShowProcess=0",
    "Next:numberShowEvent=0",
    "Beams:eCM=13000.",
    "Random:setSeed=on",
    # K0S and Λ live long enough to reach the detector.
    "ParticleDecays:limitTau0=on",
    "ParticleDecays:tau0Max=10.",
)
FAST_SETTINGS = ("PartonLevel:MPI=off",)
"""Without multiparton interactions events are 2.5 to 6.5 times faster to make, and too clean."""


@dataclass(frozen=True)
class JetSelection:
    """Anti-kT jets (radius R) of which the two leading ones of an event are kept inside a window."""

    radius: float
    pt_min: float
    pt_max: float
    eta_max: float


@dataclass(frozen=True)
class MassScan:
    """Several runs in one shard, the top mass log-uniform and stratified between two limits."""

    low: float
    high: float
    runs: int


@dataclass(frozen=True)
class Process:
    """One physics process.

    ``code`` numbers it for good (random seeds and event numbers depend on it); ``label`` is the truth class.
    ``contains``: a jet must hold the last copy of a particle with one of these |PDG id|, within 0.75 R.
    ``partons`` / ``not_partons``: |PDG id| that the nearest hard parton within R/2 must / must not have.
    ``hard_pt``: (|PDG id|, low, high), events whose hard process has no such particle are stopped at once.
    ``parton_jet_pt``: (low, high), events without a leading parton jet inside are stopped after the shower.
    """

    name: str
    code: int
    label: int
    description: str
    settings: tuple[str, ...]
    selection: JetSelection
    pt_hat: tuple[float, float] | None = None
    contains: tuple[int, ...] = ()
    partons: tuple[int, ...] = ()
    not_partons: tuple[int, ...] = ()
    hard_pt: tuple[int, float, float] | None = None
    parton_jet_pt: tuple[float, float] | None = None
    scan: MassScan | None = None

    @property
    def all_settings(self) -> tuple[str, ...]:
        """Everything Pythia is told, but for the seed, the scanned masses and MPI."""
        window = () if self.pt_hat is None else self.pt_hat
        limits = [
            f"PhaseSpace:pTHat{end}={value:g}" for end, value in zip(("Min", "Max"), window, strict=False)
        ]
        return (*COMMON_SETTINGS, *self.settings, *limits)


def forced_mass(pdg: int, mass: float, width: float, low: float = 0.0, high: float = 0.0) -> tuple[str, ...]:
    """Settings that give a particle this mass and width, whatever Pythia would compute for its width.

    The Breit–Wigner is cut at ``low`` and ``high``, by default 10 % from the mass.
    """
    return (
        f"{pdg}:doForceWidth=on",
        f"{pdg}:m0={mass:.6g}",
        f"{pdg}:mWidth={width:.6g}",
        f"{pdg}:mMin={low or 0.9 * mass:.6g}",
        f"{pdg}:mMax={high or 1.1 * mass:.6g}",
    )


_HADRONIC_W = ("24:onMode=off", "24:onIfAny=1 2 3 4 5")
_HADRONIC_Z = ("23:onMode=off", "23:onIfAny=1 2 3 4 5")
# Breit–Wigner cuts at 15 widths, as MadGraph, which both papers used, makes them.
_MASS_CUTS = ("24:mMin=50", "24:mMax=112", "23:mMin=54", "23:mMax=128", "6:mMin=152", "6:mMax=194")
_QUARK_PAIRS = tuple(
    f"HardQCD:{name}=on" for name in ("gg2qqbar", "qq2qq", "qqbar2qqbarNew", "gg2ccbar", "qqbar2ccbar")
)
_GLUON_PAIRS = ("HardQCD:gg2gg=on", "HardQCD:qqbar2gg=on")
_WPRIME = (
    "NewGaugeBoson:ffbar2Wprime=on",
    *("34:m0=1250.", "34:mMin=1000.", "34:mMax=1500.", "Wprime:coup2WZ=1."),
    *("34:onMode=off", "34:onIfMatch=24 23", "23:onMode=off", "23:onIfAny=12 14 16"),
    *_HADRONIC_W,
)
_ZPRIME = (
    *(
        "NewGaugeBoson:ffbar2gmZZprime=on",
        "Zprime:gmZmode=3",
        "32:m0=1500.",
        "32:mMin=1200.",
        "32:mMax=1800.",
    ),
    *("32:onMode=off", "32:onIfAny=6"),
    *_HADRONIC_W,
)


def _double_higgs(mass: float) -> tuple[str, ...]:
    """H(174) → hh → 4b. H and A are made in pairs; both are given the same mass and the one decay."""
    return (
        *("Higgs:useBSM=on", "HiggsBSM:ffbar2A3H2=on"),
        *forced_mass(25, mass, 0.01),
        "25:oneChannel=1 1. 100 5 -5",
        *(line for heavy in (35, 36) for line in forced_mass(heavy, 174.0, 0.5)),
        *(f"{heavy}:oneChannel=1 1. 100 25 25" for heavy in (35, 36)),
    )


_A = JetSelection(radius=1.0, pt_min=550.0, pt_max=650.0, eta_max=2.0)
# The radius is that of the public hls4ml LHC jets, which GZ24 trained on: none has more than a stray constituent
# beyond 0.4 (benchmarks/results/hls4ml_jets.md). The pT window spans theirs.
_B = JetSelection(radius=0.4, pt_min=500.0, pt_max=1800.0, eta_max=2.0)
_B_PT_HAT = (990.0, 1010.0)
_W_PT = (24, 510.0, 690.0)
_TOP_PT = (6, 530.0, 820.0)

_ALL = (
    Process(
        "qcd", 0, 0, "QCD dijets of u, d, c, s and gluons",
        (*_QUARK_PAIRS, *_GLUON_PAIRS, "HardQCD:qg2qg=on"), _A,
        # From 500 GeV up, 29 % of the accepted jets would be lost.
        pt_hat=(350.0, 900.0), not_partons=(5,), parton_jet_pt=(510.0, 690.0),
    ),
    Process(
        "w", 1, 1, "W′(1250) → WZ, W → qq′, Z → νν", (*_WPRIME, *_MASS_CUTS), _A,
        contains=(24,), hard_pt=_W_PT,
    ),
    Process(
        "top", 2, 2, "Z′(1500) → tt̄, hadronic W", (*_ZPRIME, *_MASS_CUTS), _A,
        contains=(6,), hard_pt=_TOP_PT,
    ),
    Process(
        "higgs_h20", 3, 10, "H(174) → hh → 4b with m_h = 20", _double_higgs(20.0), _A,
        pt_hat=(600.0, 800.0), contains=(35, 36),
    ),
    Process(
        "higgs_h80", 4, 11, "H(174) → hh → 4b with m_h = 80", _double_higgs(80.0), _A,
        pt_hat=(600.0, 800.0), contains=(35, 36),
    ),
    Process(
        # Without forced widths Pythia would give this top a width of 25 GeV.
        "top_w20", 5, 12, "Z′(1500) → tt̄ with m_W = 20",
        (*_ZPRIME, *forced_mass(6, 174.0, 1.4, 152.0, 194.0), *forced_mass(24, 20.0, 0.5)), _A,
        contains=(6,), hard_pt=_TOP_PT,
    ),
    Process(
        # One very wide W covers the QCD mass spectrum in a single run.
        "w_augmented", 6, 1, "W with masses of 12 to 320, spread as QCD's jet mass",
        (*_WPRIME, *forced_mass(24, 60.0, 150.0, 12.0, 320.0)), _A, contains=(24,), hard_pt=_W_PT,
    ),
    Process(
        "top_augmented", 7, 2, "top with masses of 18 to 320, the W's scaled along below 100",
        _ZPRIME, _A, contains=(6,), hard_pt=_TOP_PT, scan=MassScan(18.0, 320.0, 8),
    ),
    Process(
        "quark", 8, 0, "quark jets of 1 TeV", _QUARK_PAIRS, _B,
        pt_hat=_B_PT_HAT, partons=(1, 2, 3, 4, 5),
    ),
    Process("gluon", 9, 0, "gluon jets of 1 TeV", _GLUON_PAIRS, _B, pt_hat=_B_PT_HAT, partons=(21,)),
    Process(
        "w_1tev", 10, 1, "W of 1 TeV from WW", ("WeakDoubleBoson:ffbar2WW=on", *_HADRONIC_W, *_MASS_CUTS), _B,
        pt_hat=_B_PT_HAT, contains=(24,),
    ),
    Process(
        "z_1tev", 11, 3, "Z of 1 TeV from ZZ",
        ("WeakDoubleBoson:ffbar2gmZgmZ=on", "WeakZ0:gmZmode=2", *_HADRONIC_Z, *_MASS_CUTS), _B,
        pt_hat=_B_PT_HAT, contains=(23,),
    ),
    Process(
        "top_1tev", 12, 2, "top of 1 TeV from tt̄",
        ("Top:gg2ttbar=on", "Top:qqbar2ttbar=on", *_HADRONIC_W, *_MASS_CUTS), _B,
        pt_hat=_B_PT_HAT, contains=(6,),
    ),
)  # fmt: skip

PROCESSES: dict[str, Process] = {process.name: process for process in _ALL}
"""Every process by its name."""

SET_A = tuple(name for name, process in PROCESSES.items() if process.selection is _A)
SET_B = tuple(name for name, process in PROCESSES.items() if process.selection is _B)


def process_named(name: str) -> Process:
    """The process of that name; :class:`EdgeoodError` with the nearest name if there is none."""
    if name in PROCESSES:
        return PROCESSES[name]
    hint = suggestion(name, PROCESSES, f"choose from {', '.join(PROCESSES)}.")
    raise EdgeoodError(f"there is no process '{name}'; {hint}")


def scanned_settings(scan: MassScan, uniform: tuple[float, ...]) -> list[tuple[str, ...]]:
    """Settings of each run of a mass scan, from one number in [0, 1) for each run.

    The W keeps its mass below a top mass of 100; lighter tops get a W scaled by m_W/m_t of nature, or else
    t → bW would close near 85.
    """
    runs = []
    for index, position in enumerate(uniform):
        mass = scan.low * (scan.high / scan.low) ** ((index + position) / scan.runs)
        settings = forced_mass(6, mass, 0.008 * mass)
        scaled = mass * 80.385 / 173.0
        runs.append(
            settings + (forced_mass(24, scaled, 0.01 * mass) if mass < 100 else ("24:mMin=50", "24:mMax=112"))
        )
    return runs
