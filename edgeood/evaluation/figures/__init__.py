"""Figures of an evaluation: each function takes arrays and returns a matplotlib ``Figure``."""

from edgeood.evaluation.figures.decision import decision_figure
from edgeood.evaluation.figures.detection import roc_figure, sic_figure
from edgeood.evaluation.figures.mass_sculpting import sculpting_figure
from edgeood.evaluation.figures.representation import representation_figure
from edgeood.evaluation.figures.score_distributions import score_figure
from edgeood.evaluation.figures.score_mass_profile import score_mass_profile_figure
from edgeood.evaluation.figures.softmax_simplex import simplex_figure
from edgeood.evaluation.figures.style import save_figure
from edgeood.evaluation.figures.training_curves import read_history, training_figure

__all__ = [
    "decision_figure",
    "read_history",
    "representation_figure",
    "roc_figure",
    "save_figure",
    "score_figure",
    "score_mass_profile_figure",
    "sculpting_figure",
    "sic_figure",
    "simplex_figure",
    "training_figure",
]
