"""The float64 reference: the same numbers as Python's fractions, for every operation and any input."""

import numpy as np
import pytest
from exact_fractions import tensors_of
from plain_twins import (
    CANDIDATE_TYPE,
    TWO_BLOCKS,
    WIDE_CANDIDATES,
    candidates,
    cnn_graph,
    corner_candidates,
    particlenet_graph,
)
from quantized_runs import SIGNED, STRIDED, TINY, WIDE, random_images

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.evaluation import exact_outputs
from edgeood.fixed_point.graph import FixedGraph
from edgeood.fixed_point.ranges import accumulator_bits
from edgeood.recipe import Quantization

PARTICLENETS = {
    "static": {},
    "dynamic": {"blocks": TWO_BLOCKS, "dynamic": 4},
    "static twice": {"blocks": TWO_BLOCKS},
    "identity": {"identity": True, "constituents": 4},
    "more neighbours than others": {"constituents": 4, "neighbours": 6},
    "wide": {"blocks": TWO_BLOCKS, "dynamic": 5, "quantization": WIDE_CANDIDATES, "angle_bits": 12},
}


def check(graph: FixedGraph, inputs: np.ndarray) -> None:
    outputs = exact_outputs(graph, inputs, batch_size=7)
    for row, jet in enumerate(inputs):
        expected = tensors_of(graph, jet)
        assert list(outputs.representation[row]) == list(expected[graph.representation])
        assert list(outputs.logits[row]) == list(expected[graph.logits])
    assert outputs.representation.dtype == outputs.logits.dtype == np.float64


@pytest.mark.parametrize("settings", PARTICLENETS.values(), ids=PARTICLENETS)
def test_particlenet_equals_fractions(settings: dict) -> None:
    graph = particlenet_graph(**settings)
    check(graph, np.concatenate([candidates(24, graph), corner_candidates(graph)[::3]]))


@pytest.mark.parametrize(
    ("network", "quantization"),
    [(TINY, Quantization()), (STRIDED, SIGNED), (TINY, WIDE)],
    ids=["tiny", "strided", "wide"],
)
def test_cnn_equals_fractions(network, quantization) -> None:
    images = random_images(3, 12) * np.array([0.5, 1, 4], np.float32)[:, None, None, None]
    check(cnn_graph(network, 12, quantization), images)


def test_outputs_vary_and_batches_do_not_matter() -> None:
    graph = particlenet_graph()
    jets = candidates(50, graph)
    outputs = exact_outputs(graph, jets)
    assert np.unique(outputs.logits).size > 50
    for size in (1, 7, 50):
        again = exact_outputs(graph, jets, size)
        np.testing.assert_array_equal(again.representation, outputs.representation)
        np.testing.assert_array_equal(again.logits, outputs.logits)
    assert exact_outputs(graph, jets[:0]).logits.shape == (0, 3)


def test_every_computing_operation_has_its_bits() -> None:
    bits = accumulator_bits(particlenet_graph(blocks=TWO_BLOCKS, dynamic=4))
    gathers = ["edge0", "edge0_maximum", "node0_0", "edge1", "edge1_maximum"]
    assert list(bits) == [*gathers, "pool", "dense0", "representation", "logits"]
    assert max(bits.values()) <= 24
    # 9-bit angles: differences up to 511, squares of two of them
    assert bits["edge0_maximum"] == (2 * 511**2).bit_length()
    assert accumulator_bits(particlenet_graph(quantization=WIDE_CANDIDATES))["edge0_maximum"] == 25


def test_sums_beyond_float64_are_refused() -> None:
    # Biases in steps of 2^-63.
    wide = Quantization(input=CANDIDATE_TYPE, biases=FixedPoint(24, -40))
    graph = particlenet_graph(quantization=wide)
    with pytest.raises(EdgeoodError, match=r"layer 'edge0' has sums of .* bits, more than the 53"):
        exact_outputs(graph, candidates(2, graph))
