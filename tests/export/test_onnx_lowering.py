"""Plain ONNX: the same bits as the network, with and without optimization; the proof of 24 bits."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from quantized_runs import SIGNED, STRIDED, WIDE, quantized_run, random_images

from edgeood.export import to
from edgeood.export.onnx import _Fixed, largest_accumulator
from edgeood.fixed_point import FixedPoint
from edgeood.networks.load import load_network
from edgeood.networks.quantized.exact import accumulator_bits
from edgeood.runtime.network import open_network
from edgeood.runtime.onnxruntime import OnnxRuntime
from edgeood.runtime.verify import corner_images

KINDS = ("max_logit", "mahalanobis_diagonal")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "settings", [{}, {"quantization": SIGNED}, {"quantization": WIDE}, {"network": STRIDED}], ids=str
)
def test_onnxruntime_equals_the_network(kind: str, settings: dict) -> None:
    run = quantized_run(**settings)
    images = np.concatenate([random_images(300, 16), corner_images(16, run.recipe.quantization.input)])
    expected = open_network(run, kind)(images)
    path = to(run, "onnx", score=kind)
    for optimize in (False, True):
        np.testing.assert_array_equal(OnnxRuntime(path, optimize=optimize)(images), expected)


def test_largest_accumulator_is_reached() -> None:
    weights = _Fixed(np.array([[3, -1], [-2, 4]]), 2)
    bias = _Fixed(np.array([5, -1]), 1)
    inputs = FixedPoint(3, 0, False)  # 0 … 7 in eighths
    # Steps: products 2^-5, bias 2^-1. Worst outputs: (3 + 2)·7 + 5·16 = 115 and (1 + 4)·7 + 1·16 = 51.
    assert largest_accumulator(weights, bias, inputs, 1) == 115
    assert largest_accumulator(weights, bias, FixedPoint(3, 0), 1) == (3 + 2) * 4 + 5 * 8


def test_layers_in_float32_are_proven_to_fit() -> None:
    for settings in ({}, {"quantization": WIDE}):
        run = quantized_run(**settings)
        model = onnx.load(to(run, "onnx", score="max_logit"))
        properties = {one.key: json.loads(one.value) for one in model.metadata_props}
        bits = properties["edgeood.accumulator_bits"]
        assert list(bits.values()) == list(accumulator_bits(load_network(run)).values())
        initializers = {one.name: one.data_type for one in model.graph.initializer}
        for layer, width in bits.items():
            wanted = TensorProto.FLOAT if width <= 24 else TensorProto.DOUBLE
            assert initializers[f"{layer}_bias"] == wanted
    assert max(bits.values()) > 24


def test_the_model_describes_itself() -> None:
    run = quantized_run()
    engine = OnnxRuntime(to(run, "onnx", score="max_logit"))
    assert engine.about["score"] == "max_logit"
    assert engine.about["classes"] == ["qcd", "wz"]
    assert engine.about["inputs"] == run.manifest["recipe"]["inputs"]
    assert engine.threshold == float(run.load_scores()["max_logit"]["threshold"])
    scores = engine(random_images(50, 16)) / engine.about["step"]
    np.testing.assert_array_equal(scores, np.rint(scores))


def test_batch_size_does_not_matter() -> None:
    run = quantized_run()
    engine = OnnxRuntime(to(run, "onnx", score="mahalanobis_diagonal"))
    images = random_images(300, 16)
    one_by_one = np.concatenate([engine(images[i : i + 1]) for i in range(20)])
    np.testing.assert_array_equal(engine(images)[:20], one_by_one)
    assert engine(images[:0]).shape == (0,)
