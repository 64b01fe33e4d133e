"""What a quantized network can cost at most, before it is trained: from a recipe's sizes and types alone."""

from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.bit_operations import BitOperations, distance_operations
from edgeood.inputs.trigger_candidates import ANGLES
from edgeood.networks.quantized.layer_types import layer_types, pooled_type
from edgeood.recipe import CNN, Images, ParticleNetLite, Quantization, TriggerCandidates


def bit_operations_bound(
    inputs: Images | TriggerCandidates,
    network: CNN | ParticleNetLite,
    quantization: Quantization,
    classes: int,
) -> BitOperations:
    """The most EBOPs that a recipe's network can have whatever its weights, from sizes and types alone.

    Every weight of a signed type of b bits is taken to have b − 1 effective bits, the most there are.
    Raises :class:`EdgeoodError` as :func:`~edgeood.networks.quantized.layer_types.layer_types`.
    """
    types = layer_types(network, quantization)
    costs: BitOperations = {}

    def layer(
        name: str, weights: int, positions: int, given: FixedPoint, part: str = "activations"
    ) -> FixedPoint:
        costs[name] = weights * positions * (types[name]["weights"].bits - 1) * given.bits
        return types[name][part]

    taken = quantization.input
    if isinstance(network, CNN):
        assert isinstance(inputs, Images)
        side, width = inputs.pixels, 1
        for i, block in enumerate(network.blocks):
            positions = ((side - block.kernel) // block.stride + 1) ** 2
            taken = layer(f"conv{i}", block.kernel**2 * width * block.filters, positions, taken)
            side, width = block.side_after(side), block.filters
        width *= side**2
    else:
        assert isinstance(inputs, TriggerCandidates)
        count, width = inputs.constituents, inputs.features
        for i, edge in enumerate(network.blocks):
            layer(f"edge{i}", width * 2 * edge.edge, count, taken)
            # Where all others are neighbours, no distance is taken.
            chooses = network.neighbours < count - 1
            if i == 0 and chooses:
                costs["edge0_maximum"] = distance_operations(count, ANGLES, inputs.angle_bits)
            elif i and network.dynamic and chooses:
                costs[f"edge{i}_maximum"] = distance_operations(count, network.dynamic, taken.bits)
            taken, width = types[f"edge{i}"]["activations"], edge.edge
            for j, size in enumerate(edge.nodes):
                taken, width = layer(f"node{i}_{j}", width * size, count, taken), size
        taken = pooled_type(quantization)
    for i, size in enumerate(network.hidden):
        taken, width = layer(f"dense{i}", width * size, 1, taken), size
    taken = layer("representation", width * network.representation, 1, taken)
    layer("logits", network.representation * classes, 1, taken)
    return costs
