"""Which exact types an hls4ml model computes in, so that they can be proven to hold every number."""

from dataclasses import dataclass
from typing import Any

from edgeood.errors import EdgeoodError
from edgeood.export.hls.constituent_layers import distance_types
from edgeood.export.hls.hls4ml_layers import fixed_point
from edgeood.fixed_point import FixedPoint
from edgeood.scores.fused import FusedScore

WEIGHTED = ("Dense", "Conv1D", "Conv2D", "PointwiseConv1D", "PointwiseConv2D")
"""hls4ml's layers that multiply by weights."""


def exact_types(model: Any) -> dict[str, FixedPoint]:
    """Types of what may neither wrap nor be rounded in a converted hls4ml model.

    Named as :func:`edgeood.scores.fused.proof.prove` reads them: a layer with weights stands for its accumulator,
    ``edge<i>_maximum`` and ``pool`` for their results, ``edge<i>_maximum.difference`` and ``.distance`` for what is
    computed on the way.
    """
    types = {}
    for layer in model.get_layers():
        if layer.class_name in WEIGHTED:
            types[_original_name(layer.name)] = fixed_point(layer.get_attr("accum_t").precision)
        elif layer.class_name in ("EdgeoodKnnGather", "EdgeoodConstituentMean"):
            types[layer.name] = fixed_point(layer.get_output_variable().type.precision)
        if layer.class_name == "EdgeoodKnnGather":
            coordinates = layer.get_attr("coordinate_type")
            for part, exact in distance_types(coordinates, layer.get_attr("coordinates")).items():
                types[f"{layer.name}.{part}"] = exact
    return types


@dataclass(frozen=True)
class ProjectLayer:
    """A layer as the project's description lists it."""

    name: str
    shape: tuple[int, ...]
    accumulator: str
    """exact; empty if the layer has none"""
    result: str


def project_layers(model: Any) -> list[ProjectLayer]:
    """Types in HLS C++ of all layers of a converted hls4ml model, in their order; copies of streams left out."""
    rows = []
    for layer in model.get_layers():
        if layer.class_name == "Clone":
            continue
        result = layer.get_output_variable()
        accumulator = str(layer.get_attr("accum_t").precision) if layer.class_name in WEIGHTED else ""
        name = _original_name(layer.name)
        rows.append(ProjectLayer(name, tuple(result.shape), accumulator, str(result.type.precision)))
    return rows


def _original_name(name: str) -> str:
    """hls4ml puts the class of a layer before its name; a dense layer it names after the MatMul that it was."""
    layer_class, _, original = name.partition("_")
    return original.removesuffix("_product") if layer_class in WEIGHTED else name


def check_score_type(model: Any, score: FusedScore) -> None:
    """Raise :class:`EdgeoodError` if hls4ml gave the score another type than it has."""
    found = fixed_point(model.get_output_variables()[0].type.precision)
    if found != score.score_type:
        raise EdgeoodError(
            f"hls4ml changed the type of the score from {score.score_type.hls_type} to {found.hls_type}; report this."
        )
