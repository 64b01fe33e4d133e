"""The quantized twin of ParticleNet-lite: Brevitas layers."""

from torch import Tensor

from edgeood.fixed_point import FixedPoint
from edgeood.inputs.trigger_candidates import ANGLE_FRACTION, ANGLES, FIRST_ANGLE, PT
from edgeood.networks import Outputs
from edgeood.networks.particlenet.edge_maximum import constituent_mean, edge_maximum, neighbour_mask
from edgeood.networks.quantized.brevitas.layers import BrevitasTwin, activation, quantizer
from edgeood.networks.quantized.layer_types import POOL, pooled_type
from edgeood.recipe import ParticleNetLite, Quantization, TriggerCandidates


class BrevitasParticleNet(BrevitasTwin):
    """Quantized ParticleNet-lite on trigger candidates, with Brevitas layers.

    Input quantizer, [edge layer, maximum over neighbours, quantized ReLU, node layers] per block, mean over the
    constituents, hidden dense layers, representation (linear if its type is signed), logits.
    """

    network: ParticleNetLite

    def __init__(
        self, inputs: TriggerCandidates, network: ParticleNetLite, quantization: Quantization, classes: int
    ) -> None:
        super().__init__(inputs, network, quantization, classes)
        self.input_quantizer = quantizer(quantization.input)
        self.angle_quantizer = quantizer(
            FixedPoint(inputs.angle_bits, inputs.angle_bits - 1 - ANGLE_FRACTION)
        )
        width = inputs.features
        for i, block in enumerate(network.blocks):
            self._add_dense(f"edge{i}", width, 2 * block.edge, "edges")
            self.add_module(f"edge{i}_activation", activation(self.types[f"edge{i}"]["activations"]))
            width = block.edge
            for j, size in enumerate(block.nodes):
                self._add_dense(f"node{i}_{j}", width, size)
                width = size
        self.add_module(f"{POOL}_activation", activation(pooled_type(quantization)))
        self._add_head(width)
        self.start()

    def forward(self, candidates: Tensor) -> Outputs:
        """(batch, N, F) candidates → representation (batch, D), logits (batch, K), exactly on their grids."""
        if self.training:
            self.keep_in_range()
        x = self.input_quantizer(candidates)
        valid = x[..., PT] > 0
        neighbours = self._neighbours(self.angle_quantizer(x[..., FIRST_ANGLE : FIRST_ANGLE + ANGLES]), valid)
        for i, block in enumerate(self.network.blocks):
            if i and self.network.dynamic:
                neighbours = self._neighbours(x[..., : self.network.dynamic], valid)
            maximum = edge_maximum(self._run(f"edge{i}", x, "edges"), neighbours, valid)
            x = self.get_submodule(f"edge{i}_activation")(maximum)
            for j in range(len(block.nodes)):
                x = self._run(f"node{i}_{j}", x)
        return self._run_head(self.get_submodule(f"{POOL}_activation")(constituent_mean(x, valid)))

    def _neighbours(self, points: Tensor, valid: Tensor) -> Tensor:
        # In float64 the squared distances of all our types are exact, so that ties are ties.
        return neighbour_mask(points.detach().double(), valid, self.network.neighbours)
