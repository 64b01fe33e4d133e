"""The fused scores as hls4ml layers, through its Extension API: parser, layer, templates, header."""

from functools import cache
from typing import Any

import numpy as np

from edgeood.export.score_ops import constants_of
from edgeood.fixed_point import FixedPoint
from edgeood.resources import firmware_folder

HEADER = "nnet_edgeood_score.h"
BACKEND = "Vitis"
_LAYERS = {"MaxLogit": "EdgeoodMaxLogit", "DiagonalMahalanobis": "EdgeoodDiagonalMahalanobis"}


def exact_type(kind: FixedPoint) -> str:
    """The type in HLS C++ for numbers that are truncated (AP_TRN) on assignment and never overflow."""
    return f"ap_{'' if kind.signed else 'u'}fixed<{kind.bits}, {kind.integer + kind.signed}>"


def precision(kind: FixedPoint) -> Any:
    """The same type as hls4ml writes it down."""
    from hls4ml.model.types import FixedPrecisionType

    return FixedPrecisionType(kind.bits, kind.integer + kind.signed, kind.signed)


@cache
def register_score_layers() -> None:
    """Teach hls4ml our operators (once per process)."""
    import hls4ml
    from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
    from hls4ml.converters.onnx_to_hls import onnx_handler
    from hls4ml.model.layers import Layer, register_layer

    class EdgeoodScore(Layer):
        """Common to both scores: the type of the score is the graph's, whatever hls4ml would infer."""

        def initialize(self) -> None:
            # Precision passes leave a trusted layer alone.
            self.set_attr("trusted", True)
            self.set_attr("n_in", int(np.prod(self.get_input_variable().shape)))
            self.add_output_variable([1], precision=precision(self.get_attr("score_type")))

    class EdgeoodMaxLogit(EdgeoodScore):
        """−max_k of the logits."""

    class EdgeoodDiagonalMahalanobis(EdgeoodScore):
        """The nearest class by squared distance in units of variances."""

        def initialize(self) -> None:
            super().initialize()
            for name, values in (("mean", "mean_values"), ("inverse_variance", "inverse_variance_values")):
                self.add_weights_variable(
                    name,
                    var_name=f"{name}{{index}}",
                    type_name=f"{name}{{index}}_t",
                    precision=precision(self.get_attr(f"{name}_type")),
                    data=self.get_attr(values),
                )
            self.set_attr("n_class", self.get_attr("mean_values").shape[0])

    class MaxLogitConfig(LayerConfigTemplate):
        def __init__(self) -> None:
            super().__init__(EdgeoodMaxLogit)

        def format(self, node: Any) -> str:
            return (
                f"struct config{node.index} : nnet::max_logit_config {{\n"
                f"    static const unsigned n_class = {node.get_attr('n_in')};\n"
                f"    static const unsigned reuse_factor = {node.model.config.get_reuse_factor(node)};\n}};\n"
            )

    class DiagonalMahalanobisConfig(LayerConfigTemplate):
        def __init__(self) -> None:
            super().__init__(EdgeoodDiagonalMahalanobis)

        def format(self, node: Any) -> str:
            own = {
                "mean_t": node.get_weights("mean").type.name,
                "inverse_variance_t": node.get_weights("inverse_variance").type.name,
                "difference_t": exact_type(node.get_attr("difference_type")),
                "square_t": exact_type(node.get_attr("square_type")),
                "product_t": exact_type(node.get_attr("product_type")),
                "accum_t": exact_type(node.get_attr("score_type")),
            }
            return (
                f"struct config{node.index} : nnet::diagonal_mahalanobis_config {{\n"
                f"    static const unsigned n_in = {node.get_attr('n_in')};\n"
                f"    static const unsigned n_class = {node.get_attr('n_class')};\n"
                f"    static const unsigned reuse_factor = {node.model.config.get_reuse_factor(node)};\n"
                + "".join(f"    typedef {kind} {name};\n" for name, kind in own.items())
                + "};\n"
            )

    class MaxLogitCall(FunctionCallTemplate):
        def __init__(self) -> None:
            super().__init__(EdgeoodMaxLogit, include_header=[f"nnet_utils/{HEADER}"])

        def format(self, node: Any) -> str:
            return "nnet::max_logit<{input_t}, {output_t}, {config}>({input}, {output});".format(
                **self._default_function_params(node)
            )

    class DiagonalMahalanobisCall(FunctionCallTemplate):
        def __init__(self) -> None:
            super().__init__(EdgeoodDiagonalMahalanobis, include_header=[f"nnet_utils/{HEADER}"])

        def format(self, node: Any) -> str:
            names = self._default_function_params(node)
            arguments = [names["input"], names["output"]]
            arguments += [node.get_weights(constants).name for constants in ("mean", "inverse_variance")]
            types = "{input_t}, {output_t}, {config}".format(**names)
            return f"nnet::diagonal_mahalanobis<{types}>({', '.join(arguments)});"

    @onnx_handler(*_LAYERS)
    def parse(node: Any, input_names: list[str], input_shapes: Any, graph: Any) -> dict[str, Any]:
        layer = {"class_name": _LAYERS[node.op_type], "name": node.name}
        layer |= {"inputs": input_names, "outputs": list(node.output)}
        for key, value in constants_of(node).items():
            layer[f"{key}_values" if isinstance(value, np.ndarray) else key] = value
        return layer

    for operator in _LAYERS:
        hls4ml.converters.register_onnx_layer_handler(operator, parse)
    for kind in (EdgeoodMaxLogit, EdgeoodDiagonalMahalanobis):
        register_layer(kind.__name__, kind)
    backend = hls4ml.backends.get_backend(BACKEND)
    for template in (MaxLogitConfig, DiagonalMahalanobisConfig, MaxLogitCall, DiagonalMahalanobisCall):
        backend.register_template(template)
    backend.register_source(firmware_folder() / HEADER)
