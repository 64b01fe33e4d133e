"""The float convolutional network on jet images, after the encoder of Heimel et al. [arXiv:1808.08979]."""

from torch import Tensor, nn

from edgeood.networks import Outputs
from edgeood.networks.convolutions import convolutions, rectifier
from edgeood.recipe import CNN, Images


class CNNClassifier(nn.Module):
    """Convolutions with rectifier and pooling, dense layers, a representation, and logits.

    The representation is linear: it can be turned into the coordinates where a diagonal Mahalanobis distance
    is the full one (:mod:`edgeood.training.gauge.canonical`). Parameter names: ``blocks.<i>.convolution``,
    ``hidden.<i>``, ``representation``, ``logits``.
    """

    def __init__(self, inputs: Images, network: CNN, classes: int) -> None:
        super().__init__()
        self.blocks, width = convolutions(network.blocks, inputs.pixels, network.pooling, network.rectifier)
        self.hidden = nn.ModuleList()
        self.activations = nn.ModuleList()
        for size in network.hidden:
            self.hidden.append(nn.Linear(width, size))
            self.activations.append(rectifier(network.rectifier))
            width = size
        self.representation = nn.Linear(width, network.representation)
        self.logits = nn.Linear(network.representation, classes)

    def forward(self, images: Tensor) -> Outputs:
        """(batch, 1, P, P) images → representation (batch, D) and logits (batch, K)."""
        x = images
        for block in self.blocks:
            x = block(x)
        x = x.flatten(1)
        for layer, activation in zip(self.hidden, self.activations, strict=True):
            x = activation(layer(x))
        representation = self.representation(x)
        return Outputs(representation, self.logits(representation))
