"""Scores by qonnx's own executor, node by node: what the interchange file means to those who wrote the format."""

import os
import warnings
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.export.onnx.metadata import read_description
from edgeood.export.onnx.qonnx_reader import read_qonnx
from edgeood.export.record import exported, read_record, same_as_recorded
from edgeood.fixed_point.ranges import FLOAT32_BITS, accumulator_bits
from edgeood.run import Run
from edgeood.runtime import Decided, Progress

_BATCH = 256


def open_qonnx(
    run: Run, score: str, *, workers: int | None = None, progress: Progress | None = None
) -> "QonnxExecution":
    """The engine on a run's exported QONNX graph, in this thread alone.

    Raises :class:`EdgeoodError` if there is no export, or another than the one that was recorded.
    """
    path = exported(run, score, "qonnx")
    engine = QonnxExecution(path)
    same_as_recorded(read_record(run, score), engine.about, path)
    return engine


class QonnxExecution:
    """The engine on one ``score.qonnx.onnx`` file.

    Raises :class:`EdgeoodError` if the file is not an export of ours, or if sums of a layer may exceed the 24 bits
    that qonnx's executor, which works in float32, computes exactly.
    """

    name = "qonnx"

    def __init__(self, path: str | os.PathLike[str]) -> None:
        try:
            self._model = onnx.load(path)
        except Exception as error:  # protobuf's and onnx's own classes have no common base
            raise EdgeoodError(
                f"{os.fspath(path)} is no ONNX model; make one with `edgeood export --target qonnx`."
            ) from error
        properties = {one.key: one.value for one in self._model.metadata_props}
        self.about = read_description(properties, os.fspath(path), "qonnx")
        """What the model knows of itself: score, step, threshold, inputs, classes."""
        for name, bits in accumulator_bits(read_qonnx(self._model)[0]).items():
            if bits > FLOAT32_BITS:
                raise EdgeoodError(
                    f"qonnx executes in float32, but sums of layer '{name}' can need {bits} bits; leave this engine "
                    f"out, or choose narrower types in quantization.layers."
                )

    @property
    def threshold(self) -> float:
        """Jets with a score above it are anomalous."""
        return float(self.about["threshold"])

    @property
    def mass_blind(self) -> bool:
        """Whether the threshold depends on the jet's mass."""
        return "decision" in self.about

    def __call__(self, inputs: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) scores from (N, 1, P, P) images or (N, constituents, F) candidates."""
        return execute(self._model, inputs)["score"]

    def decide(self, inputs: NDArray[Any], mass_gev: NDArray[Any]) -> Decided:
        """The scores and the graph's own decisions; without one in the graph, what lies above the threshold."""
        results = execute(self._model, inputs, mass_gev)
        scores = results["score"]
        return Decided(scores, results.get("decision", scores > self.threshold).astype(bool))


def execute(
    model: onnx.ModelProto, inputs: NDArray[Any], mass_gev: NDArray[Any] | None = None
) -> dict[str, NDArray[np.float64]]:
    """Every output (N,) of a QONNX model of ours by qonnx's executor, many jets at a time."""
    from qonnx.core.onnx_exec import execute_onnx

    names = [value.name for value in model.graph.input]
    masses = np.zeros(len(inputs)) if mass_gev is None else mass_gev
    columns = [np.ascontiguousarray(inputs, np.float32), np.asarray(masses, np.float32).reshape(-1, 1)]
    given = dict(zip(names, columns, strict=False))
    outputs: dict[str, list[NDArray[np.float64]]] = {
        value.name: [np.empty(0)] for value in model.graph.output
    }
    batch = min(_BATCH, len(inputs))
    plain = _with_batch(model, batch) if batch else None
    for start in range(0, len(inputs), max(batch, 1)):
        # The executor wants exactly the shapes of the graph: the last jets are made a whole batch.
        whole = {name: _filled(column[start : start + batch], batch) for name, column in given.items()}
        with warnings.catch_warnings():
            # Shapes that depend on the number of constituents are not inferred; nothing needs them.
            warnings.filterwarnings("ignore", "Output shapes disagree")
            results = execute_onnx(plain, whole)
        for name, parts in outputs.items():
            parts.append(results[name][: len(inputs) - start, 0].astype(np.float64))
    return {name: np.concatenate(parts) for name, parts in outputs.items()}


def _filled(part: NDArray[np.float32], batch: int) -> NDArray[np.float32]:
    """Rows of zeros behind those that there are."""
    return np.concatenate([part, np.zeros((batch - len(part), *part.shape[1:]), np.float32)])


def _with_batch(model: onnx.ModelProto, batch: int) -> Any:
    """The model as qonnx can execute it: our operators replaced by their bodies, a batch of that size."""
    from onnx.inliner import inline_local_functions
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.transformation.infer_shapes import InferShapes

    plain = inline_local_functions(model)
    del plain.graph.value_info[:]
    for value in (*plain.graph.input, *plain.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = batch
    return ModelWrapper(plain).transform(InferShapes())
