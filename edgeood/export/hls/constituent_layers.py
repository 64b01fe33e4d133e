"""The operations on constituents as hls4ml layers: parser, layers, exact types, templates."""

from functools import cache
from typing import Any

from edgeood.export.hls.hls4ml_layers import described, fixed_point, precision, register, struct, vendor_of
from edgeood.export.hls.vendors import counter_type, exact_type, rounded_type
from edgeood.fixed_point import FixedPoint

HEADER = "nnet_edgeood_constituents.h"


def gathered_type(edges: FixedPoint) -> FixedPoint:
    """The type of a_i + max b_j, exactly."""
    return FixedPoint(edges.bits + 1, edges.integer + 1, edges.signed)


def distance_types(coordinates: FixedPoint, dimensions: int) -> dict[str, FixedPoint]:
    """The types of the difference of two coordinates and of the squared distance, exactly."""
    # |x − y| is at most 2^width − 1 steps, whether the coordinates have a sign or not.
    width, growth = coordinates.bits, (dimensions - 1).bit_length()
    fraction = coordinates.fraction
    return {
        "difference": FixedPoint(width + 1, width - fraction),
        "distance": FixedPoint(2 * width + growth, 2 * (width - fraction) + growth, signed=False),
    }


def sum_types(features: FixedPoint, constituents: int) -> tuple[FixedPoint, FixedPoint]:
    """The types of the sum over that many constituents, a power of two, and of the mean: the same bits."""
    growth = constituents.bit_length() - 1
    bits = features.bits + growth
    return (
        FixedPoint(bits, features.integer + growth, features.signed),
        FixedPoint(bits, features.integer, features.signed),
    )


@cache
def register_constituent_layers() -> None:
    """Teach hls4ml the operators on constituents (once per process)."""
    import hls4ml
    from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
    from hls4ml.converters.onnx_to_hls import onnx_handler
    from hls4ml.model.layers import Layer
    from hls4ml.model.optimizer import OptimizerPass

    class EdgeoodConstituents(Layer):
        """Common to both: the first input holds the candidates, the last one what is combined."""

        def variable(self, position: int) -> Any:
            """An input, as it is at this stage of the conversion."""
            return self.get_input_variable(self.inputs[position])

        def taken(self, position: int) -> FixedPoint:
            """The type of an input."""
            return fixed_point(self.variable(position).type.precision)

        def numbers(self) -> dict[str, int]:
            """What both configurations say."""
            constituents, features = self.variable(0).shape
            reuse = self.model.config.get_reuse_factor(self)
            return {"n_constituent": constituents, "n_feature": features, "reuse_factor": reuse}

    class EdgeoodKnnGather(EdgeoodConstituents):
        """a_i + max b_j over the nearest constituents. Two inputs if the candidates are the points as well."""

        def initialize(self) -> None:
            constituents, edges = self.variable(-1).shape
            self.add_output_variable([constituents, edges // 2])

        def result(self) -> FixedPoint:
            return gathered_type(self.taken(-1))

    class EdgeoodConstituentMean(EdgeoodConstituents):
        """Σ h_i / N over the valid constituents."""

        def initialize(self) -> None:
            self.add_output_variable([self.variable(-1).shape[-1]])

        def result(self) -> FixedPoint:
            return sum_types(self.taken(-1), self.variable(0).shape[0])[1]

    class ExactTypes(OptimizerPass):
        """Gives the results their exact types, as soon as those of the inputs are known."""

        def match(self, node: Any) -> bool:
            return isinstance(node, EdgeoodConstituents)

        def transform(self, model: Any, node: Any) -> bool:
            node.get_output_variable().type.precision = precision(node.result())
            return False

    class KnnGatherConfig(LayerConfigTemplate):
        def __init__(self) -> None:
            super().__init__(EdgeoodKnnGather)

        def format(self, node: Any) -> str:
            coordinates, dimensions = node.get_attr("coordinate_type"), node.get_attr("coordinates")
            numbers = node.numbers() | {
                "n_point": node.variable(-2).shape[-1],
                "first_coordinate": node.get_attr("first"),
                "n_coordinate": dimensions,
                "n_neighbour": node.get_attr("neighbours"),
                "n_channel": node.get_output_variable().shape[-1],
            }
            vendor, exact = vendor_of(node), distance_types(coordinates, dimensions)
            typedefs = {"coordinate_t": rounded_type(coordinates, vendor)}
            typedefs |= {f"{name}_t": exact_type(fixed_type, vendor) for name, fixed_type in exact.items()}
            typedefs["rank_t"] = counter_type((numbers["n_constituent"] - 1).bit_length(), vendor)
            return struct(node.index, "knn_gather_config", numbers, typedefs)

    class ConstituentMeanConfig(LayerConfigTemplate):
        def __init__(self) -> None:
            super().__init__(EdgeoodConstituentMean)

        def format(self, node: Any) -> str:
            numbers = node.numbers() | {"n_channel": node.get_output_variable().shape[-1]}
            accumulated, _ = sum_types(node.taken(-1), numbers["n_constituent"])
            typedefs = {"accum_t": exact_type(accumulated, vendor_of(node))}
            return struct(node.index, "constituent_mean_config", numbers, typedefs)

    class Call(FunctionCallTemplate):
        function: str

        def format(self, node: Any) -> str:
            inputs, output = [node.variable(i) for i in range(len(node.inputs))], node.get_output_variable()
            types = ", ".join([*(one.type.name for one in (*inputs, output)), f"config{node.index}"])
            arguments = ", ".join(one.name for one in (*inputs, output))
            return f"nnet::{self.function}<{types}>({arguments});"

    class KnnGatherCall(Call):
        function = "knn_gather"

        def __init__(self) -> None:
            super().__init__(EdgeoodKnnGather, include_header=[f"nnet_utils/{HEADER}"])

    class ConstituentMeanCall(Call):
        function = "constituent_mean"

        def __init__(self) -> None:
            super().__init__(EdgeoodConstituentMean, include_header=[f"nnet_utils/{HEADER}"])

    layers = {"KnnGather": EdgeoodKnnGather, "ConstituentMean": EdgeoodConstituentMean}

    @onnx_handler(*layers)
    def parse(node: Any, input_names: list[str], input_shapes: Any, graph: Any) -> dict[str, Any]:
        # A stream can be read once: candidates that are the points as well are one input, not two.
        return described(node, layers[node.op_type], list(dict.fromkeys(input_names)))

    templates = (KnnGatherConfig, ConstituentMeanConfig, KnnGatherCall, ConstituentMeanCall)
    register(layers, parse, templates, HEADER)
    # Vitis follows Vivado's flows. Types of weights and activations are inferred just before.
    for name in ("Vivado", "Quartus", "Catapult"):
        hls4ml.backends.get_backend(name).register_pass(
            "edgeood_exact_types", ExactTypes, flow=f"{name.lower()}:optimize"
        )
