"""hls4ml's own parser of Keras models, made to read ours: a second way into firmware, to check the first."""

from functools import cache
from pathlib import Path
from typing import Any

from edgeood.export.hls.constituent_layers import register_constituent_layers
from edgeood.fixed_point import FixedPoint
from edgeood.networks.quantized.qkeras.quantizers import fixed_point_of
from edgeood.networks.quantized.qkeras.twin import QKerasTwin
from edgeood.recipe import Target

_QUANTIZERS = ("_quantizer", "_activation", "_edges")


def convert_keras(twin: QKerasTwin, target: Target, project: str, folder: Path) -> Any:
    """A QKeras twin → hls4ml's graph for Vitis with the same outputs, representation and logits.

    ``project`` and ``folder`` are name and place of the project that the graph's ``write`` and ``compile`` make.
    Returns hls4ml's ModelGraph. Rounding, saturation and the input's type are told explicitly: hls4ml takes
    them from QKeras only in part.
    """
    import hls4ml

    register_keras_layers()
    model = twin.keras_model()
    for name, types in twin.types.items():
        # A dense layer on constituents becomes a convolution, where hls4ml forgets to round the weights.
        kernel, bias = model.get_layer(name).get_weights()
        model.get_layer(name).set_weights([types["weights"].quantize(kernel), types["biases"].quantize(bias)])
    config = hls4ml.utils.config_from_keras_model(
        model, granularity="name", backend="Vitis", default_reuse_factor=target.reuse_factor
    )
    config["Model"]["Strategy"] = target.strategy.capitalize()
    for name, layer in config["LayerName"].items():
        layer["Strategy"] = target.strategy.capitalize()
        if name.endswith(_QUANTIZERS):
            fixed_type = fixed_point_of(model.get_layer(name).activation)
            layer["Precision"]["result"] = _hls4ml_type(fixed_type)
    # Otherwise the inputs are rounded to hls4ml's default type first.
    entry = config["LayerName"][model.input.name]
    entry["Precision"]["result"] = config["LayerName"]["input_quantizer"]["Precision"]["result"]
    return hls4ml.converters.convert_from_keras_model(
        model,
        hls_config=config,
        output_dir=str(folder),
        project_name=project,
        backend="Vitis",
        io_type=target.io_type,
        part=target.part,
        clock_period=target.clock_ns,
        allow_da_fallback=False,
        write_weights_txt=False,
    )


def _hls4ml_type(fixed_type: FixedPoint) -> str:
    return fixed_type.hls_type.replace("ap_", "").replace("AP_", "")


@cache
def register_keras_layers() -> None:
    """Teach hls4ml's Keras 3 parser the layers that it does not know (once per process)."""
    from hls4ml.converters.keras.qkeras import get_activation_quantizer
    from hls4ml.converters.keras_v3._base import KerasV3LayerHandler
    from hls4ml.model.quantizers import QuantNodeQuantizer
    from hls4ml.model.types import FixedPrecisionType

    register_constituent_layers()

    class QActivationHandler(KerasV3LayerHandler):
        """QActivation is read as Keras 2 wrote it down."""

        handles = ("qkeras.qlayers.QActivation",)

        def handle(self, layer: Any, in_tensors: Any, out_tensors: Any) -> Any:
            written = {"class_name": "QActivation", "config": {**layer.get_config(), "name": layer.name}}
            read = get_activation_quantizer(written, [tensor.name for tensor in in_tensors])
            fixed_type = fixed_point_of(layer.activation)
            if fixed_type.signed:
                # hls4ml merges linear activations into the layer before, and their types only if told so.
                modes = ("AP_RND_CONV", "AP_SAT")
                precision = FixedPrecisionType(fixed_type.bits, fixed_type.integer + 1, True, *modes)
                read["quantizer"] = QuantNodeQuantizer(precision)
            return ({**self.default_config, **read, "name": layer.name},)

    class ConstituentsHandler(KerasV3LayerHandler):
        """Our own layers become the same hls4ml layers as the operators of the QONNX graph."""

        handles = (
            "edgeood.networks.quantized.qkeras.layers.KnnGatherLayer",
            "edgeood.networks.quantized.qkeras.layers.ConstituentMeanLayer",
        )

        def handle(self, layer: Any, in_tensors: Any, out_tensors: Any) -> Any:
            settings = ("neighbours", "first", "coordinates", "coordinate_type")
            return {
                "class_name": f"Edgeood{type(layer).__name__.removesuffix('Layer')}",
                # A stream can be read once: candidates that are the points as well are one input, not two.
                "input_keras_tensor_names": list(dict.fromkeys(tensor.name for tensor in in_tensors)),
                **{name: getattr(layer, name) for name in settings if hasattr(layer, name)},
            }
