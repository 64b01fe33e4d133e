"""The variational autoencoder of jets: how badly it rebuilds a jet says how unusual the jet is.

Its encoder of images follows Heimel et al. [arXiv:1808.08979] as :mod:`edgeood.networks.cnn` does; that of
four-vectors is dense, as in Cheng et al. [arXiv:2007.01850].
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from edgeood.networks import Outputs
from edgeood.networks.convolutions import convolutions
from edgeood.networks.fcn import standardisation
from edgeood.recipe import VAE, FourVectors, Images

LARGEST_LOG_VARIANCE = 10.0
"""A latent variable this wide carries no information; clipping keeps its exponential finite."""


def divergence_from_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Kullback–Leibler divergence of N(μ, diag σ²) from N(0, 1): ½ Σ (μ² + σ² − 1 − log σ²), in nats.

    (batch, D) each → (batch,). Kingma & Welling, arXiv:1312.6114, App. B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)


class VariationalAutoencoder(nn.Module):
    """Encoder to the mean and log-variance of a Gaussian code, decoder back to the jet.

    The decoder mirrors the dense layers of the encoder and ends in a dense layer:

    * for images in a softmax over the pixels, because an image is a distribution of energy: pixels are not
      negative and sum to one. (Linear pixels, in a trial, were still at the mean jet when these had halved
      the error.) A jet that is centred and upright is not invariant under translations, so there are no
      convolutions to mirror. The error is Σ (q − q̂)² over pixels, with q the image in units
      of its scale (energy shares, or their roots): 0 to 2, whatever the numbers of pixels and the scale.
    * for four-vectors in standardised features, linearly. The error is the mean of (f − f̂)² over features:
      1 for a decoder that knows nothing but the mean jet.
    """

    def __init__(self, inputs: Images | FourVectors, network: VAE) -> None:
        super().__init__()
        self.inputs = inputs
        self.blocks = nn.ModuleList()
        self.standardise: nn.Module = nn.Identity()
        if isinstance(inputs, Images):
            features = inputs.pixels**2
            self.blocks, width = convolutions(network.blocks, inputs.pixels)
        else:
            features = width = 4 * inputs.constituents
            self.standardise = standardisation(features)
        self.encoder = _dense(width, network.hidden)
        last = network.hidden[-1] if network.hidden else width
        self.mean = nn.Linear(last, network.representation)
        self.log_variance = nn.Linear(last, network.representation)
        widths = network.hidden[::-1]
        self.decoder = _dense(network.representation, widths)
        self.decoder.append(nn.Linear(widths[-1] if widths else network.representation, features))

    def encode(self, jets: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance (batch, D) of the code of images or standardised features."""
        x = jets
        for block in self.blocks:
            x = block(x)
        x = self.encoder(x.flatten(1))
        return self.mean(x), self.log_variance(x).clamp(max=LARGEST_LOG_VARIANCE)

    def decode(self, code: Tensor) -> Tensor:
        """(batch, D) code → (batch, features) jets: pixels in units of the scale, or standardised features."""
        decoded: Tensor = self.decoder(code)
        if isinstance(self.inputs, FourVectors):
            return decoded
        shares = decoded.float().softmax(1)
        return shares.sqrt() if self.inputs.intensity == "sqrt" else shares

    def forward(self, jets: Tensor) -> Outputs:
        """(batch, 1, P, P) images or (batch, 4·P) four-vectors → the code, minus the error, the divergence.

        While training, the decoder sees a code drawn from N(μ, diag σ²) (the reparametrisation of Kingma &
        Welling); otherwise its mean.
        """
        known = self.standardise(jets)
        mean, log_variance = self.encode(known)
        code = mean
        if self.training:
            code = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        if isinstance(self.inputs, Images):
            error = (self.decode(code) - known.flatten(1) / self.inputs.scale).square().sum(1)
        else:
            error = (self.decode(code) - known).square().mean(1)
        return Outputs(mean, -error[:, None], divergence_from_normal(mean.float(), log_variance.float()))


def _dense(width: int, sizes: Sequence[int]) -> nn.Sequential:
    layers = nn.Sequential()
    for size in sizes:
        layers += nn.Sequential(nn.Linear(width, size), nn.PReLU())
        width = size
    return layers
