"""weaver-core's ParticleNet, and its weights in ours."""

import logging
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from edgeood.errors import EdgeoodError
from edgeood.networks.particlenet.classifier import ParticleNetClassifier
from edgeood.recipe import ParticleNet

CLASSES = 3
VERSION = "0.5.3"


class WeaverParticleNet(nn.Module):
    """weaver-core's network on our inputs: (batch, P, 5) → logits (batch, classes)."""

    def __init__(self, network: ParticleNet) -> None:
        super().__init__()
        logging.getLogger("weaver").setLevel(logging.WARNING)
        try:
            from weaver.nn.model.ParticleNet import ParticleNet as Weaver  # type: ignore[import-not-found]
        except ImportError as error:
            raise EdgeoodError(
                f"weaver-core is not installed: run `pip install --no-deps weaver-core=={VERSION}`."
            ) from error
        self.network = Weaver(
            4,
            CLASSES,
            conv_params=[(network.neighbours, channels) for channels in network.blocks],
            fc_params=[(network.representation, network.dropout)],
            use_fusion=False,
        )

    def forward(self, constituents: Tensor) -> Tensor:
        """Channels first, as weaver-core has them; the points are (Δη, Δφ)."""
        columns = constituents.transpose(1, 2)
        result: Tensor = self.network(columns[:, :2], columns[:, :4], columns[:, 4:])
        return result

    def for_autocast(self, enabled: bool) -> None:
        """Place padding where bfloat16 distances still tell it from real constituents, as weaver-core does."""
        self.network.coord_shift = 99.0 if enabled else 1e9


def pair_of_networks(
    settings: ParticleNet, dtype: torch.dtype = torch.float32
) -> tuple[WeaverParticleNet, ParticleNetClassifier]:
    """The network of weaver-core and ours, with the same weights and the same running statistics.

    The latter are random: all begin at zero and one, where an error in them would not be seen.
    """
    torch.manual_seed(1)
    weaver, ours = WeaverParticleNet(settings).to(dtype), ParticleNetClassifier(settings, CLASSES).to(dtype)
    for module in weaver.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            for tensor in module.state_dict().values():
                if tensor.is_floating_point():
                    tensor += 0.2 * torch.rand_like(tensor)
    ours.load_state_dict(in_our_names(weaver.network.state_dict(), first=first_layer_to_ours))
    return weaver, ours


def first_layer_to_ours(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A (C', 2C) weight on (x_i, x_j − x_i) → those on x_i and on x_j: (A|B) → A − B and B."""
    own, difference = weight.chunk(2, 1)
    return own - difference, difference


def first_gradient_to_ours(gradient: Tensor) -> tuple[Tensor, Tensor]:
    """The gradient in (A|B) → those in A − B and in B, where A is their sum: ∂/∂A and ∂/∂A + ∂/∂B."""
    own, difference = gradient.chunk(2, 1)
    return own, own + difference


def in_our_names(
    tensors: Mapping[str, Tensor], first: Callable[[Tensor], tuple[Tensor, Tensor]]
) -> dict[str, Tensor]:
    """weaver-core's parameters, gradients or state by name → ours; ``first`` splits the first layer of a block."""
    ours = {}
    for name, tensor in tensors.items():
        part, *rest = name.split(".")
        tensor = tensor.flatten(1) if tensor.ndim > 2 else tensor
        if part == "bn_fts":
            ours[f"input_norm.{rest[0]}"] = tensor
        elif part == "fc":
            ours[f"{'representation' if rest[0] == '0' else 'logits'}.{rest[-1]}"] = tensor
        else:
            block, module, leaf = f"blocks.{rest[0]}", rest[1], rest[2:]
            if module == "convs" and leaf[0] == "0":
                ours[f"{block}.centre.weight"], ours[f"{block}.neighbour.weight"] = first(tensor)
            elif module == "convs":
                ours[f"{block}.layers.{int(leaf[0]) - 1}.weight"] = tensor
            elif module == "bns":
                ours[f"{block}.norms.{leaf[0]}.{leaf[1]}"] = tensor
            else:
                ours[f"{block}.{'shortcut' if module == 'sc' else 'shortcut_norm'}.{leaf[0]}"] = tensor
    return ours
