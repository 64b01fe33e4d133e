"""What the benchmark is meant to reach, and how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.physics.row_tables import markdown_table
from benchmarks.physics.rows import Row, compared
from benchmarks.physics.systems import UNSEEN
from edgeood.evaluation.labels import FLATTENED

Quantity = Literal["auroc", "spearman_mass", "jsd", "wasserstein_gev", "efficiency"]
"""A field of :class:`~benchmarks.physics.rows.Row`, or the signal's efficiency at a trigger's ε_B of 1 %."""
_DIGITS = {"wasserstein_gev": 1, "efficiency": 1}
_UNITS = {"jsd": " bit", "wasserstein_gev": " GeV", "efficiency": " %"}


@dataclass(frozen=True)
class Goal:
    """Bounds of one quantity of one system's score, one for each signal."""

    what: str
    system: str
    score: str
    quantity: Quantity
    signals: tuple[str, ...]
    bounds: tuple[float, ...] = ()
    """Empty where the quantity is only stated."""
    source: str = ""

    @property
    def smaller_is_better(self) -> bool:
        """Whether the bounds are from above, and of the magnitude."""
        return self.quantity in ("spearman_mass", "jsd", "wasserstein_gev")


_PROBABILITY, _DISTANCE, _LOGIT = "minus_p_background", "mahalanobis_background", "max_logit"
_BOTH = "odds_and_distance"
_MOMENTA, _IDENTITIES, _B = "particlenet-augmented", "identity-augmented", ("top_1tev",)
_OF_IDENTITIES = "Set A, identities, one ParticleNet, −p_QCD flattened in mass"
_OF_BOTH = "Set A, identities, one ParticleNet, log-odds and distance flattened in mass"
_OF_MOMENTA = "Set A, momenta alone, one ParticleNet, −p_QCD"
_OF_NURD = "Set B, one NuRD, max-logit"

GOALS = (
    Goal(
        f"{_OF_IDENTITIES}: AUROC", _IDENTITIES, _PROBABILITY + FLATTENED, "auroc", UNSEEN, (0.96, 0.93, 0.87)
    ),
    Goal(
        f"{_OF_IDENTITIES}: ε_S at ε_B = 1 %", _IDENTITIES, _PROBABILITY + FLATTENED, "efficiency", UNSEEN
    ),
    Goal(f"{_OF_BOTH}: AUROC", _IDENTITIES, _BOTH + FLATTENED, "auroc", UNSEEN, (0.96, 0.93, 0.87)),
    Goal(f"{_OF_BOTH}: ε_S at ε_B = 1 %", _IDENTITIES, _BOTH + FLATTENED, "efficiency", UNSEEN),
    Goal(f"{_OF_MOMENTA}: AUROC", _MOMENTA, _PROBABILITY, "auroc", UNSEEN, (0.937, 0.824, 0.846), "CC22"),
    Goal(f"{_OF_MOMENTA}: ρ(score, mass)", _MOMENTA, _PROBABILITY, "spearman_mass", UNSEEN[:1], (0.05,)),
    Goal(
        f"{_OF_MOMENTA}, or flattened in mass: AUROC", _MOMENTA, _PROBABILITY + FLATTENED, "auroc", UNSEEN,
        (0.93, 0.82, 0.84),
    ),
    Goal(
        "Set A, momenta alone, one ParticleNet, decorrelated, Mahalanobis to QCD: AUROC", _MOMENTA, _DISTANCE,
        "auroc", UNSEEN, (0.931, 0.757, 0.836), "CC22",
    ),
    Goal(f"{_OF_NURD}: AUROC", "nurd", _LOGIT, "auroc", _B, (0.93,)),
    Goal(f"{_OF_NURD}: JSD at one half", "nurd", _LOGIT, "jsd", _B, (0.05,)),
    Goal(f"{_OF_NURD}: W₂ at one half", "nurd", _LOGIT, "wasserstein_gev", _B, (16,)),
    Goal(f"{_OF_NURD}, flattened in mass: AUROC", "nurd", _LOGIT + FLATTENED, "auroc", _B, (0.83,)),
)  # fmt: skip
LARGEST_GAPS = {0.015: 12, 0.05: 2}
"""How far AUROCs may be below the published ones → how many may be further."""


def goals_table(rows: Sequence[Row]) -> str:
    """Each goal beside what the rows reach, in bold where that is the goal; "—" where there are no rows."""
    lines = [[goal.what, _reached(goal, rows), _bounds(goal)] for goal in GOALS]
    beside = compared(rows)
    for gap, most in LARGEST_GAPS.items():
        further = sum(above < -gap for _, above in beside)
        reached = f"{_marked(str(further), further <= most)} of {len(beside)}" if beside else "—"
        lines.append([f"Published AUROCs that ours are more than {gap:g} below", reached, f"≤ {most}"])
    signals = "Three numbers are of " + ", ".join(UNSEEN) + ", in this order. Bold: reached."
    return f"{signals}\n\n" + markdown_table(["what", "reached", "goal"], lines, words=3)


def _reached(goal: Goal, rows: Sequence[Row]) -> str:
    own = {row.signal: row for row in rows if (row.system, row.score) == (goal.system, goal.score)}
    if not own:
        return "—"
    texts = []
    for number, signal in enumerate(goal.signals):
        value = _value(own[signal], goal.quantity)
        bound = goal.bounds[number] if goal.bounds else None
        texts.append("–" if value is None else _marked(_text(goal, value), _is_met(goal, value, bound)))
    return " / ".join(texts) + _UNITS.get(goal.quantity, "")


def _value(row: Row, quantity: Quantity) -> float | None:
    if quantity == "efficiency":
        share = row.at_working_points["0.01"]["efficiency"][0]
        return None if share is None else 100 * float(share)
    value: float | None = getattr(row, quantity)
    return value


def _is_met(goal: Goal, value: float, bound: float | None) -> bool:
    if bound is None:
        return False
    return abs(value) <= bound if goal.smaller_is_better else value >= bound


def _bounds(goal: Goal) -> str:
    if not goal.bounds:
        return "stated"
    sign = "≤" if goal.smaller_is_better else "≥"
    sign = f"\\|ρ\\| {sign}" if goal.quantity == "spearman_mass" else sign
    source = f" [{goal.source}]" if goal.source else ""
    return f"{sign} {' / '.join(_text(goal, bound) for bound in goal.bounds)}{_UNITS.get(goal.quantity, '')}{source}"


def _text(goal: Goal, value: float) -> str:
    return f"{value:.{_DIGITS.get(goal.quantity, 3)}f}"


def _marked(text: str, is_met: bool) -> str:
    return f"**{text}**" if is_met else text
