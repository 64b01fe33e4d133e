"""How tables and figures name scores, classes and processes: the one place to add a name for people."""

from typing import NamedTuple

FLATTENED = "_flattened"
"""Ending of the names of scores that are compared with the background's of the same mass."""


class ScoreLabel(NamedTuple):
    """A score's name in a table or legend, and what its values are, for an axis."""

    name: str
    quantity: str


SCORES = {
    "max_logit": ScoreLabel("max-logit", "minus the largest logit"),
    "minus_p_background": ScoreLabel("−p(background)", "log-odds against background"),
    "energy": ScoreLabel("energy", "free energy of the logits"),
    "mahalanobis": ScoreLabel("Mahalanobis", "squared Mahalanobis distance"),
    "mahalanobis_diagonal": ScoreLabel("diagonal Mahalanobis", "squared diagonal Mahalanobis distance"),
    "mahalanobis_background": ScoreLabel(
        "Mahalanobis to background", "squared Mahalanobis distance to background"
    ),
    "odds_and_distance": ScoreLabel("log-odds and distance", "log-odds and distance, standardised"),
    "relative_mahalanobis": ScoreLabel("relative Mahalanobis", "relative squared Mahalanobis distance"),
    "nearest_neighbours": ScoreLabel("nearest neighbours", "distance to the k-th neighbour"),
}
_JETS = {
    "qcd": "QCD",
    "wz": "W/Z",
    "w": "W",
    "z": "Z",
    "w_1tev": "W",
    "z_1tev": "Z",
    "top_1tev": "top",
    "higgs_h20": "H → hh, $m_h$ = 20 GeV",
    "higgs_h80": "H → hh, $m_h$ = 80 GeV",
    "top_w20": "top, $m_W$ = 20 GeV",
}


def score_label(name: str) -> str:
    """How a table or a legend names a score."""
    if name.endswith(FLATTENED):
        return f"{score_label(name.removesuffix(FLATTENED))}, within mass"
    return SCORES[name].name if name in SCORES else name.replace("_", " ")


def score_quantity(name: str) -> str:
    """What the values of a score are."""
    return SCORES[name].quantity if name in SCORES else name.replace("_", " ")


def jet_label(name: str) -> str:
    """How a figure names a class or a process."""
    return _JETS.get(name, name.replace("_", " "))
