"""Published results, to stand beside ours.

CC22: T. Cheng, A. Courville, JHEP 10 (2022) 152, arXiv:2201.07199, tables 1, 2, 3, 6 and §4.2: set A, signals
told from QCD; errors are over ten trainings (where the paper prints none, below 0.001 or one training).
GZ24: A. Gandrakota et al., arXiv:2401.08777, table 1: set B, top told from QCD; no errors are given.

GZ24 call their first sculpting measure "Jensen–Shannon divergence", without a base or a binning. If half of the jets
are kept it cannot exceed 0.311 bits, nor W₂ 29 GeV for the QCD spectrum of our set B, where GZ24's VAE has 34: their
spectrum is wider. Scores that move ours by 18 and 25 GeV have divergences of 0.05 and 0.14 and distances (square
roots, what SciPy's ``jensenshannon`` returns) of 0.23 and 0.38; GZ24's 0.118 and 0.168, at 19 and 24 GeV, lie between.
They are filed as ``js_distance``, the reading that asks more of us.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Measured = tuple[float, float | None]
"""Value and error, None where the paper gives no error."""


@dataclass(frozen=True)
class PublishedResult:
    """One line of a paper's table, with the measure names of :mod:`edgeood.evaluation.score_metrics`."""

    source: str
    """CC22 or GZ24."""
    model: str
    score: str
    decorrelated: bool
    """Whether training was made blind to jet mass."""
    detection: Mapping[str, Mapping[str, Measured]]
    """Process told from QCD (names of :mod:`edgeood.jets.simulation.processes`) → measure → result."""
    sculpting: Mapping[str, Measured] = field(default_factory=dict)
    """Measure → result, at a background efficiency of 0.5."""

    @property
    def label(self) -> str:
        """How a table names the line."""
        return f"{self.source} {self.model}, {self.score}"


def published_for(process: str) -> list[PublishedResult]:
    """The published lines about a signal process; none for one that was never published."""
    return [result for result in PUBLISHED if process in result.detection]


def _cc22(
    model: str,
    score: str,
    decorrelated: bool,
    aucs: str,
    processes: tuple[str, ...] = ("higgs_h20", "higgs_h80", "top_w20"),
    best: Mapping[str, Measured] | None = None,
) -> PublishedResult:
    """``aucs`` of the processes, ``.937(1)`` for 0.937 ± 0.001; ``best`` are other measures of the first."""
    detection: dict[str, dict[str, Measured]] = {}
    for process, text in zip(processes, aucs.split(), strict=True):
        digits, _, error = text.rstrip(")").partition("(")
        detection[process] = {"auroc": (float(digits), int(error) / 1000 if error else None)}
    detection[processes[0]] |= best or {}
    return PublishedResult("CC22", model, score, decorrelated, detection)


def _gz24(
    model: str,
    score: str,
    decorrelated: bool,
    auroc: float,
    js_distance: float,
    wasserstein: float,
    sic: float,
) -> PublishedResult:
    return PublishedResult(
        "GZ24",
        model,
        score,
        decorrelated,
        {"top_1tev": {"auroc": (auroc, None), "max_sic": (sic, None)}},
        {"js_distance": (js_distance, None), "wasserstein_gev": (wasserstein, None)},
    )


PUBLISHED = (
    _cc22("QCD/W ParticleNet", "−p_QCD", False, ".979 .783", ("w", "top")),
    _cc22("QCD/W ParticleNet, mass-augmented", "−p_QCD", True, ".958 .860", ("w", "top")),
    _cc22("QCD/top ParticleNet", "−p_QCD", False, ".966 .891", ("top", "w")),
    _cc22("QCD/top ParticleNet, mass-augmented", "−p_QCD", True, ".876 .915", ("top", "w")),
    _cc22("ParticleNet", "−p_QCD", False, ".782(4) .872(1) .768(4)"),
    _cc22("ParticleNet", "Mahalanobis", False, ".840(8) .856(6) .815(8)"),
    _cc22("ensemble of 10", "−p_QCD", False, ".786(1) .878 .774(1)"),
    _cc22("ensemble of 10", "Mahalanobis", False, ".848(1) .866(1) .824(1)"),
    _cc22("OVA-AVA", "−p_QCD", False, ".784(2) .876(1) .772(2)"),
    _cc22("OVA-AVA", "Mahalanobis", False, ".852(5) .861(3) .822(4)"),
    _cc22("SNGP", "−p_QCD", False, ".786(4) .875(1) .777(3)"),
    _cc22("SNGP", "Mahalanobis", False, ".834(5) .860(6) .819(5)"),
    _cc22("FCN", "−p_QCD", False, ".715 .857 .742"),
    _cc22("FCN", "Mahalanobis", False, ".747 .730 .773"),
    _cc22("OE-VAE", "anomaly score", True, ".744 .625 .721"),
    _cc22("DisCo λ=100", "−p_QCD", True, ".595 .740 .648"),
    _cc22("DisCo λ=100", "Mahalanobis", True, ".645 .745 .681"),
    _cc22("ParticleNet, mass-augmented", "−p_QCD", True, ".937(1) .824(1) .846(2)"),
    _cc22("ParticleNet, mass-augmented", "Mahalanobis", True, ".931(5) .757(12) .836(8)"),
    _cc22(
        "ensemble of 10, mass-augmented",
        "−p_QCD",
        True,
        ".940 .828 .849",
        best={"rejection50": (51.0, None), "sic50": (3.6, None)},
    ),
    _cc22("ensemble of 10, mass-augmented", "Mahalanobis", True, ".941(1) .770(4) .851(1)"),
    _cc22("OVA-AVA, mass-augmented", "−p_QCD", True, ".938(1) .825(1) .848(1)"),
    _cc22("OVA-AVA, mass-augmented", "Mahalanobis", True, ".933(4) .746(13) .831(6)"),
    _cc22("SNGP, mass-augmented", "−p_QCD", True, ".936(1) .820(1) .846(1)"),
    _cc22("SNGP, mass-augmented", "Mahalanobis", True, ".920(4) .793(6) .833(7)"),
    _gz24("VAE", "anomaly score", False, 0.881, 0.255, 34.3, 2.03),
    _gz24("NuRD", "max-logit", True, 0.914, 0.168, 24.4, 2.32),
    _gz24("NuRD", "Mahalanobis", True, 0.884, 0.118, 19.1, 2.23),
)
