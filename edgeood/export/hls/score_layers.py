"""The fused scores as hls4ml layers: parser, layers, templates."""

from functools import cache
from typing import Any

import numpy as np

from edgeood.export.hls.hls4ml_layers import described, precision, register, struct, vendor_of
from edgeood.export.hls.vendors import exact_type

HEADER = "nnet_edgeood_score.h"


@cache
def register_score_layers() -> None:
    """Teach hls4ml the score operators (once per process)."""
    from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
    from hls4ml.converters.onnx_to_hls import onnx_handler
    from hls4ml.model.layers import Layer

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

    layers = {"MaxLogit": EdgeoodMaxLogit, "DiagonalMahalanobis": EdgeoodDiagonalMahalanobis}

    class MaxLogitConfig(LayerConfigTemplate):
        def __init__(self) -> None:
            super().__init__(EdgeoodMaxLogit)

        def format(self, node: Any) -> str:
            reuse = node.model.config.get_reuse_factor(node)
            numbers = {"n_class": node.get_attr("n_in"), "reuse_factor": reuse}
            return struct(node.index, "max_logit_config", numbers, {})

    class DiagonalMahalanobisConfig(LayerConfigTemplate):
        def __init__(self) -> None:
            super().__init__(EdgeoodDiagonalMahalanobis)

        def format(self, node: Any) -> str:
            numbers = {name: node.get_attr(name) for name in ("n_in", "n_class")}
            types = {f"{name}_t": node.get_weights(name).type.name for name in ("mean", "inverse_variance")}
            for name in ("difference", "square", "product", "accum"):
                fixed_type = node.get_attr("score_type" if name == "accum" else f"{name}_type")
                types[f"{name}_t"] = exact_type(fixed_type, vendor_of(node))
            numbers["reuse_factor"] = node.model.config.get_reuse_factor(node)
            return struct(node.index, "diagonal_mahalanobis_config", numbers, types)

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

    @onnx_handler(*layers)
    def parse(node: Any, input_names: list[str], input_shapes: Any, graph: Any) -> dict[str, Any]:
        return described(node, layers[node.op_type], input_names)

    templates = (MaxLogitConfig, DiagonalMahalanobisConfig, MaxLogitCall, DiagonalMahalanobisCall)
    register(layers, parse, templates, HEADER)
