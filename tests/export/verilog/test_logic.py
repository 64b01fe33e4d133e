"""The traced logic has the network's integers: rounding, layers, neighbours, scores, thresholds."""

import dataclasses

import numpy as np
import pytest
from plain_twins import (
    TWO_BLOCKS,
    WIDE_CANDIDATES,
    candidates,
    corner_candidates,
    particlenet_graph,
    scores_for,
)

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.evaluation import exact_outputs
from edgeood.runtime.parity.corners import corner_inputs
from edgeood.scores.fused.mass_blind import MassBlindDecision
from edgeood.scores.fused.network import FusedNetwork

pytest.importorskip("alkaid", reason="RTL needs the extra 'rtl'")

from edgeood.export.verilog.arithmetic import added, floored, rounded, times
from edgeood.export.verilog.logic import check_exact, traced
from edgeood.export.verilog.ports import Ports

TYPES = [
    FixedPoint(bits, integer, signed) for bits in (1, 2, 4) for integer in (-2, 0, 3) for signed in (0, 1)
]


def port(fixed_type: FixedPoint):
    """A number of a type that comes from outside."""
    from alkaid.trace import FVariable

    return FVariable.from_kif(fixed_type.signed, fixed_type.integer, fixed_type.fraction, hwconf=(1, 1, -1))


def every_value(fixed_type: FixedPoint) -> np.ndarray:
    return np.arange(fixed_type.lowest_integer, fixed_type.highest_integer + 1) * fixed_type.step


def computed(given, result, values: np.ndarray) -> np.ndarray:
    """What the interpreter makes of values at a port."""
    from alkaid.trace import trace

    return trace([given], [result], keep_dead_inputs=True).predict(values[:, None], n_threads=1)[:, 0]


@pytest.mark.parametrize(
    "taken", [FixedPoint(6, 2), FixedPoint(6, 3, False), FixedPoint(5, -1), FixedPoint(4, 4)]
)
def test_rounding_is_that_of_every_engine(taken):
    values = every_value(taken)
    for fixed_type in TYPES:
        given = port(taken)
        np.testing.assert_array_equal(
            computed(given, rounded(given, fixed_type), values), fixed_type.quantize(values), str(fixed_type)
        )


def test_flooring_and_products_are_exact():
    taken = FixedPoint(9, 3)
    values = every_value(taken)
    given = port(taken)
    np.testing.assert_array_equal(computed(given, floored(given, 2), values), np.floor(values * 4) / 4)
    for factor in (0.0, 1.0, -6.0, 65535.0, 65536.0, float((1 << 24) - 1), -12345 * 2.0**-20):
        np.testing.assert_array_equal(computed(given, times(given, factor), values), values * factor)


def test_constants_that_alkaid_would_cut_are_refused():
    given = port(FixedPoint(9, 3))
    values = every_value(FixedPoint(9, 3))
    largest = ((1 << 24) - 1) * 2.0**-5
    np.testing.assert_array_equal(computed(given, added(given, largest), values), values + largest)
    for too_wide in ((1 << 24) + 1, -(1 << 30) - 1):
        with pytest.raises(EdgeoodError, match="adds a constant of"):
            added(given, too_wide * 2.0**-5)
        with pytest.raises(EdgeoodError, match="multiplies by a constant of"):
            times(given, too_wide * 2.0**-5)


def test_sums_that_alkaid_would_cut_are_found():
    """A number plus itself 2^25 higher: alkaid's float32 forgets the lower one."""
    from alkaid.trace import trace

    given = port(FixedPoint(9, 3))
    check_exact(trace([given], [given + given * 2.0**22], keep_dead_inputs=True))
    with pytest.raises(EdgeoodError, match="more than 24 bits apart"):
        check_exact(trace([given], [given + given * 2.0**25], keep_dead_inputs=True))


GRAPHS = [
    {"constituents": 8},
    {"constituents": 4, "neighbours": 2, "blocks": TWO_BLOCKS, "dynamic": 3, "identity": True},
    {"constituents": 4, "neighbours": 3},
    {"constituents": 8, "neighbours": 7, "identity": True},
    {"constituents": 2, "neighbours": 1},
    {"constituents": 4, "neighbours": 2, "blocks": TWO_BLOCKS, "dynamic": 3, "quantization": WIDE_CANDIDATES},
]


@pytest.mark.parametrize(("settings", "mass_blind"), list(zip(GRAPHS, [1, 0, 1, 0, 0, 1], strict=True)))
def test_logic_is_the_network(settings, mass_blind):
    """Jets, holes, ties, saturation, corner inputs; both scores; thresholds that scores reach; a mass table."""
    graph = particlenet_graph(**settings)
    corners = corner_inputs(graph.shape, graph.input_type)
    inputs = np.concatenate([candidates(200, graph), corner_candidates(graph), corners])
    random = np.random.default_rng(5)
    masses = random.uniform(0, 600, len(inputs)).astype(np.float32)
    for score in scores_for(graph, exact_outputs(graph, inputs)).values():
        integers = FusedNetwork(graph, score).integers(inputs)
        # The threshold is a score that occurs: nothing at it is anomalous.
        score = dataclasses.replace(score, threshold=float(np.median(integers)) * score.step)
        table = MassBlindDecision(FixedPoint(9, 9, signed=False), random.choice(integers, 512), 0.1)
        network = FusedNetwork(graph, score, table if mass_blind else None)
        results = traced(network).predict(Ports.of(network).values(inputs, masses), n_threads=1)
        np.testing.assert_array_equal(results[:, 0], integers * network.step)
        np.testing.assert_array_equal(results[:, 1], network.decisions(integers, masses))
        assert 0 < results[:, 1].sum() < len(inputs)


@pytest.mark.parametrize("threshold", [float("-1e30"), float("1e30")])
def test_thresholds_beyond_all_scores_are_constants(threshold):
    graph = particlenet_graph(constituents=2, neighbours=1)
    score = scores_for(graph, exact_outputs(graph, candidates(50, graph)))["max_logit"]
    network = FusedNetwork(graph, dataclasses.replace(score, threshold=threshold))
    inputs = candidates(20, graph)
    results = traced(network).predict(Ports.of(network).values(inputs, np.zeros(20)), n_threads=1)
    assert set(results[:, 1]) == {float(threshold < 0)}
