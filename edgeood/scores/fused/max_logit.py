"""Max-logit in fixed point: exact, as the logits are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.fixed_point import FixedPoint


@dataclass(frozen=True)
class FixedPointMaxLogit:
    """−max_k g_k on the exact grid of the logits g: nothing is rounded."""

    logits_type: FixedPoint
    threshold: float

    name = "max_logit"

    @property
    def score_type(self) -> FixedPoint:
        """One bit more than the logits, as −(the lowest logit) must fit."""
        return FixedPoint(self.logits_type.bits + 1, self.logits_type.integer + 1)

    @property
    def step(self) -> float:
        """Distance between neighbouring scores."""
        return self.logits_type.step

    def integers(self, representation: NDArray[Any] | None, logits: NDArray[Any]) -> NDArray[np.int64]:
        """(N,) scores in units of ``step`` from the (N, K) logits, which must lie on their grid."""
        result: NDArray[np.int64] = -self.logits_type.to_integers(logits).max(axis=1)
        return result

    def __call__(self, representation: NDArray[Any] | None, logits: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) scores."""
        return np.asarray(self.integers(representation, logits) * self.step, np.float64)

    def types(self) -> dict[str, FixedPoint]:
        """Every type of the computation, by what it holds."""
        return {"logits": self.logits_type, "score": self.score_type}
