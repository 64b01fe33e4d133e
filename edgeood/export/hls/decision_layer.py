"""The mass-blind decision as an hls4ml layer: parser, layer, templates."""

from functools import cache
from typing import Any

import numpy as np

from edgeood.export.hls.hls4ml_layers import described, register, struct
from edgeood.export.onnx.decision_operator import OPERATOR

HEADER = "nnet_edgeood_decision.h"


@cache
def register_decision_layer() -> None:
    """Teach hls4ml the decision (once per process): score and mass in, score and decision out, of one type."""
    from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
    from hls4ml.converters.onnx_to_hls import onnx_handler
    from hls4ml.model.layers import Layer

    class EdgeoodMassBlindDecision(Layer):  # type: ignore[misc, unused-ignore]
        """score > thresholds[mass word]."""

        def initialize(self) -> None:
            # Precision passes leave a trusted layer alone.
            self.set_attr("trusted", True)
            exact = self.get_input_variable(self.inputs[0]).type.precision
            thresholds = self.get_attr("thresholds_values")
            self.add_output_variable([2], precision=exact)
            self.add_weights_variable(
                "thresholds",
                var_name="thresholds{index}",
                type_name="thresholds{index}_t",
                precision=exact,
                data=np.asarray(thresholds),
            )

    class Config(LayerConfigTemplate):
        def __init__(self) -> None:
            super().__init__(EdgeoodMassBlindDecision)

        def format(self, node: Any) -> str:
            numbers = {
                "n_words": len(node.get_attr("thresholds_values")),
                "mass_bits": node.get_attr("mass_type").bits,
                "reuse_factor": node.model.config.get_reuse_factor(node),
            }
            types = {"threshold_t": node.get_weights("thresholds").type.name}
            return struct(node.index, "mass_blind_decision_config", numbers, types)

    class Call(FunctionCallTemplate):
        def __init__(self) -> None:
            super().__init__(EdgeoodMassBlindDecision, include_header=[f"nnet_utils/{HEADER}"])

        def format(self, node: Any) -> str:
            score, mass = (node.get_input_variable(name) for name in node.inputs)
            result = node.get_output_variable()
            types = ", ".join([score.type.name, mass.type.name, result.type.name, f"config{node.index}"])
            names = ", ".join([score.name, mass.name, result.name, node.get_weights("thresholds").name])
            return f"nnet::mass_blind_decision<{types}>({names});"

    @onnx_handler(OPERATOR)
    def parse(node: Any, input_names: list[str], input_shapes: Any, graph: Any) -> dict[str, Any]:
        return described(node, EdgeoodMassBlindDecision, input_names)

    register({OPERATOR: EdgeoodMassBlindDecision}, parse, (Config, Call), HEADER)
