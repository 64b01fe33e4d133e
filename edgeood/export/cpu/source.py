"""Fixed-point graph and fused score → one C++ file that scores jets in integers, on the kernels of ``firmware/cpu``.

Every tensor is stored in 16 bits if all its numbers have them, every sum is 32 bits wide if that provably holds it
(:mod:`edgeood.fixed_point.ranges`), and jets lie side by side in the vectors of the CPU. The scores
are those of :class:`~edgeood.scores.fused.FusedScore`, bit by bit.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from edgeood.export.cpu import layers
from edgeood.export.cpu.types import c_tensor
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.graph import (
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
from edgeood.fixed_point.ranges import ranges
from edgeood.scores.fused.mahalanobis import FixedPointMahalanobis
from edgeood.scores.fused.network import FusedNetwork

_FILE = """// {title}
//
// Made by edgeood from the network's fixed-point graph; the kernels lie in firmware/cpu. Rounding is half to even,
// overflow saturates, sums are exact.

#include "batches.h"
#include "constituents.h"
{includes}#include "layers.h"

namespace {{

using namespace edgeood;

{structures}
struct network {{
    typedef input entry;
    static constexpr double step = {step};

{tensors}

    Long integers() {{
{statements}
    }}
}};

}} // namespace

#define EDGEOOD_EXPORT extern "C" __attribute__((visibility("default")))

// Numbers of one jet.
EDGEOOD_EXPORT int edgeood_inputs() {{ return input::size; }}

// (jets, inputs) → (jets,); 0 if there is no memory.
EDGEOOD_EXPORT int edgeood_score(const float *inputs, double *scores, int64_t jets) {{
    return score_batches<network>(inputs, scores, jets);
}}
{functions}"""

_DECIDE = """
// The same, and whether jets of these masses [GeV] (jets,) are anomalous (jets,).
EDGEOOD_EXPORT int edgeood_decide(const float *inputs, const float *masses, double *scores, uint8_t *decisions,
                                  int64_t jets) {
    return decide_batches<network, decision>(inputs, masses, scores, decisions, jets);
}
"""


class _Step(NamedTuple):
    """What one kernel computes: an operation, the rounding that follows it, a pooling that follows that."""

    operation: Operation
    fixed_type: FixedPoint | None
    window: int
    result: str


def _steps(graph: FixedGraph) -> Iterator[_Step]:
    """The operations after the input's rounding, grouped."""
    rest = list(graph.operations[:0:-1])
    while rest:
        operation = rest.pop()
        fixed_type, window, result = None, 1, operation.name
        if rest and isinstance(rest[-1], Quantize) and not isinstance(operation, Flatten):
            fixed_type, result = rest[-1].type, rest.pop().name
            if rest and isinstance(rest[-1], MaxPool):
                window, result = rest[-1].window, rest.pop().name
        yield _Step(operation, fixed_type, window, result)


class _Source:
    """The parts of the file as they are written down, step by step."""

    def __init__(self, graph: FixedGraph) -> None:
        entry = graph.operations[0].name
        # A tensor whose numbers are added to each other needs room for their sums.
        gathers = {one.inputs[2]: one.name for one in graph.operations if isinstance(one, KnnGather)}
        computed = {one.name for one in graph.operations}
        self.known = ranges(graph)
        self.stored = {
            name: c_tensor(name, one, self.known[gathers.get(name, name)])
            for name, one in self.known.items()
            if name in computed
        }
        size = math.prod(graph.shape)
        self.shapes = {entry: graph.shape}
        self.memory = {entry: "entered"}
        """The C++ array in which a tensor lies."""
        self.structures = [layers.entry_structure(size, graph.input_type, self.stored[entry])]
        self.tensors = [f"    Lanes<{self.stored[entry]}> entered[padded(input::size)];"]
        self.statements: list[str] = []

    def add(self, step: _Step) -> None:
        """The structure, the tensor and the call of one step."""
        operation, fixed_type, window, result = step
        *_, data = operation.inputs
        if isinstance(operation, Flatten):
            self.shapes[result] = (math.prod(self.shapes[data]),)
            self.memory[result] = self.memory[data]
            return
        shapes = tuple(self.shapes[one] for one in operation.inputs)
        template, shape = f"{operation.name}_layer", shapes[-1]
        if isinstance(operation, Convolution | Dense):
            if isinstance(operation, Convolution):
                places, shape = layers.convolution_places(operation, shape, window)
                function = "convolution"
            else:
                places = layers.dense_places(operation)
                shape = (*shape[:-1], len(operation.bias.integers))
                function, template = "dense", f"{template}, {math.prod(shape[:-1])}"
            stored = (self.stored[data], self.stored[result] if fixed_type else None)
            text = layers.layer_structure(operation, self.known, fixed_type, stored, places)
        else:
            assert fixed_type is not None, f"{operation.name} is not followed by a Quantize"
            types = (self.stored[data], self.stored[result])
            if isinstance(operation, KnnGather):
                shape, function = (shape[0], shape[1] // 2), "knn_gather"
                text = layers.knn_structure(operation, self.known, shapes, fixed_type, types)
            else:
                assert isinstance(operation, ConstituentMean)
                shape, function = shape[1:], "constituent_mean"
                text = layers.mean_structure(operation, self.known, shapes, fixed_type, types)
        self.shapes[result], self.memory[result] = shape, result
        self.structures.append(text)
        self.tensors.append(f"    Lanes<{operation.name}_layer::output_t> {result}[{math.prod(shape)}];")
        given = ", ".join(self.memory[one] for one in operation.inputs)
        self.statements.append(f"        {function}<{template}>({given}, {result});")


def scorer_source(network: FusedNetwork, title: str) -> str:
    """The C++ file of a fused network, to be compiled with ``firmware/cpu`` among the include folders.

    It exports ``int edgeood_inputs()``, the numbers of one jet, and ``int edgeood_score(const float *inputs, double
    *scores, int64_t jets)``, zero if there is no memory; with a mass-blind decision also ``int edgeood_decide(const
    float *inputs, const float *masses, double *scores, uint8_t *decisions, int64_t jets)``. ``title`` is the comment
    in its first line. Raises :class:`EdgeoodError` if some number needs more than 64 bits.
    """
    graph, score, decision = network.graph, network.score, network.decision
    source = _Source(graph)
    for step in _steps(graph):
        # A distance needs no logits.
        if step.result != graph.logits or not isinstance(score, FixedPointMahalanobis):
            source.add(step)
    if isinstance(score, FixedPointMahalanobis):
        source.structures.append(layers.mahalanobis_structure(score))
        last = f"diagonal_mahalanobis<mahalanobis>({source.memory[graph.representation]})"
    else:
        (classes,) = source.shapes[graph.logits]
        last = f"max_logit<{classes}>({source.memory[graph.logits]})"
    if decision is not None:
        source.structures.append(layers.decision_structure(decision))
    return _FILE.format(
        title=title,
        includes="" if decision is None else '#include "decision.h"\n',
        functions="" if decision is None else _DECIDE,
        structures="\n".join(source.structures),
        step=float(score.step).hex(),
        tensors="\n".join(source.tensors),
        statements="\n".join([*source.statements, f"        return {last};"]),
    )
