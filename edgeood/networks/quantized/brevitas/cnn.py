"""The quantized twin of the CNN: Brevitas layers."""

from torch import Tensor, nn

from edgeood.networks import Outputs
from edgeood.networks.quantized.brevitas.layers import BrevitasTwin, quantizer
from edgeood.recipe import CNN, Images, Quantization


class BrevitasCNN(BrevitasTwin):
    """Quantized CNN on jet images, with Brevitas layers.

    Input quantizer, [convolution, quantized ReLU, max pooling] per block, hidden dense layers, representation
    (linear if its type is signed, else with quantized ReLU), logits.
    """

    network: CNN

    def __init__(self, inputs: Images, network: CNN, quantization: Quantization, classes: int) -> None:
        super().__init__(inputs, network, quantization, classes)
        self.input_quantizer = quantizer(quantization.input)
        channels, side = 1, inputs.pixels
        for i, block in enumerate(network.blocks):
            self._add_convolution(f"conv{i}", channels, block)
            channels, side = block.filters, block.side_after(side)
        self._add_head(channels * side**2)
        self.start()

    def forward(self, images: Tensor) -> Outputs:
        """(batch, 1, P, P) images → representation (batch, D) and logits (batch, K), exactly on their grids."""
        if self.training:
            self.keep_in_range()
        x = self.input_quantizer(images)
        for i, block in enumerate(self.network.blocks):
            x = self._run(f"conv{i}", x)
            if block.pool > 1:
                x = nn.functional.max_pool2d(x, block.pool)
        # Flattened (row, column, channel) as Keras does: no view of the next weights could be reordered so.
        return self._run_head(x.permute(0, 2, 3, 1).flatten(1))
