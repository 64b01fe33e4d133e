"""The variational bound on background jets, and outliers that must be rebuilt worse."""

from torch import Tensor

from edgeood.errors import EdgeoodError
from edgeood.networks import Outputs
from edgeood.recipe import Variational
from edgeood.training.batch import Batch
from edgeood.training.objectives.base import Objective


class VariationalObjective(Objective):
    """Reconstruction error + β·divergence of the background's code, and λ times the outliers' term.

    With the background's errors e_i and the outliers' e_j, the outliers' term is the weighted mean over all
    pairs of sigmoid(e_i − e_j) = 1 − sigmoid(e_j − e_i): the outlier exposure of Cheng et al. [arXiv:2007.01850;
    CC22 ref. 8] on every pair of the batch instead of on random ones. It lies between 0 and 1, so that no
    error grows without bounds. The divergence of the outliers' codes is left free.
    """

    def __init__(self, settings: Variational, background: int) -> None:
        super().__init__()
        self.beta = settings.beta
        self.outlier_exposure = settings.outlier_exposure
        self.background = background

    def terms(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """``reconstruction``, ``divergence`` (times β) and, if λ > 0, ``outliers`` (times λ).

        Raises :class:`EdgeoodError` if the network is not variational.
        """
        if outputs.divergence is None:
            raise EdgeoodError(
                "the objective 'variational' needs a network with a random code; use network.kind 'vae'."
            )
        error = -outputs.logits[:, 0].float()
        # Weights instead of selections: shapes, and so the graph, don't depend on the labels of a batch.
        is_background = (batch.labels == self.background).float()
        weights = _shares(batch.weights * is_background)
        terms = {
            "reconstruction": (weights * error).sum(),
            "divergence": self.beta * (weights * outputs.divergence).sum(),
        }
        if self.outlier_exposure > 0:
            outliers = _shares(batch.weights * (1 - is_background))
            confused = (error[:, None] - error).sigmoid()
            terms["outliers"] = self.outlier_exposure * (weights @ confused @ outliers)
        return terms


def _shares(weights: Tensor) -> Tensor:
    """Weights (B,) that sum to one, or to zero where all are zero."""
    total = weights.sum()
    return weights / total.where(total > 0, 1.0)
