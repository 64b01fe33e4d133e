"""What tells one quantized twin from another: its network, what it sees of a jet, its toolkit and its bits."""

from typing import NamedTuple

from edgeood.networks.quantized.layer_types import layer_types
from edgeood.recipe import CNN, ParticleNetLite, Recipe
from edgeood.recipe.inputs import Images, TriggerCandidates

NETWORKS = {"cnn": "CNN", "particlenet_lite": "ParticleNet-lite"}
TOOLKITS = {"qkeras": "QKeras", "brevitas": "Brevitas"}


class Bits(NamedTuple):
    """Of the widest weight and of the widest activation of the layers before the representation."""

    weights: int
    activations: int


class Design(NamedTuple):
    """Twins of one design are repetitions: a table has place for one."""

    network: str
    size: int
    """candidates of a jet, or pixels along one side of its image"""
    identity: bool
    """whether the kinds of the candidates are told beside their momenta"""
    leptons_first: bool
    toolkit: str
    bits_weights: int
    bits_activations: int

    @property
    def bits(self) -> int:
        """Of the widest weight or activation."""
        return max(self.bits_weights, self.bits_activations)

    @property
    def inputs_label(self) -> str:
        """What the network sees, for people."""
        if self.network == "cnn":
            return f"{self.size} × {self.size} pixels"
        order = ", leptons first" if self.leptons_first else ""
        return f"{self.size} candidates, {'identities' if self.identity else 'momenta alone'}{order}"

    @property
    def label(self) -> str:
        """All of it, for people."""
        bits = f"{self.bits_weights}-bit weights, {self.bits_activations}-bit activations"
        return f"{NETWORKS[self.network]}, {self.inputs_label}, {TOOLKITS[self.toolkit]}, {bits}"

    @property
    def place(self) -> tuple[int, int, bool, bool, int, int, int]:
        """Of its rows among the others'."""
        return (
            list(NETWORKS).index(self.network),
            self.size,
            self.identity,
            self.leptons_first,
            -self.bits_weights,
            -self.bits_activations,
            list(TOOLKITS).index(self.toolkit),
        )


def bits_of(recipe: Recipe) -> Bits:
    """The bits of a quantized recipe's hidden layers."""
    assert isinstance(recipe.network, CNN | ParticleNetLite)
    assert recipe.quantization is not None
    types = layer_types(recipe.network, recipe.quantization)
    hidden = [own for name, own in types.items() if name not in ("representation", "logits")]
    return Bits(max(own["weights"].bits for own in hidden), max(own["activations"].bits for own in hidden))


def design_of(recipe: Recipe) -> Design:
    """The design of a quantized recipe."""
    assert recipe.quantization is not None
    inputs = recipe.inputs
    if isinstance(inputs, TriggerCandidates):
        seen = inputs.constituents, inputs.identity, inputs.leptons_first
    else:
        assert isinstance(inputs, Images)
        seen = inputs.pixels, False, False
    return Design(recipe.network.kind, *seen, recipe.quantization.toolkit, *bits_of(recipe))
