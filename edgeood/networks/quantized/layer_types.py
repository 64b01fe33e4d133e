"""Which fixed-point types the layers of a quantized network have (no framework needed)."""

from edgeood.errors import EdgeoodError
from edgeood.fixed_point.types import FixedPoint, smallest_type
from edgeood.recipe import CNN, Images, ParticleNetLite, Quantization, TriggerCandidates

POOL = "pool"
"""Name of the mean over the constituents, a layer without weights."""


def layer_names(network: CNN | ParticleNetLite) -> list[str]:
    """Names of the layers with weights, in their order.

    A CNN has conv0 …, dense0 …, representation, logits; ParticleNet-lite has edge0, node0_0 …, edge1 …, dense0 …,
    representation, logits.
    """
    if isinstance(network, CNN):
        first = [f"conv{i}" for i in range(len(network.blocks))]
    else:
        first = []
        for i, block in enumerate(network.blocks):
            first += [f"edge{i}", *(f"node{i}_{j}" for j in range(len(block.nodes)))]
    hidden = [f"dense{i}" for i in range(len(network.hidden))]
    return [*first, *hidden, "representation", "logits"]


def side_before(inputs: Images | TriggerCandidates, network: CNN | ParticleNetLite, name: str) -> int:
    """Pixels a side of what is flattened into layer ``name``; 0 if it is not a CNN's first dense layer."""
    if not isinstance(network, CNN) or name != ("dense0" if network.hidden else "representation"):
        return 0
    assert isinstance(inputs, Images)
    side = inputs.pixels
    for block in network.blocks:
        side = block.side_after(side)
    return side


def kernel_shapes(
    inputs: Images | TriggerCandidates, network: CNN | ParticleNetLite, classes: int
) -> dict[str, tuple[int, ...]]:
    """Shape of the weights of every layer, in the layouts of Keras: (in, out), or (height, width, in, out)."""
    shapes: dict[str, tuple[int, ...]] = {}
    if isinstance(network, CNN):
        assert isinstance(inputs, Images)
        width, side = 1, inputs.pixels
        for i, convolution in enumerate(network.blocks):
            shapes[f"conv{i}"] = (convolution.kernel, convolution.kernel, width, convolution.filters)
            width, side = convolution.filters, convolution.side_after(side)
        width *= side**2
    else:
        assert isinstance(inputs, TriggerCandidates)
        width = inputs.features
        for i, block in enumerate(network.blocks):
            shapes[f"edge{i}"] = (width, 2 * block.edge)
            width = block.edge
            for j, size in enumerate(block.nodes):
                shapes[f"node{i}_{j}"] = (width, size)
                width = size
    for name in layer_names(network)[len(shapes) :]:
        ends = {"representation": network.representation, "logits": classes}
        size = ends[name] if name in ends else network.hidden[int(name.removeprefix("dense"))]
        shapes[name] = (width, size)
        width = size
    return shapes


def layer_types(
    network: CNN | ParticleNetLite, quantization: Quantization
) -> dict[str, dict[str, FixedPoint]]:
    """Types of ``weights``, ``biases`` and ``activations`` (unused by the logits) of every layer with weights.

    An edge layer also has the type ``edges`` of a and b, before their sum is activated. Raises
    :class:`EdgeoodError` if an exception names no layer or a type does not suit its place.
    """
    names = layer_names(network)
    known = [*names, POOL] if isinstance(network, ParticleNetLite) else names
    if unknown := sorted(set(quantization.layers) - set(known)):
        raise EdgeoodError(
            f"quantization.layers names '{unknown[0]}', which is no layer of the network; choose of "
            f"{', '.join(known)}."
        )
    types = {}
    _check(quantization.input, "the input", quantization.input.signed)
    for name in names:
        activations = quantization.representation if name == "representation" else quantization.activations
        usual = {"weights": quantization.weights, "biases": quantization.biases, "activations": activations}
        if name.startswith("edge"):
            usual["edges"] = quantization.edges
        own = {str(part): fixed_type for part, fixed_type in quantization.layers.get(name, {}).items()}
        if surplus := sorted(set(own) - set(usual)):
            raise EdgeoodError(f"quantization.layers: layer '{name}' has no {surplus[0]}.")
        types[name] = usual | own
        # Unsigned activations pass a ReLU; only the representation may also be linear.
        linear = name == "representation" and types[name]["activations"].signed
        signs = {"weights": True, "biases": True, "edges": True, "activations": linear}
        for part, fixed_type in types[name].items():
            _check(fixed_type, f"the {part} of layer '{name}'", signs[part])
    return types


def pooled_type(quantization: Quantization) -> FixedPoint:
    """The type of the mean over the constituents. Raises :class:`EdgeoodError` if it does not suit its place."""
    own = {str(part): fixed_type for part, fixed_type in quantization.layers.get(POOL, {}).items()}
    fixed_type = own.pop("activations", quantization.pooled)
    if own:
        raise EdgeoodError(f"quantization.layers: layer '{POOL}' has no {min(own)}.")
    _check(fixed_type, f"the activations of layer '{POOL}'", False)
    return fixed_type


def _check(fixed_type: FixedPoint, where: str, signed: bool) -> None:
    """QKeras reads a signed 1-bit type as ±1, and its ``quantized_relu`` cannot start below the point."""
    if (
        fixed_type.signed != signed
        or fixed_type.bits > 24
        or (signed and fixed_type.bits < 2)
        or (not signed and fixed_type.integer < 0)
    ):
        sort = "signed, 2 to 24 bits" if signed else "unsigned, at most 24 bits, integer bits 0 or more"
        raise EdgeoodError(f"quantization: {where} cannot have {fixed_type}; choose a type that is {sort}.")


def logits_type(network: CNN | ParticleNetLite, quantization: Quantization) -> FixedPoint:
    """The type that holds every sum Σ w·r + b of the logits layer exactly, whatever its weights."""
    types = layer_types(network, quantization)
    representation = types["representation"]["activations"]
    weights, biases = types["logits"]["weights"], types["logits"]["biases"]
    fraction = max(representation.fraction + weights.fraction, biases.fraction)
    reach = max(representation.high, -representation.low)
    largest = network.representation * reach * -weights.low - biases.low
    return smallest_type(-largest, largest, fraction, signed=True)
