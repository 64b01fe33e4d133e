"""Networks: every one is a ``torch.nn.Module`` whose forward returns :class:`Outputs`."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class Outputs(NamedTuple):
    """What every network computes of a batch of jets."""

    representation: "Tensor"
    """(batch, dimensions): what the anomaly scores of the Mahalanobis family live on."""
    logits: "Tensor"
    """(batch, classes), in the order of the recipe's classes; an autoencoder's only one is minus its error."""
    divergence: "Tensor | None" = None
    """(batch,) Kullback–Leibler divergence of a variational network's code, in nats; None of all others."""
