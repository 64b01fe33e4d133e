"""Scores by ONNX Runtime on the CPU: needs the ``score.onnx`` file, numpy and onnxruntime, nothing else."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.export.onnx.metadata import read_metadata
from edgeood.export.record import exported
from edgeood.run import Run
from edgeood.runtime import Progress

_BATCH = 256


def open_onnxruntime(
    run: Run, score: str, *, workers: int | None = None, progress: Progress | None = None
) -> "OnnxRuntime":
    """The engine on a run's exported ONNX model; ``workers`` are its threads (default: one).

    Raises :class:`EdgeoodError` if there is no export.
    """
    return OnnxRuntime(exported(run, score, "onnx"), threads=workers)


class OnnxRuntime:
    """The engine on one ``score.onnx`` file.

    Raises :class:`EdgeoodError` if onnxruntime is missing or the file is not an export of ours.
    """

    name = "onnxruntime"

    def __init__(
        self, path: str | os.PathLike[str], *, threads: int | None = None, optimize: bool = True
    ) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise EdgeoodError(
                "scoring needs ONNX Runtime; install it with `pip install onnxruntime`."
            ) from error
        options = onnxruntime.SessionOptions()
        # One thread scores faster than images are made of jets; more of them wait for each other, spinning.
        options.intra_op_num_threads = threads or 1
        options.log_severity_level = 3
        if not optimize:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        try:
            self._session = onnxruntime.InferenceSession(
                os.fspath(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises classes of its own, without a common base
            reason = " ".join(str(error).split())
            raise EdgeoodError(
                f"{path} is no model that ONNX Runtime opens ({reason}); export it again."
            ) from error
        self.about = read_metadata(self._session.get_modelmeta().custom_metadata_map)
        """What the model knows of itself: score, step, threshold, inputs, classes."""
        if "score" not in self.about:
            raise EdgeoodError(
                f"{path} was not exported by edgeood; make one with `edgeood export --target onnx`."
            )

    @property
    def threshold(self) -> float:
        """Jets with a score above it are anomalous."""
        return float(self.about["threshold"])

    def __call__(self, inputs: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) scores from (N, 1, P, P) images or (N, constituents, F) candidates."""
        inputs = np.ascontiguousarray(inputs, np.float32)
        name = self._session.get_inputs()[0].name
        scores = np.empty(len(inputs))
        for start in range(0, len(inputs), _BATCH):
            rows = slice(start, start + _BATCH)
            scores[rows] = self._session.run(["score"], {name: inputs[rows]})[0][:, 0]
        return scores
