"""Brevitas's own exporter and ours: two independent ways to a QONNX graph that must compute the same numbers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from quantized_runs import SIGNED, STRIDED, TINY, random_images

from edgeood.export.onnx.qonnx import network_graph
from edgeood.networks.quantized.brevitas.cnn import BrevitasCNN
from edgeood.networks.quantized.fixed_graph import fixed_graph
from edgeood.recipe import CNN, Images, Quantization


@pytest.mark.parametrize(("network", "quantization"), [(TINY, Quantization()), (STRIDED, SIGNED)])
def test_both_exporters_give_the_logits_of_the_twin(
    network: CNN, quantization: Quantization, tmp_path: Path
) -> None:
    from brevitas.export import export_qonnx
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes
    from qonnx.util.cleanup import cleanup_model

    torch.manual_seed(3)
    twin = BrevitasCNN(Images(pixels=16), network, quantization, 2).eval()
    images = random_images(12, 16)
    images[0] = 0
    with torch.no_grad():
        outputs = twin(torch.from_numpy(images))
    file = tmp_path / "brevitas.onnx"
    export_qonnx(twin, args=torch.from_numpy(images[:1]), export_path=str(file))
    theirs = cleanup_model(ModelWrapper(str(file)))
    graph = fixed_graph(twin)
    ours = ModelWrapper(network_graph(graph, graph.logits)).transform(InferShapes())
    # The input, two tensors of each layer, the activations of all layers but the logits.
    quants = 1 + 3 * len(twin.layer_names) - 1
    for model in (theirs, ours):
        assert sum(node.op_type == "Quant" for node in model.graph.node) == quants
    names = [one.name for one in theirs.graph.output]
    for row, image in enumerate(images):
        results = execute_onnx(theirs, {theirs.graph.input[0].name: image[None]})
        for name, expected in zip(names, outputs[:2], strict=True):
            np.testing.assert_array_equal(results[name][0], expected[row])
        result = execute_onnx(ours, {ours.graph.input[0].name: image[None]})
        np.testing.assert_array_equal(result[ours.graph.output[0].name][0], outputs.logits[row])
    assert len(np.unique(outputs.logits)) > 12
    # Exporting leaves the network as it was.
    with torch.no_grad():
        assert torch.equal(twin(torch.from_numpy(images)).logits, outputs.logits)
