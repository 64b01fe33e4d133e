"""What the fitted parameters of a run's scores must be: numbers, as many as its network has dimensions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError

AXES = {
    "max_logit": {},
    "energy": {},
    "mahalanobis": {"mean": 2, "precision": 3},
    "mahalanobis_diagonal": {"mean": 2, "inverse_variance": 2},
    "minus_p_background": {"background": 0},
    "mahalanobis_background": {"mean": 1, "whitening": 2, "background": 0},
    "odds_and_distance": {
        **{"mean": 1, "whitening": 2, "background": 0},
        **{"mean_odds": 0, "mean_distance": 0, "spread_odds": 0, "spread_distance": 0},
    },
    "relative_mahalanobis": {"mean": 2, "whitening": 2, "mean_of_all": 1, "whitening_of_all": 2},
    "nearest_neighbours": {"bank": 2, "spread": 1},
}
"""Score → its parameters, ``threshold`` besides, and how many axes each has; the last counts dimensions."""
_THRESHOLDS = ("threshold", "design_threshold")
"""Not a number until one is chosen."""
_POSITIVE = "inverse_variance"


def check_fitted(
    score: str, parameters: Mapping[str, NDArray[Any]], width: Any, where: str, remedy: str
) -> None:
    """Raise :class:`EdgeoodError` unless these are the parameters of a score on a representation of that width.

    ``where`` names the file that they are from. Of a score that is not known nothing is asked.
    """
    axes: dict[str, int] = AXES.get(score, {})
    needed = [*axes, _THRESHOLDS[0]] if score in AXES else []
    if missing := [name for name in needed if name not in parameters]:
        raise EdgeoodError(f"{where} lacks '{score}/{missing[0]}'; {remedy}")
    for name, value in parameters.items():
        if value.dtype.kind not in "fiu" or not (name in _THRESHOLDS or np.isfinite(value).all()):
            raise EdgeoodError(f"{where}: '{score}/{name}' does not hold numbers; {remedy}")
        if name == _POSITIVE and not (value > 0).all():
            raise EdgeoodError(f"{where}: '{score}/{name}' holds numbers that are not positive; {remedy}")
        expected = 0 if name in _THRESHOLDS else axes.get(name, value.ndim)
        if value.ndim != expected or (name in axes and expected and value.shape[-1] != width):
            raise EdgeoodError(
                f"{where}: '{score}/{name}' has shape {value.shape}, which is not that of a fit on {width} dimensions; "
                f"{remedy}"
            )
