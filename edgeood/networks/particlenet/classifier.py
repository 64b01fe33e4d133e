"""ParticleNet: a classifier on the cloud of a jet's constituents [Qu & Gouskos, arXiv:1902.08570]."""

import torch
from torch import Tensor, nn

from edgeood.networks import Outputs
from edgeood.networks.particlenet.edge_convolution import EdgeConvolution
from edgeood.networks.particlenet.neighbours import nearest_neighbours
from edgeood.networks.particlenet.packing import Packing
from edgeood.networks.particlenet.parallel import in_parallel
from edgeood.recipe import ParticleNet


class ParticleNetClassifier(nn.Module):
    """EdgeConv blocks, the average over constituents, a dense representation, and logits [CC22 §3.1].

    The first graph joins neighbours in (η, φ), every later one in the features of the block before. Only real
    constituents are computed: padding costs nothing and never enters a batch norm.
    """

    def __init__(self, network: ParticleNet, classes: int, features: int = 4) -> None:
        super().__init__()
        self.neighbours = network.neighbours
        self.input_norm = nn.BatchNorm1d(features)
        self.blocks = nn.ModuleList()
        width = features
        for channels in network.blocks:
            self.blocks.append(EdgeConvolution(width, channels))
            width = channels[-1]
        self.representation = nn.Linear(width, network.representation)
        self.dropout = nn.Dropout(network.dropout)
        self.logits: nn.Module = nn.Linear(network.representation, classes)
        if network.output is not None:
            from edgeood.networks.spectral_gp import RandomFeatureGaussianProcess, spectral_normalised

            for layers in (self.blocks, self.representation):
                spectral_normalised(layers, network.output.norm_bound, network.output.power_iterations)
            self.logits = RandomFeatureGaussianProcess(network.representation, classes, network.output)

    def forward(self, constituents: Tensor) -> Outputs:
        """(batch, P, 1 + features) constituents → representation (batch, D) and logits (batch, K).

        The last axis is that of :mod:`edgeood.inputs.constituents`: Δη, Δφ, ln pT, ln E, valid, then identities.
        """
        # In evaluation jets know nothing of each other: every core takes a share of them.
        shares = [] if self.training else jet_shares(constituents)
        if len(shares) < 2:
            return self._outputs(constituents)
        done = list(in_parallel(lambda share: self._outputs(constituents[shares[share]]), len(shares)))
        back = torch.cat(shares).argsort()
        representation, logits, _ = zip(*done, strict=True)
        return Outputs(torch.cat(representation)[back], torch.cat(logits)[back])

    def _outputs(self, constituents: Tensor) -> Outputs:
        packing = Packing(constituents[..., 4] > 0)
        momenta, identities = constituents[..., :4], constituents[..., 5:]
        features = packing.pack(torch.cat([momenta, identities], 2) if identities.shape[2] else momenta)
        coordinates = features[:, :2]
        features = self.input_norm(features)
        for block in self.blocks:
            features = coordinates = block(
                features, nearest_neighbours(coordinates, packing, self.neighbours)
            )
        representation = torch.relu(self.representation(packing.average(features)))
        return Outputs(representation, self.logits(self.dropout(representation)))


def jet_shares(constituents: Tensor) -> list[Tensor]:
    """Rows (n,) of a batch for each core that may take a share of it, with about as many constituents in all shares.

    None on a GPU, and none where gradients are recorded: they belong to one thread.
    """
    if constituents.device.type != "cpu" or torch.is_grad_enabled():
        return []
    by_size = constituents[..., 4].sum(1).argsort(stable=True)
    cores = min(torch.get_num_threads(), len(by_size))
    return [by_size[core::cores] for core in range(cores)]
