"""The quantized twin of the CNN: a functional QKeras model inside a torch module."""

from typing import Any

from torch import Tensor

from edgeood.networks import Outputs
from edgeood.networks.quantized.qkeras.backend import import_qkeras
from edgeood.networks.quantized.qkeras.twin import QKerasTwin, quantized
from edgeood.recipe import CNN, Images

keras, qkeras = import_qkeras()


class QKerasCNN(QKerasTwin):
    """Quantized CNN on jet images, with QKeras layers that train in a plain torch loop.

    Input quantizer, [convolution, quantized ReLU, max pooling] per block, hidden dense layers, representation
    (linear if its type is signed, else with quantized ReLU), logits.
    """

    inputs: Images
    network: CNN

    def _functional_model(self) -> Any:
        """(B, P, P, 1) images → [representation, logits]."""
        images = keras.Input((self.inputs.pixels, self.inputs.pixels, 1), name="images")
        x = quantized(images, self.quantization.input, "input_quantizer")
        for i, block in enumerate(self.network.blocks):
            name = f"conv{i}"
            convolution = qkeras.QConv2D(
                block.filters, block.kernel, block.stride, **self._layer_settings(name)
            )
            x = quantized(convolution(x), self.types[name]["activations"], f"{name}_activation")
            if block.pool > 1:
                x = keras.layers.MaxPooling2D(block.pool, name=f"pool{i}")(x)
        x = keras.layers.Flatten(name="flatten")(x)
        return keras.Model(images, self._head(x), name="edgeood")

    def forward(self, images: Tensor) -> Outputs:
        """(batch, 1, P, P) images → representation (batch, D) and logits (batch, K), exactly on their grids."""
        # One channel: channels-first and channels-last are the same bytes.
        return self._run(images.reshape(len(images), *images.shape[2:], 1))
