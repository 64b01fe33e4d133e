"""Figures of an evaluation: each function takes arrays and returns a matplotlib ``Figure``."""

from edgeood.evaluation.figures.detection import roc_figure, sic_figure
from edgeood.evaluation.figures.mass_sculpting import sculpting_figure
from edgeood.evaluation.figures.score_distributions import score_figure
from edgeood.evaluation.figures.style import save_figure

__all__ = ["roc_figure", "save_figure", "score_figure", "sculpting_figure", "sic_figure"]
