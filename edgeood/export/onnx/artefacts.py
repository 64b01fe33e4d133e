"""``score.qonnx.onnx``, ``network.qonnx.onnx`` and ``score.onnx``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray

from edgeood.export.onnx.float_network import to_onnx
from edgeood.export.onnx.lowering import lower
from edgeood.export.onnx.metadata import store_metadata
from edgeood.export.onnx.qonnx import network_graph, to_qonnx
from edgeood.export.targets import Order
from edgeood.inputs.shapes import input_shape
from edgeood.networks.load import load_network
from edgeood.run import Run

NETWORK = "network.qonnx.onnx"
"""Inputs → logits, by operators that qonnx and hls4ml know without us: no score, no threshold, no metadata."""


def write_qonnx(order: Order, path: Path) -> dict[str, Any]:
    """The QONNX graph of a fused network; beside it, of a convolutional one, the network alone (:data:`NETWORK`)."""
    model = to_qonnx(order.network)
    store_metadata(model, order.about)
    onnx.save(model, path)
    # What ParticleNet-lite gathers is of our own domain, which plain tools do not know.
    if len(order.network.graph.shape) == 3:
        onnx.save(network_graph(order.network.graph, "logits"), path.with_name(NETWORK))
    return {}


def write_onnx(order: Order, path: Path) -> dict[str, Any]:
    """The same as plain ONNX, for ONNX Runtime."""
    onnx.save(lower(to_qonnx(order.network), order.about), path)
    return {}


def write_float_onnx(
    run: Run, score: str, parameters: Mapping[str, NDArray[Any]], about: Mapping[str, Any], path: Path
) -> None:
    """A float network and its score as plain ONNX."""
    settings = run.recipe.inputs.model_dump()
    name = settings["kind"] if settings["kind"] == "images" else "inputs"
    model = to_onnx(load_network(run), score, parameters, input_shape(settings), name)
    store_metadata(model, about)
    onnx.save(model, path)
