"""KnnGather and ConstituentMean as ONNX functions: the same numbers as their descriptions, by two executors."""

from fractions import Fraction

import numpy as np
import onnx
import onnxruntime
import pytest
from exact_fractions import fractions, result_of
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from edgeood.export.onnx.constituent_operators import add_functions, graph_node
from edgeood.export.onnx.qonnx import IR_VERSION
from edgeood.export.onnx.score_operators import OPSET
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.graph import ConstituentMean, KnnGather

ANGLES = FixedPoint(6, 2)
TENSORS = ("candidates", "points", "edges")
PLACES = 6


def gather(
    neighbours: int, first: int = 1, coordinates: int = 2, coordinate_type: FixedPoint = ANGLES
) -> KnnGather:
    return KnnGather("maximum", TENSORS, neighbours, first, coordinates, coordinate_type)


def model_of(operation: KnnGather | ConstituentMean, inputs: dict[str, np.ndarray]) -> onnx.ModelProto:
    types = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.float64): TensorProto.DOUBLE}

    def value(name: str, array: np.ndarray) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, types[array.dtype], ["B", *array.shape[1:]])

    last = list(inputs.values())[-1]
    shape = ["B", "N", "C"] if isinstance(operation, KnnGather) else ["B", "C"]
    result = helper.make_tensor_value_info(operation.name, types[last.dtype], shape)
    node = graph_node(operation, list(inputs))
    graph = helper.make_graph([node], "test", [value(*one) for one in inputs.items()], [result])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    add_functions(model)
    onnx.checker.check_model(model, full_check=True)
    return model


def results(operation: KnnGather | ConstituentMean, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    model = model_of(operation, inputs)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return [session.run(None, inputs)[0], ReferenceEvaluator(model).run(None, inputs)[0]]


def check(operation: KnnGather | ConstituentMean, inputs: dict[str, np.ndarray]) -> None:
    expected = [
        result_of(operation, [fractions(array[row]) for array in inputs.values()])
        for row in range(len(inputs["candidates"]))
    ]
    for result in results(operation, inputs):
        assert result.dtype == list(inputs.values())[-1].dtype
        np.testing.assert_array_equal(result, np.array(expected, np.float64))


def jets(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Momenta with gaps (also none and one only), coordinates with many ties, off their grid and beyond it."""
    random = np.random.default_rng(seed)
    candidates = np.where(
        random.random((count, PLACES, 3)) < 0.6, random.integers(-1, 9, (count, PLACES, 3)), 0
    )
    candidates[0] = 0
    candidates[1, :, 0] = np.eye(PLACES)[3]
    candidates[2, :, 0] = 1
    candidates[3] = 1  # all in one place
    points = random.integers(-5, 6, (count, PLACES, 4)) * random.choice([0.0625, 1.0], (count, 1, 1))
    points[3] = 1
    edges = random.integers(-50, 51, (count, PLACES, 8)) / 8
    return {
        "candidates": candidates.astype(np.float32),
        "points": points.astype(np.float32),
        "edges": edges.astype(np.float32),
    }


@pytest.mark.parametrize("neighbours", [1, 2, 5, 6, 9])
def test_gather_equals_its_description(neighbours: int) -> None:
    check(gather(neighbours), jets(40))


@pytest.mark.parametrize(
    "coordinate_type", [FixedPoint(3, 2, False), FixedPoint(8, 6), FixedPoint(6, -1), FixedPoint(4, 9)]
)
def test_coordinates_are_rounded_to_their_type(coordinate_type: FixedPoint) -> None:
    check(gather(2, 0, 4, coordinate_type), jets(30))
    coarse, fine = (
        results(gather(2, 0, 4, one), jets(30))[0] for one in (coordinate_type, FixedPoint(12, 5))
    )
    assert (coarse != fine).any()


def test_equal_distances_go_to_the_lower_index() -> None:
    inputs = {name: np.zeros((1, 4, size), np.float32) for name, size in zip(TENSORS, (3, 2, 2), strict=True)}
    inputs["candidates"][0, :, 0] = 1
    inputs["points"][0, :, 0] = [1, 0, 1, 2]  # the first and the last are equally far from the third
    inputs["edges"][0, :, 1] = [10, 20, 30, 40]
    for result in results(gather(1, 0, 1), inputs):
        # The first and the third are in one place; the second and the fourth see both and take the first.
        assert result[0, :, 0].tolist() == [30, 10, 10, 10]


def test_wide_edges_are_added_in_their_own_precision() -> None:
    inputs = jets(8)
    inputs["edges"] = inputs["edges"].astype(np.float64) + 2.0**40
    check(gather(3), inputs)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_mean_equals_its_description(precision: type) -> None:
    inputs = jets(20)
    features = {
        "candidates": inputs["candidates"][:, :4],
        "features": inputs["edges"][:, :4].astype(precision),
    }
    check(ConstituentMean("mean", ("candidates", "features")), features)


def test_mean_counts_the_empty_places() -> None:
    candidates = np.zeros((1, 4, 3), np.float32)
    candidates[0, 1, 0] = 1
    features = np.full((1, 4, 1), 3, np.float32)
    mean = ConstituentMean("mean", ("candidates", "features"))
    assert [float(one[0, 0]) for one in results(mean, {"candidates": candidates, "features": features})] == [
        0.75
    ] * 2
    assert result_of(mean, [fractions(candidates[0]), fractions(features[0])])[0] == Fraction(3, 4)
