"""No input leaves the proven ranges, and the first layer's ends are attained."""

import numpy as np
import pytest
from exact_fractions import tensors_of
from plain_twins import TWO_BLOCKS, candidates, cnn_graph, corner_candidates, particlenet_graph
from quantized_runs import SIGNED, STRIDED, TINY, random_images

from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.graph import Constant, Convolution, Dense, FixedGraph
from edgeood.fixed_point.ranges import Range, layer_ranges, quantized, ranges
from edgeood.recipe import Quantization

PARTICLENETS = {
    "static": {},
    "dynamic": {"blocks": TWO_BLOCKS, "dynamic": 4},
    "identity": {"identity": True},
}


def objects(*values: int) -> np.ndarray:
    return np.array(values, object)


def channels_first(values: np.ndarray, graph: FixedGraph, name: str) -> np.ndarray:
    """A tensor's numbers, one row for each channel of its range."""
    if len(graph.shape) == 3:
        return values.reshape(len(ranges(graph)[name].low), -1)
    return values.reshape(-1, values.shape[-1]).T if "." not in name else values.reshape(1, -1)


def check_inside(graph: FixedGraph, inputs: np.ndarray) -> dict[str, float]:
    """Every tensor of every input lies within its range; returns how much of each range was seen."""
    known, seen = ranges(graph), {}
    for jet in inputs:
        for name, values in tensors_of(graph, jet).items():
            if name not in known:
                continue
            one = known[name]
            steps = channels_first(values, graph, name) * 2**one.fraction
            assert all(value.denominator == 1 for value in steps.ravel()), name
            assert (steps >= one.low[:, None]).all(), name
            assert (steps <= one.high[:, None]).all(), name
            largest = np.abs(steps).max() / max(abs(one.lowest), one.highest, 1)
            seen[name] = max(seen.get(name, 0), float(largest))
    return seen


@pytest.mark.parametrize("settings", PARTICLENETS.values(), ids=PARTICLENETS)
def test_no_candidates_leave_the_ranges(settings: dict) -> None:
    graph = particlenet_graph(constituents=4, **settings)
    seen = check_inside(graph, np.concatenate([candidates(30, graph), corner_candidates(graph)]))
    # Saturating inputs come close to the ends, so that the ranges cannot be wide for nothing.
    assert seen["edge0"] > 0.8
    assert seen["edge0_maximum.distance"] > 0.9
    assert len(seen) >= len(graph.operations)


@pytest.mark.parametrize("network", [TINY, STRIDED], ids=["tiny", "strided"])
def test_no_image_leaves_the_ranges(network) -> None:
    graph = cnn_graph(network, 12, SIGNED)
    images = random_images(4, 12) * np.array([1, 3, -1, -5], np.float32)[:, None, None, None]
    assert check_inside(graph, images)["conv0"] > 0.1


def test_the_ends_of_a_first_dense_layer_are_attained() -> None:
    graph = particlenet_graph(identity=True)
    layer, input_type = graph["edge0"], graph.input_type
    assert isinstance(layer, Dense)
    known = ranges(graph)["edge0"]
    assert known.fraction == input_type.fraction + layer.weights.type.fraction
    for channel in range(len(known.low)):
        positive = layer.weights.integers[:, channel] > 0
        for ends, expected in (
            ((input_type.high, input_type.low), known.high[channel]),
            ((input_type.low, input_type.high), known.low[channel]),
        ):
            jet = np.tile(np.where(positive, *ends), (graph.shape[0], 1)).astype(np.float32)
            attained = tensors_of(graph, jet)["edge0"][:, channel] * 2**known.fraction
            assert set(attained) == {expected}


def test_the_ends_of_a_first_convolution_are_attained() -> None:
    graph = cnn_graph(TINY, 16)
    layer, input_type = graph["conv0"], graph.input_type
    assert isinstance(layer, Convolution)
    known = ranges(graph)["conv0"]
    for channel in range(len(known.low)):
        positive = layer.weights.integers[channel] > 0
        image = np.zeros(graph.shape, np.float32)
        for ends, expected in (
            ((input_type.high, input_type.low), known.high[channel]),
            ((input_type.low, input_type.high), known.low[channel]),
        ):
            image[:, 5:8, 6:9] = np.where(positive, *ends)
            attained = tensors_of(graph, image)["conv0"][channel, 5, 6] * 2**known.fraction
            assert attained == expected


def test_a_layer_in_closed_form() -> None:
    weights = Constant(np.array([[3, -1], [-2, 4]]), FixedPoint(8, 5))  # quarters
    bias = Constant(np.array([5, -1]), FixedPoint(8, 6))  # halves
    layer = Dense("dense", ("x",), weights, bias)
    taken = Range(objects(0, 2), objects(7, 5), 3)
    # Steps of 2^-5, so the biases count 16: 3·[0, 7] − 2·[2, 5] + 80 and −[0, 7] + 4·[2, 5] − 16.
    result, partial = layer_ranges(layer, taken)
    assert list(result.low) == [-10 + 80, -7 + 8 - 16]
    assert list(result.high) == [21 - 4 + 80, 20 - 16]
    assert result.fraction == partial.fraction == 5
    # Any of the terms, in any order: what is always added later may be missing.
    assert list(partial.low) == [-10, -7 - 16]
    assert list(partial.high) == [21 + 80, 20]


@pytest.mark.parametrize("fixed_type", [FixedPoint(5, 2), FixedPoint(4, 1, False), FixedPoint(8, 12)])
def test_rounding_of_ends_is_rounding_of_numbers(fixed_type: FixedPoint) -> None:
    values = range(-300, 300)
    taken = Range(objects(*values), objects(*values), 5)
    found = quantized(taken, fixed_type)
    np.testing.assert_array_equal(found.low, fixed_type.to_integers(np.array(values) / 32))
    np.testing.assert_array_equal(found.low, found.high)
    assert found.fraction == fixed_type.fraction


@pytest.mark.parametrize(
    ("low", "high", "bits"), [(0, 0, 1), (0, 255, 8), (0, 256, 9), (-128, 127, 8), (-129, 0, 9), (-1, 0, 1)]
)
def test_bits_are_the_fewest(low: int, high: int, bits: int) -> None:
    one = Range(objects(0, low), objects(high, 0), 3)
    assert one.bits == one.type.bits == bits
    assert one.type.fraction == 3
    assert one.fits(one.type)
    assert one.fits(FixedPoint(bits + 1, one.type.integer, one.type.signed))
    assert not one.fits(FixedPoint(bits, one.type.integer + 1, one.type.signed))
    if bits > 1:
        assert not one.fits(FixedPoint(bits - 1, one.type.integer - 1, one.type.signed))


def test_ranges_do_not_wrap_themselves() -> None:
    """Python's integers: 24-bit weights, 24-bit inputs and a bias of far finer steps need more than 64 bits."""
    wide = Quantization(
        input=FixedPoint(24, 0),
        weights=FixedPoint(24, 0),
        biases=FixedPoint(24, -40),
        activations=FixedPoint(8, 2, False),
    )
    graph = particlenet_graph(quantization=wide)
    one = ranges(graph)["edge0"]
    assert one.fraction == 63
    layer = graph["edge0"]
    assert isinstance(layer, Dense)
    reach = (np.abs(layer.weights.integers).sum(axis=0) / 2**23).max()
    assert one.highest / 2**63 == pytest.approx(reach, rel=1e-6)
