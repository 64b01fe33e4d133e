"""Plain classification of the known jets."""

from torch import Tensor
from torch.nn.functional import cross_entropy

from edgeood.networks import Outputs
from edgeood.training.batch import Batch
from edgeood.training.objectives.base import Objective


def weighted_cross_entropy(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Mean of w·(−log softmax(logits)_label) over the batch. Scalar."""
    return (weights * cross_entropy(logits, labels, reduction="none")).mean()


class CrossEntropyObjective(Objective):
    """Cross-entropy with the weights of the batch (ones, unless the data are reweighted)."""

    def terms(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """``cross_entropy``."""
        return {"cross_entropy": weighted_cross_entropy(outputs.logits, batch.labels, batch.weights)}
