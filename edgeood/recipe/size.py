"""How large a network is before it is built: one that no memory holds is refused while its recipe is read."""

from collections.abc import Iterable
from itertools import pairwise

from edgeood.recipe.inputs import Constituents, FourVectors, Images, Substructure, TriggerCandidates
from edgeood.recipe.networks import CNN, FCN, VAE, Block, ParticleNet, ParticleNetLite

MOST_PARAMETERS = 100_000_000
"""Of a network: 400 MB, four times that while it is trained. The largest shipped recipe's has half a million."""
MOST_INPUTS = 2**30
"""Numbers in one batch of network inputs: 4 GB."""
_OBSERVABLES, _IDENTITIES = 14, 6

Inputs = Images | Constituents | FourVectors | Substructure | TriggerCandidates
Network = CNN | ParticleNet | ParticleNetLite | FCN | VAE


def check_size(network: Network, inputs: Inputs, classes: int, batch_size: int) -> None:
    """Raise ValueError if network or batches are larger than :data:`MOST_PARAMETERS`, :data:`MOST_INPUTS`."""
    parameters = parameters_of(network, inputs, classes)
    if parameters > MOST_PARAMETERS:
        raise ValueError(
            f"network: {parameters:,} parameters, more than {MOST_PARAMETERS:,}; choose smaller layers"
        )
    if batch_size * inputs_of_jet(inputs) > MOST_INPUTS:
        raise ValueError(
            f"training.batch_size: {batch_size:,} jets of {inputs_of_jet(inputs):,} numbers each do not fit into "
            "memory; lower it"
        )


def inputs_of_jet(inputs: Inputs) -> int:
    """Numbers that a network is given of one jet."""
    if isinstance(inputs, Images):
        return inputs.pixels**2
    if isinstance(inputs, FourVectors):
        return 4 * inputs.constituents
    if isinstance(inputs, Substructure):
        return _OBSERVABLES + _IDENTITIES * inputs.identity
    padding = isinstance(inputs, Constituents)
    return inputs.constituents * (inputs.features + padding)


def parameters_of(network: Network, inputs: Inputs, classes: int) -> int:
    """Parameters of the float network, those that are not trained included; of twins, about as many."""
    if isinstance(network, ParticleNet | ParticleNetLite):
        width = inputs.features if isinstance(inputs, Constituents | TriggerCandidates) else 0
        count = 0
        for block in network.blocks:
            channels = block if isinstance(block, tuple) else (block.edge, *block.nodes)
            # An edge layer has weights for either end of an edge; ParticleNet also has a shortcut.
            count += (width + 1) * channels[0] + _dense((width, *channels))
            count += (width + 1) * channels[-1] if isinstance(network, ParticleNet) else 0
            width = channels[-1]
        hidden = network.hidden if isinstance(network, ParticleNetLite) else ()
        output = network.output if isinstance(network, ParticleNet) else None
        count += _dense((width, *hidden, network.representation))
        if output is not None:
            return count + output.features * (network.representation + 1 + classes * (output.features + 1))
        return count + _dense((network.representation, classes))
    count, width = 0, inputs_of_jet(inputs)
    if isinstance(network, CNN | VAE) and isinstance(inputs, Images):
        count, width = _convolutions(network.blocks, inputs.pixels)
    count += _dense((width, *network.hidden, network.representation))
    if not isinstance(network, VAE):
        return count + _dense((network.representation, classes))
    last = (width, *network.hidden)[-1]
    mirrored = (network.representation, *network.hidden[::-1], inputs_of_jet(inputs))
    return count + _dense((last, network.representation)) + _dense(mirrored)


def _dense(widths: Iterable[int]) -> int:
    """Weights and biases of dense layers between layers of these ``widths``."""
    return sum((before + 1) * after for before, after in pairwise(widths))


def _convolutions(blocks: tuple[Block, ...], side: int) -> tuple[int, int]:
    """Weights and biases of convolutions, and how many numbers leave the last one."""
    count, channels = 0, 1
    for block in blocks:
        count += (channels * block.kernel**2 + 1) * block.filters
        channels, side = block.filters, block.side_after(side)
    return count, channels * side * side
