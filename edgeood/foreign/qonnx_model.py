"""A QONNX file, as Brevitas exports it → its integer meaning."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.files.reading import check_ordinary
from edgeood.fixed_point.graph import FixedGraph
from edgeood.foreign.network import ForeignNetwork
from edgeood.foreign.qonnx_nodes import NodeReader

_AGAIN = "export the network again."


def read_qonnx_model(path: str | os.PathLike[str]) -> ForeignNetwork:
    """The network of a QONNX file with one input (B, 1, P, P); its last output are the logits.

    Raises :class:`EdgeoodError` for a file that is none, and for a node or a setting without an integer meaning.
    """
    try:
        import onnx
        from qonnx.core.modelwrapper import ModelWrapper
        from qonnx.util.cleanup import cleanup_model
    except ImportError as error:
        raise EdgeoodError(
            f"QONNX files need the package '{error.name}'; install `edgeood[quantize]`."
        ) from error
    check_ordinary(path, _AGAIN)
    try:
        proto = onnx.load(path, load_external_data=False)
        onnx.checker.check_model(proto)
        model = cleanup_model(ModelWrapper(proto))
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise EdgeoodError(f"{path} cannot be opened as a QONNX file ({reason}); {_AGAIN}") from error
    reader = NodeReader(model, os.fspath(path))
    for node in model.graph.node:
        reader.read(node)
    last = reader.last()
    shape = tuple(one.dim_value for one in model.graph.input[0].type.tensor_type.shape.dim)[1:]
    graph = FixedGraph(shape, tuple(reader.operations), last.inputs[0], last.name)
    return ForeignNetwork(graph, _executed(model, reader.logits), "brevitas")


def _executed(model: Any, output: str) -> Callable[[NDArray[np.float32]], NDArray[np.float64]]:
    """The model in qonnx's own executor, which takes one jet at a time."""

    def logits(inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        from qonnx.core.onnx_exec import execute_onnx

        name = model.graph.input[0].name
        rows = [
            execute_onnx(model, {name: one[None]}, return_full_exec_context=True)[output].reshape(-1)
            for one in inputs
        ]
        return np.stack(rows).astype(np.float64)

    return logits
