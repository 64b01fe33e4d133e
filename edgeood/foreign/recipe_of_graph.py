"""A fixed-point graph → the sections of a recipe that describe its network, and a twin with its weights."""

import itertools
from typing import Any, TypeVar

import numpy as np

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.graph import (
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
from edgeood.foreign.types_of_layers import Types, section_of
from edgeood.networks.quantized.fixed_graph import fixed_graph
from edgeood.networks.quantized.layer_types import POOL, side_before
from edgeood.networks.quantized.twin import QuantizedTwin

_Operation = TypeVar("_Operation", bound=Operation)
Layers = dict[str, Dense | Convolution]
"""Layer of the twin → the operation with its weights"""


def sections_of(graph: FixedGraph, toolkit: str, source: str) -> tuple[dict[str, Any], Layers]:
    """The recipe's sections ``network`` and ``quantization``, and which operation is which layer of its twin.

    The graph begins with the rounding of its input. A maximum over windows may stand before or behind the rounding of
    what it reads, as rounding keeps the order. Raises :class:`EdgeoodError`, naming ``source``, if it is no CNN and no
    ParticleNet-lite whose representation, the last but one dense layer, is quantized.
    """
    walk = _Walk(_rounded_first(graph.operations), source)
    entry = walk.next(Quantize, "the rounding of the input")
    network = _convolutions(walk) if len(graph.shape) == 3 else _edge_convolutions(walk)
    hidden: list[tuple[Dense, Quantize]] = []
    while isinstance(walk.upcoming(1), Quantize):
        hidden.append(walk.dense())
    logits = walk.next(Dense, "the logits")
    walk.end()
    if not hidden:
        raise EdgeoodError(
            f"{source} has no quantized dense layer before its logits, which would be the representation that scores "
            "are made of; add one."
        )
    *others, (last, activation) = hidden
    for i, (layer, quantize) in enumerate(others):
        walk.layer(f"dense{i}", layer, activations=quantize.type)
    walk.layer("representation", last, activations=activation.type)
    walk.layer("logits", logits)
    network |= {
        "hidden": [len(layer.bias.integers) for layer, _ in others],
        "representation": len(last.bias.integers),
    }
    return {
        "network": network,
        "quantization": {"toolkit": toolkit, **section_of(walk.types, entry.type)},
    }, walk.layers


def fill(twin: QuantizedTwin, layers: Layers, graph: FixedGraph, source: str) -> None:
    """Give the twin of :func:`sections_of` the graph's weights, and check that it means the same, to the last integer.

    Raises :class:`EdgeoodError` if it does not: the recipe's inputs are others than those that the graph reads.
    """
    import torch

    if (expected := fixed_graph(twin).shape) != graph.shape:
        raise EdgeoodError(
            f"{source} reads inputs of shape {graph.shape}, and the recipe's are of shape {expected}; let its "
            "section 'inputs' say what the model was trained on."
        )
    for name in twin.layer_names:
        operation = layers[name]
        values = operation.weights.values
        if isinstance(operation, Convolution):
            values = values.transpose(2, 3, 1, 0)
        elif side := side_before(twin.inputs, twin.network, name):
            values = values.reshape(-1, side, side, values.shape[1]).transpose(1, 2, 0, 3)
            values = values.reshape(-1, values.shape[-1])
        with torch.no_grad():
            for own, theirs in zip(twin.weights_of(name), (values, operation.bias.values), strict=True):
                own.copy_(torch.from_numpy(np.ascontiguousarray(theirs)))
    ours, model = fixed_graph(twin), _rounded_first(graph.operations)
    if [_meaning(one) for one in ours.operations] != [_meaning(one) for one in model]:
        raise EdgeoodError(
            f"{source} reads its inputs otherwise than the recipe's section 'inputs' says (how many, of which kind, "
            "which of them are coordinates); make them the same."
        )


class _Walk:
    """The operations in their order, and what was found on the way."""

    def __init__(self, operations: tuple[Operation, ...], source: str) -> None:
        self.operations, self.source, self.place = operations, source, 0
        self.layers: Layers = {}
        self.types: Types = {}

    def upcoming(self, ahead: int = 0) -> Operation | None:
        """An operation further on."""
        place = self.place + ahead
        return self.operations[place] if place < len(self.operations) else None

    def next(self, sort: type[_Operation], what: str) -> _Operation:
        """The next operation, which must be of that sort."""
        one = self.upcoming()
        if not isinstance(one, sort):
            found = "it ends" if one is None else f"there is '{one.name}', a {type(one).__name__}"
            raise EdgeoodError(f"{self.source}: {what} should come next, and {found}; change the model.")
        self.place += 1
        return one

    def dense(self) -> tuple[Dense, Quantize]:
        """A dense layer and the rounding of its sums."""
        layer = self.next(Dense, "a dense layer")
        return layer, self.next(Quantize, f"a quantized activation of '{layer.name}'")

    def layer(self, name: str, operation: Dense | Convolution, **types: FixedPoint) -> None:
        """Note an operation as a layer of the twin."""
        self.layers[name] = operation
        self.types[name] = {"weights": operation.weights.type, "biases": operation.bias.type, **types}

    def end(self) -> None:
        """Nothing may follow."""
        if (one := self.upcoming()) is not None:
            raise EdgeoodError(f"{self.source}: '{one.name}' stands behind the logits; take it away.")


def _convolutions(walk: _Walk) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = []
    while isinstance(walk.upcoming(), Convolution):
        layer = walk.next(Convolution, "a convolution")
        quantize = walk.next(Quantize, f"a quantized activation of '{layer.name}'")
        pool = (
            walk.next(MaxPool, "a maximum over windows").window if isinstance(walk.upcoming(), MaxPool) else 1
        )
        filters, _, kernel, _ = layer.weights.integers.shape
        walk.layer(f"conv{len(blocks)}", layer, activations=quantize.type)
        blocks.append({"filters": filters, "kernel": kernel, "stride": layer.stride, "pool": pool})
    if not blocks:
        raise EdgeoodError(
            f"{walk.source} begins with no convolution; a network on images is a CNN. Add one."
        )
    walk.next(Flatten, "a Flatten layer")
    return {"kind": "cnn", "blocks": blocks}


def _edge_convolutions(walk: _Walk) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = []
    neighbours, dynamic = 0, 0
    while not isinstance(walk.upcoming(), ConstituentMean):
        i = len(blocks)
        edge, edges = walk.dense()
        gather = walk.next(KnnGather, f"the neighbours' maximum of '{edge.name}'")
        activation = walk.next(Quantize, f"a quantized activation of '{gather.name}'")
        walk.layer(f"edge{i}", edge, activations=activation.type, edges=edges.type)
        nodes: list[int] = []
        while isinstance(walk.upcoming(), Dense) and not isinstance(walk.upcoming(2), KnnGather):
            node, quantize = walk.dense()
            walk.layer(f"node{i}_{len(nodes)}", node, activations=quantize.type)
            nodes.append(len(node.bias.integers))
        blocks.append({"edge": len(edge.bias.integers) // 2, "nodes": nodes})
        if i == 0:
            neighbours = gather.neighbours
        elif gather.first == 0:
            # The first graph is of angles, which are not the first columns of a candidate.
            dynamic = gather.coordinates
    walk.next(ConstituentMean, "the mean over the constituents")
    pooled = walk.next(Quantize, "a quantized activation of the mean")
    walk.types[POOL] = {"activations": pooled.type}
    return {"kind": "particlenet_lite", "neighbours": neighbours, "blocks": blocks, "dynamic": dynamic}


def _rounded_first(operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
    """The same with every maximum over windows behind the rounding: both keep the order, so either may come first."""
    result = list(operations)
    for i, (pool, after) in enumerate(itertools.pairwise(operations)):
        if isinstance(pool, MaxPool) and isinstance(after, Quantize):
            result[i : i + 2] = [
                Quantize(after.name, pool.inputs, after.type),
                MaxPool(pool.name, (after.name,), pool.window),
            ]
    return tuple(result)


def _meaning(operation: Operation) -> tuple[Any, ...]:
    """What an operation computes, whatever it is called."""
    own = {key: value for key, value in vars(operation).items() if key not in ("name", "inputs")}
    return type(operation).__name__, *(
        (value.integers.tolist(), value.type) if isinstance(value, Constant) else value
        for value in own.values()
    )
