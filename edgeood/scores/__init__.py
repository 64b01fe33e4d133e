"""Anomaly scores, one per file: fitted on known jets, larger = more anomalous."""

from typing import Protocol

from numpy.typing import NDArray


class AnomalyScore(Protocol):
    """What every score offers. All arrays are NumPy; a score never needs a deep-learning framework."""

    name: str

    def fit(self, representation: NDArray, logits: NDArray, labels: NDArray) -> "AnomalyScore":
        """Learn from known jets: (N, D) representation, (N, K) logits, (N,) class indices."""

    def __call__(self, representation: NDArray, logits: NDArray) -> NDArray:
        """(N,) scores in float64."""

    def parameters(self) -> dict[str, NDArray]:
        """Everything that :meth:`fit` learned, for the run directory."""
