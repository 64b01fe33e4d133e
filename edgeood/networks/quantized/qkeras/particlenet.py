"""The quantized twin of ParticleNet-lite: a functional QKeras model inside a torch module."""

from typing import Any

from torch import Tensor

from edgeood.fixed_point import FixedPoint
from edgeood.inputs.trigger_candidates import ANGLE_FRACTION, ANGLES, FIRST_ANGLE
from edgeood.networks import Outputs
from edgeood.networks.quantized.layer_types import POOL, pooled_type
from edgeood.networks.quantized.qkeras.backend import import_qkeras
from edgeood.networks.quantized.qkeras.twin import QKerasTwin, quantized
from edgeood.recipe import ParticleNetLite, TriggerCandidates

keras, _ = import_qkeras()


class QKerasParticleNet(QKerasTwin):
    """Quantized ParticleNet-lite on trigger candidates, with QKeras layers that train in a plain torch loop.

    Input quantizer, [edge layer, maximum over neighbours, quantized ReLU, node layers] per block, mean over the
    constituents, hidden dense layers, representation (linear if its type is signed), logits.
    """

    inputs: TriggerCandidates
    network: ParticleNetLite

    def _functional_model(self) -> Any:
        """(B, N, F) candidates → [representation, logits]; layers have the names of the fixed-point graph."""
        from edgeood.networks.quantized.qkeras.layers import ConstituentMeanLayer, KnnGatherLayer

        inputs, network = self.inputs, self.network
        candidates = keras.Input((inputs.constituents, inputs.features), name="candidates")
        entry = x = quantized(candidates, self.quantization.input, "input_quantizer")
        angles = FixedPoint(inputs.angle_bits, inputs.angle_bits - 1 - ANGLE_FRACTION)
        graph = (entry, FIRST_ANGLE, ANGLES, angles)
        for i, block in enumerate(network.blocks):
            name = f"edge{i}"
            points, first, coordinates, coordinate_type = graph
            edges = self._dense(x, name, 2 * block.edge, "edges")
            gather = KnnGatherLayer(
                network.neighbours, first, coordinates, coordinate_type, name=f"{name}_maximum"
            )
            fixed_type = self.types[name]["activations"]
            x = quantized(gather(entry, points, edges), fixed_type, f"{name}_activation")
            for j, width in enumerate(block.nodes):
                fixed_type = self.types[f"node{i}_{j}"]["activations"]
                x = self._dense(x, f"node{i}_{j}", width)
            if network.dynamic:
                graph = (x, 0, network.dynamic, fixed_type)
        x = ConstituentMeanLayer(name=POOL)(entry, x)
        x = quantized(x, pooled_type(self.quantization), f"{POOL}_activation")
        return keras.Model(candidates, self._head(x), name="edgeood")

    def forward(self, candidates: Tensor) -> Outputs:
        """(batch, N, F) candidates → representation (batch, D) and logits (batch, K), exactly on their grids."""
        return self._run(candidates)
