"""Operations of a fixed-point graph → the C++ structures that describe them to the kernels in ``firmware/cpu``.

The kernels say what each member of a structure means (``layers.h``, ``constituents.h``, ``entry.h``, ``scores.h``).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.export.cpu.text import constants, rounding, structure, table, types
from edgeood.export.cpu.types import c_integer, c_storage, reach, reach_of_rounding
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.graph import ConstituentMean, Convolution, Dense, KnnGather
from edgeood.fixed_point.ranges import Range
from edgeood.scores.fused.mahalanobis import FixedPointMahalanobis
from edgeood.scores.fused.mass_blind import MassBlindDecision


def entry_structure(size: int, input_type: FixedPoint, stored: str) -> str:
    """The rounding of the input: ``size`` numbers of a jet."""
    return structure(
        "input",
        f"{size} inputs, rounded to {input_type.hls_type}",
        [
            *types(input_t=stored),
            constants(size=size, low=input_type.lowest_integer, high=input_type.highest_integer),
            f"static constexpr float scale = {float(1 / input_type.step).hex()}f;",
        ],
    )


def layer_structure(
    layer: Dense | Convolution,
    known: dict[str, Range],
    fixed_type: FixedPoint | None,
    stored: tuple[str, str | None],
    places: list[str],
) -> str:
    """A layer with weights, and the type that it is activated to; without one its sums are the output.

    ``stored``: C++ integers of input and output; ``places``: members that say where taps and windows lie.
    """
    sums = known[layer.name]
    weights, biases = _on_the_grid_of(sums, layer, known[layer.inputs[0]].fraction)
    taps, outputs = weights.shape
    most = max(
        reach(sums), reach(known[f"{layer.name}.partial"]), np.abs(weights).max(), np.abs(biases).max()
    )
    sum_t = c_integer(layer.name, most, reach_of_rounding(sums, fixed_type) if fixed_type else 0)
    weight_t = c_storage(layer.name, np.abs(weights).max())
    # Sums that are not rounded keep their integers, which lie within this type.
    bits = 32 if sum_t == "int32_t" else 64
    activation = fixed_type or FixedPoint(bits, bits - 1 - sums.fraction)
    what = f"then {fixed_type.hls_type}" if fixed_type else "not rounded"
    return structure(
        f"{layer.name}_layer",
        f"{type(layer).__name__}: sums from {sums.lowest} to {sums.highest} in steps of 2^{-sums.fraction}, {what}",
        [
            *types(input_t=stored[0], output_t=stored[1] or sum_t, sum_t=sum_t, weight_t=weight_t),
            constants(outputs=outputs, taps=taps),
            *places,
            *rounding(sums, activation),
            table(weight_t, "weights", _in_pairs(weights)),
            table(sum_t, "biases", biases),
        ],
    )


def _on_the_grid_of(
    sums: Range, layer: Dense | Convolution, fraction: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Weights (taps, outputs) and biases (outputs,), shifted so that sums need no shift; Python's integers."""
    weights = layer.weights.integers.astype(object)
    if isinstance(layer, Convolution):
        weights = weights.reshape(len(weights), -1).T
    weights = weights * (1 << (sums.fraction - fraction - layer.weights.type.fraction))
    return weights, layer.bias.integers.astype(object) * (1 << (sums.fraction - layer.bias.type.fraction))


def _in_pairs(weights: NDArray[Any]) -> NDArray[Any]:
    """(taps, outputs) → (pair of taps, output, tap of the pair), a missing last tap with weight zero."""
    taps, outputs = weights.shape
    padded = np.zeros((taps + taps % 2, outputs), object)
    padded[:taps] = weights
    return padded.reshape(-1, 2, outputs).transpose(0, 2, 1)


def dense_places(layer: Dense) -> list[str]:
    """Where the taps of a dense layer lie."""
    return [
        f"static constexpr auto places = consecutive<{len(layer.weights.integers)}>();",
        "static constexpr std::array<int, 1> windows = {0};",
    ]


def convolution_places(
    layer: Convolution, shape: tuple[int, ...], window: int
) -> tuple[list[str], tuple[int, int, int]]:
    """Where taps and pooled places of a convolution lie in an input of a shape; and the shape after pooling."""
    channels, height, width = shape
    outputs, _, kernel_height, kernel_width = layer.weights.integers.shape
    rows = ((height - kernel_height) // layer.stride + 1) // window
    columns = ((width - kernel_width) // layer.stride + 1) // window
    kernel = f"{channels}, {kernel_height}, {kernel_width}, {height}, {width}"
    members = [
        constants(width=width, rows=rows, columns=columns, step=layer.stride * window),
        f"static constexpr auto places = kernel_places<{kernel}>();",
        f"static constexpr auto windows = pooling_places<{window}, {layer.stride}, {width}>();",
    ]
    return members, (outputs, rows, columns)


def knn_structure(
    gather: KnnGather,
    known: dict[str, Range],
    shapes: tuple[tuple[int, ...], ...],
    fixed_type: FixedPoint,
    stored: tuple[str, str],
) -> str:
    """A graph; ``shapes`` of candidates, points and edges, ``stored``: C++ integers of edges and output."""
    (constituents, features), (_, point_features), (_, both) = shapes
    name, points, sums = gather.name, known[gather.inputs[1]], known[gather.name]
    index_bits = (constituents - 1).bit_length()
    far_bits = ((known[f"{name}.distance"].highest + 1) << index_bits).bit_length()
    rounded = reach_of_rounding(points, gather.coordinate_type)
    return structure(
        f"{name}_layer",
        f"KnnGather: the {gather.neighbours} nearest of {constituents}, then {fixed_type.hls_type}",
        [
            *types(edge_t=stored[0], output_t=stored[1]),
            *types(sum_t=c_integer(name, reach_of_rounding(sums, fixed_type))),
            *types(key_t=c_integer(name, 2 << far_bits, rounded)),
            constants(constituents=constituents, features=features, channels=both // 2),
            constants(point_features=point_features, first=gather.first, coordinates=gather.coordinates),
            constants(neighbours=gather.neighbours, index_bits=index_bits, far_bits=far_bits),
            constants(edge_low=known[gather.inputs[2]].lowest),
            *rounding(points, gather.coordinate_type, "coordinate_"),
            *rounding(sums, fixed_type),
        ],
    )


def mean_structure(
    mean: ConstituentMean,
    known: dict[str, Range],
    shapes: tuple[tuple[int, ...], ...],
    fixed_type: FixedPoint,
    stored: tuple[str, str],
) -> str:
    """A mean over constituents; ``shapes`` of candidates and features, ``stored``: C++ integers of in- and output."""
    (constituents, features), (_, channels) = shapes
    sums = known[mean.name]
    sum_t = c_integer(mean.name, reach(known[f"{mean.name}.partial"]), reach_of_rounding(sums, fixed_type))
    return structure(
        f"{mean.name}_layer",
        f"ConstituentMean of {constituents}, then {fixed_type.hls_type}",
        [
            *types(input_t=stored[0], output_t=stored[1], sum_t=sum_t),
            constants(constituents=constituents, features=features, channels=channels),
            *rounding(sums, fixed_type),
        ],
    )


def mahalanobis_structure(score: FixedPointMahalanobis) -> str:
    """The constants of a diagonal Mahalanobis score."""
    classes, dimensions = score.mean.shape
    difference, square, product = score.difference_type, score.square_type, score.product_type
    return structure(
        "mahalanobis",
        "Diagonal Mahalanobis distance to the nearest class, means on the grid of the differences",
        [
            constants(classes=classes, dimensions=dimensions),
            constants(
                lift=difference.fraction - score.representation_type.fraction,
                drop_square=2 * difference.fraction - square.fraction,
                drop_product=square.fraction + score.inverse_variance_type.fraction - product.fraction,
            ),
            table("int64_t", "means", score.mean << (difference.fraction - score.mean_type.fraction)),
            table("int64_t", "inverse_variances", score.inverse_variance),
        ],
    )


def decision_structure(decision: MassBlindDecision) -> str:
    """The constants of a mass-blind decision."""
    mass = decision.mass_type
    return structure(
        "decision",
        f"score > threshold(mass), masses in {mass.hls_type}",
        [
            constants(highest=mass.highest_integer),
            f"static constexpr float scale = {float(1 / mass.step).hex()};",
            table("int64_t", "thresholds", decision.thresholds),
        ],
    )
