"""Fused network → one piece of combinational logic: all numbers of a jet at once, a jet every clock."""

from typing import Any

import numpy as np

from edgeood.errors import EdgeoodError
from edgeood.export.verilog.arithmetic import Layers, Numbers, rounded_all
from edgeood.export.verilog.constituents import gathered, mean, valid
from edgeood.export.verilog.scores import anomalous, fused
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.graph import INPUT, ConstituentMean, Dense, KnnGather, Quantize
from edgeood.scores.fused.network import FusedNetwork

Logic = Any
"""alkaid's ``CombLogic``: a program of integer operations that it interprets, and writes as RTL."""
_FLOAT32_BITS = 24


def traced(network: FusedNetwork) -> Logic:
    """The logic of a ParticleNet-lite with its score and decision.

    Its inputs are those of one jet (N·F, on the grid of :attr:`FusedNetwork.input_type`) and, of a calibrated run, the
    mass (on the grid of the decision's type); its outputs the score and the decision, 1 for an anomalous jet. Raises
    :class:`EdgeoodError` for a convolutional network, or for constants that are too wide.
    """
    from alkaid.trace import trace

    check_candidates(network)
    given = _ports(int(np.prod(network.graph.shape)), network.input_type)
    mass = None if network.decision is None else _ports(1, network.decision.mass_type)[0]
    tensors: dict[str, Numbers] = {INPUT: given.reshape(network.graph.shape)}
    layers = Layers()
    for one in network.graph.operations:
        taken = [tensors[name] for name in one.inputs]
        if isinstance(one, Quantize):
            tensors[one.name] = rounded_all(taken[0], one.type)
        elif isinstance(one, Dense):
            tensors[one.name] = layers.dense(taken[0], one)
        elif isinstance(one, KnnGather):
            tensors[one.name] = gathered(one, valid(taken[0]), taken[1], taken[2])
        else:
            assert isinstance(one, ConstituentMean)
            tensors[one.name] = mean(valid(taken[0]), taken[1])
    score = fused(network.score, tensors[network.graph.representation], tensors[network.graph.logits])
    outputs = [score, anomalous(network, score, mass)]
    inputs = [*given, *([] if mass is None else [mass])]
    logic = trace(inputs, outputs, keep_dead_inputs=True)
    check_exact(logic)
    return logic


def check_exact(logic: Logic) -> None:
    """Raise :class:`EdgeoodError` if a sum may have lost its lowest bits, or moves by another constant than told.

    alkaid finds the step of a sum from its float32 factors of what it depends on, which forgets what lies more than 24
    bits below. (In narrower sums, a step coarser than those of the terms is right: two halves of a number are one.)
    """
    for op in logic.ops:
        taken = [logic.ops[place].qint for place in op.addr]
        low, high, step = op.qint
        moved = False
        if op.opcode in (0, 1):
            finest = min(taken[0].step, taken[1].step * 2.0 ** op.data[0])
        elif op.opcode == 4:
            value, shift = op.data
            finest = min(taken[0].step, 2.0**-shift)
            moved = taken[0].min + value * 2.0**-shift != low
        else:
            continue
        wide = max(abs(low), abs(high)) >= finest * 2**_FLOAT32_BITS
        if moved or (low != high and step > finest and wide):
            raise EdgeoodError(
                "the design has sums that alkaid would cut, as their terms lie more than 24 bits apart; choose "
                "narrower types in quantization.layers, or allow a larger score.error_budget."
            )


def check_candidates(network: FusedNetwork) -> None:
    """Raise :class:`EdgeoodError` unless the network reads candidates."""
    if len(network.graph.shape) != 2:
        raise EdgeoodError(
            "the target verilog is not built yet for convolutional networks, only for ParticleNet-lite; export the "
            "CNN to vitis."
        )


def _ports(count: int, fixed_type: FixedPoint) -> Numbers:
    """Numbers of a type that come from outside."""
    from alkaid.trace import FVArray

    parts = (int(fixed_type.signed), fixed_type.integer, fixed_type.fraction)
    numbers = np.empty(count, object)
    numbers[:] = list(np.asarray(FVArray.from_kif(*(np.full(count, part) for part in parts))))
    return numbers
