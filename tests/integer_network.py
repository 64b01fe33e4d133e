"""A fixed-point graph evaluated in Python's and numpy's integers alone: no rounding can hide in a float."""

import numpy as np

from edgeood.fixed_point import FixedPoint
from edgeood.networks.quantized.fixed_graph import (
    INPUT,
    Constant,
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

Number = tuple[np.ndarray, int]
"""Integers, and how many of their bits are right of the point."""


def integer_outputs(graph: FixedGraph, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Representation (B, D) and logits (B, K) as float64 that hold the integers' values."""
    rows = []
    for one in inputs:
        kind = graph.input_type
        tensors: dict[str, Number] = {INPUT: (kind.to_integers(one), kind.fraction)}
        for operation in graph.operations:
            tensors[operation.name] = _evaluate(operation, *(tensors[name] for name in operation.inputs))
        rows.append([tensors[name] for name in (graph.representation, graph.logits)])
    representation, logits = (
        np.array([integers * 2.0**-fraction for integers, fraction in column])
        for column in zip(*rows, strict=True)
    )
    return representation, logits


def _evaluate(operation: Operation, *inputs: Number) -> Number:
    integers, fraction = inputs[-1]
    match operation:
        case Quantize(kind=kind):
            return _rounded(integers, fraction, kind), kind.fraction
        case Dense(weights=weights, bias=bias):
            return _plus(integers @ weights.integers, fraction + weights.kind.fraction, bias)
        case Convolution(weights=weights, bias=bias, stride=stride):
            size = weights.integers.shape[2:]
            windows = np.lib.stride_tricks.sliding_window_view(integers, size, axis=(1, 2))
            sums = np.einsum("cyxhw,ochw->yxo", windows[:, ::stride, ::stride], weights.integers)
            sums, fraction = _plus(sums, fraction + weights.kind.fraction, bias)
            return sums.transpose(2, 0, 1), fraction
        case MaxPool(window=window):
            side = integers.shape[1] // window
            part = integers[:, : side * window, : side * window]
            return part.reshape(-1, side, window, side, window).max(axis=(2, 4)), fraction
        case Flatten():
            return integers.ravel(), fraction
        case KnnGather():
            return _gathered(operation, *inputs), fraction
        case ConstituentMean():
            candidates = inputs[0][0]
            places = len(candidates).bit_length() - 1
            assert len(candidates) == 2**places
            return integers[candidates[:, 0] > 0].sum(axis=0), fraction + places
    raise AssertionError(operation)


def _plus(sums: np.ndarray, fraction: int, bias: Constant) -> Number:
    common = max(fraction, bias.kind.fraction)
    return (sums << (common - fraction)) + (bias.integers << (common - bias.kind.fraction)), common


def _rounded(integers: np.ndarray, fraction: int, kind: FixedPoint) -> np.ndarray:
    surplus = fraction - kind.fraction
    if surplus <= 0:
        rounded = integers << -surplus
    else:
        rounded = integers >> surplus
        rest, half = integers - (rounded << surplus), 1 << (surplus - 1)
        rounded = rounded + ((rest > half) | ((rest == half) & (rounded % 2 == 1)))
    return np.clip(rounded, kind.lowest_integer, kind.highest_integer)


def _gathered(operation: KnnGather, candidates: Number, points: Number, edges: Number) -> np.ndarray:
    columns = points[0][:, operation.first : operation.first + operation.coordinates]
    places = _rounded(columns, points[1], operation.coordinate_type)
    own, others = np.split(edges[0], 2, axis=1)
    maximum, valid = np.zeros_like(own), np.flatnonzero(candidates[0][:, 0] > 0)
    for i in valid:
        distance = ((places - places[i]) ** 2).sum(axis=1)
        nearest = sorted((j for j in valid if j != i), key=lambda j: (distance[j], j))
        maximum[i] = own[i] + others[nearest[: operation.neighbours] or [i]].max(axis=0)
    return maximum
