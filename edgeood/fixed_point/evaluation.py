"""The outputs of a fixed-point graph, exact in float64: what every engine's scores are compared with."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.fixed_point.graph import (
    INPUT,
    PT,
    ConstituentMean,
    Convolution,
    Dense,
    FixedGraph,
    Flatten,
    KnnGather,
    MaxPool,
    Operation,
    Quantize,
)
from edgeood.fixed_point.ranges import FLOAT64_BITS, accumulator_bits
from edgeood.fixed_point.types import FixedPoint

Values = NDArray[np.float64]
"""Values of a tensor, the batch axis first."""


class GraphOutputs(NamedTuple):
    """What a graph computes of many jets, on the grids of its types."""

    representation: Values
    """(B, D)"""
    logits: Values
    """(B, K)"""


def exact_outputs(graph: FixedGraph, inputs: NDArray[Any], batch_size: int = 64) -> GraphOutputs:
    """Representation (B, D) and logits (B, K) of (B, 1, P, P) images or (B, N, F) candidates.

    Raises :class:`EdgeoodError` naming the layer if float64 cannot hold its sums.
    """
    for name, bits in accumulator_bits(graph).items():
        if bits > FLOAT64_BITS:
            raise EdgeoodError(
                f"layer '{name}' has sums of {bits} bits, more than the {FLOAT64_BITS} that every engine computes "
                f"exactly; choose narrower types in quantization.layers."
            )
    steps = [(one, _evaluator(one)) for one in graph.operations]
    representations, logits = [], []
    # An empty batch, too, goes through the network once and comes out with the right shape.
    for start in range(0, max(len(inputs), 1), batch_size):
        tensors: dict[str, Values] = {INPUT: np.asarray(inputs[start : start + batch_size], np.float64)}
        for operation, evaluate in steps:
            tensors[operation.name] = evaluate(*(tensors[name] for name in operation.inputs))
        representations.append(tensors[graph.representation])
        logits.append(tensors[graph.logits])
    return GraphOutputs(np.concatenate(representations), np.concatenate(logits))


def _evaluator(operation: Operation) -> Callable[..., Values]:
    """The function that an operation is, of its float64 inputs."""
    if isinstance(operation, Quantize):
        return operation.type.quantize
    if isinstance(operation, Dense):
        weights, bias = operation.weights.values, operation.bias.values
        return lambda x: x @ weights + bias
    if isinstance(operation, Convolution):
        kernel, offset, stride = operation.weights.values, operation.bias.values, operation.stride
        return lambda x: _convolution(x, kernel, stride) + offset[:, None, None]
    if isinstance(operation, MaxPool):
        window = operation.window
        return lambda x: _largest_of_windows(x, window)
    if isinstance(operation, Flatten):
        return lambda x: x.reshape(len(x), -1)
    if isinstance(operation, KnnGather):
        return lambda candidates, points, edges: _gathered(operation, candidates, points, edges)
    assert isinstance(operation, ConstituentMean)
    return _mean


def _convolution(x: Values, kernel: Values, stride: int) -> Values:
    """(B, in, H, W) and (out, in, h, w) → (B, out, H′, W′)."""
    windows = sliding_window_view(x, kernel.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.moveaxis(np.tensordot(windows, kernel, axes=((1, 4, 5), (1, 2, 3))), 3, 1)


def _largest_of_windows(x: Values, window: int) -> Values:
    """(B, C, H, W) → (B, C, H // window, W // window)."""
    rows, columns = x.shape[2] // window, x.shape[3] // window
    whole = x[:, :, : rows * window, : columns * window]
    result: Values = whole.reshape(*x.shape[:2], rows, window, columns, window).max(axis=(3, 5))
    return result


def _mean(candidates: Values, features: Values) -> Values:
    """(B, N, F), (B, N, C) → (B, C)."""
    result: Values = (features * (candidates[..., PT] > 0)[..., None]).sum(axis=1) / features.shape[1]
    return result


def _gathered(operation: KnnGather, candidates: Values, points: Values, edges: Values) -> Values:
    """(B, N, F), (B, N, P), (B, N, 2C) → (B, N, C)."""
    valid = candidates[..., PT] > 0
    columns = points[..., operation.first : operation.first + operation.coordinates]
    neighbours = _nearest(columns, operation.coordinate_type, valid, operation.neighbours)
    own, others = np.split(edges, 2, axis=-1)
    jets = np.arange(len(edges))[:, None, None]
    result: Values = (own + others[jets, neighbours].max(axis=2)) * valid[..., None]
    return result


def _nearest(
    columns: Values, coordinate_type: FixedPoint, valid: NDArray[np.bool_], k: int
) -> NDArray[np.intp]:
    """(B, N, k) indices of the nearest valid others of each constituent, the nearest again where there are fewer.

    The nearest of a constituent without valid others is itself: to take it once more changes no maximum.
    """
    coordinates = coordinate_type.quantize(columns)
    difference = coordinates[:, :, None] - coordinates[:, None]
    distance = (difference * difference).sum(axis=-1)
    # Behind all others stand the constituent itself, then padding.
    itself = np.eye(columns.shape[1], dtype=bool)
    last = np.finfo(np.float64).max
    distance = np.where(itself, last, np.where(valid[:, None], distance, np.inf))
    order = np.argsort(distance, axis=-1, kind="stable")[..., :k]
    is_other = np.take_along_axis(distance, order, axis=-1) < last
    return np.where(is_other, order, order[..., :1])
