"""The fully connected classifier on four-vectors [CC22 App. B], or on observables of the substructure."""

from torch import Tensor, nn

from edgeood.inputs.substructure import IDENTITY, OBSERVABLES
from edgeood.networks import Outputs
from edgeood.recipe import FCN, FourVectors, Substructure

SMALLEST_VARIANCE = 1e-12
"""Added to the variance of a feature: small beside what jets have, and a constant feature becomes zero."""


def standardisation(features: int) -> nn.BatchNorm1d:
    """A layer that gives each of ``features`` zero mean and unit variance over the training jets.

    While training, those are the moments of the batch; afterwards, their averages over all batches.
    """
    return nn.BatchNorm1d(features, eps=SMALLEST_VARIANCE, momentum=None, affine=False)


class FCNClassifier(nn.Module):
    """Dense layers with ReLU, dropout between them, a representation (after its ReLU), and logits.

    Momenta of leading and of soft constituents differ by orders of magnitude: the first layer standardises
    them. Parameter names: ``hidden.<i>``, ``representation``, ``logits``.
    """

    def __init__(self, inputs: FourVectors | Substructure, network: FCN, classes: int) -> None:
        super().__init__()
        width = (
            4 * inputs.constituents
            if isinstance(inputs, FourVectors)
            else len(OBSERVABLES) + len(IDENTITY) * inputs.identity
        )
        self.standardise = standardisation(width)
        self.hidden = nn.ModuleList()
        for size in network.hidden:
            self.hidden.append(nn.Linear(width, size))
            width = size
        self.activation = nn.ReLU()
        self.dropout = nn.Dropout(network.dropout)
        self.representation = nn.Linear(width, network.representation)
        self.logits = nn.Linear(network.representation, classes)

    def forward(self, features: Tensor) -> Outputs:
        """(batch, 4·P) momenta or (batch, 14 or 20) observables → representation (batch, D), logits (batch, K)."""
        x = self.standardise(features)
        for layer in self.hidden:
            x = self.dropout(self.activation(layer(x)))
        representation = self.activation(self.representation(x))
        return Outputs(representation, self.logits(representation))
