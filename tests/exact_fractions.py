"""A quantized network jet by jet in Python's fractions, written as its operations are described: slow, and exact."""

from fractions import Fraction
from itertools import product

import numpy as np

from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.graph import (
    INPUT,
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


def fractions(values: np.ndarray) -> np.ndarray:
    """An array of objects of the same shape."""
    exact = [Fraction(float(value)) for value in np.ravel(values)]
    return np.array(exact, object).reshape(np.shape(values))


def round_to(value: Fraction, fixed_type: FixedPoint) -> Fraction:
    """Half to even (as Python rounds fractions), saturating."""
    step = Fraction(fixed_type.step)
    return min(max(round(value / step), fixed_type.lowest_integer), fixed_type.highest_integer) * step


def rounded(values: np.ndarray, fixed_type: FixedPoint) -> np.ndarray:
    """:func:`round_to` of every number of an array."""
    exact = [round_to(value, fixed_type) for value in np.ravel(values)]
    return np.array(exact, object).reshape(np.shape(values))


def tensors_of(graph: FixedGraph, jet: np.ndarray) -> dict[str, np.ndarray]:
    """Every tensor of the network for one image (1, P, P) or one jet's candidates (N, F), by name.

    The squared distances of a KnnGather are there as well, as ``<name>.distance`` (N, N).
    """
    tensors = {INPUT: fractions(jet)}
    for operation in graph.operations:
        inputs = [tensors[name] for name in operation.inputs]
        if isinstance(operation, KnnGather):
            tensors[f"{operation.name}.distance"] = distances(operation, inputs[1])
        tensors[operation.name] = result_of(operation, inputs)
    return tensors


def distances(operation: KnnGather, points: np.ndarray) -> np.ndarray:
    """Squared distances between all pairs."""
    x = rounded(points[:, operation.first :][:, : operation.coordinates], operation.coordinate_type)
    return np.array([[((one - other) ** 2).sum() for other in x] for one in x], object)


def result_of(operation: Operation, inputs: list[np.ndarray]) -> np.ndarray:
    """One operation."""
    x = inputs[-1]
    if isinstance(operation, Quantize):
        return rounded(x, operation.type)
    if isinstance(operation, Dense):
        return x @ fractions(operation.weights.values) + fractions(operation.bias.values)
    if isinstance(operation, Convolution):
        weights, bias = fractions(operation.weights.values), fractions(operation.bias.values)
        size, stride = weights.shape[-1], operation.stride
        side = (x.shape[-1] - size) // stride + 1
        out = np.empty((len(weights), side, side), object)
        for k, i, j in product(range(len(weights)), range(side), range(side)):
            window = x[:, i * stride : i * stride + size, j * stride : j * stride + size]
            out[k, i, j] = (window * weights[k]).sum() + bias[k]
        return out
    if isinstance(operation, MaxPool):
        size, side = operation.window, x.shape[-1] // operation.window
        out = np.empty((len(x), side, side), object)
        for k, i, j in product(range(len(x)), range(side), range(side)):
            out[k, i, j] = x[k, i * size : (i + 1) * size, j * size : (j + 1) * size].max()
        return out
    if isinstance(operation, Flatten):
        return x.ravel()
    valid = inputs[0][:, 0] > 0
    if isinstance(operation, ConstituentMean):
        return sum((row for row, is_valid in zip(x, valid, strict=True) if is_valid), 0 * x[0]) / len(x)
    assert isinstance(operation, KnnGather)
    squared, channels = distances(operation, inputs[1]), x.shape[1] // 2
    out = np.full((len(x), channels), Fraction(0), object)
    for i in np.flatnonzero(valid):
        others = [j for j in range(len(x)) if j != i and valid[j]]
        # Sorting is stable: the lower index comes first.
        nearest = sorted(others, key=lambda j: squared[i][j])[: operation.neighbours] or [i]
        out[i] = x[i, :channels] + x[nearest, channels:].max(axis=0)
    return out
