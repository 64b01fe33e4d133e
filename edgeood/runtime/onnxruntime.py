"""Scores by ONNX Runtime on the CPU: needs the ``score.onnx`` file, numpy and onnxruntime, nothing else."""

import os
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.export.onnx.metadata import read_description
from edgeood.export.record import exported, read_record, same_as_recorded
from edgeood.files.reading import check_ordinary
from edgeood.inputs.shapes import input_shape
from edgeood.run import Run
from edgeood.runtime import Decided, Progress

_BATCH = 256
_LARGEST = 64 * 2**20
"""Bytes of a model; ours have less than one million."""
_FATAL = 4
_FLOATS = ("tensor(float)", "tensor(double)")


def silence_log() -> None:
    """Keep ONNX Runtime's own log off standard error in this whole process: what stops it is raised as well."""
    with suppress(ImportError):
        import onnxruntime

        onnxruntime.set_default_logger_severity(_FATAL)


def open_onnxruntime(
    run: Run, score: str, *, workers: int | None = None, progress: Progress | None = None
) -> "OnnxRuntime":
    """The engine on a run's exported ONNX model; ``workers`` are its threads (default: one).

    Raises :class:`EdgeoodError` if there is no export, or another than the one that was recorded.
    """
    path = exported(run, score, "onnx")
    engine = OnnxRuntime(path, threads=workers)
    same_as_recorded(read_record(run, score), engine.about, path)
    return engine


class OnnxRuntime:
    """The engine on one ``score.onnx`` file.

    Raises :class:`EdgeoodError` if onnxruntime is missing or the file is not an export of ours: a model of moderate
    size with one input, of the shape that its own description implies, and an output ``score``.
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
        size = check_ordinary(path, "give a file made by `edgeood export --target onnx`.")
        if size > _LARGEST:
            raise EdgeoodError(
                f"{path} has {size:,} bytes, no export of ours more than {_LARGEST:,}; export it again."
            )
        options = onnxruntime.SessionOptions()
        # One thread scores faster than images are made of jets; more of them wait for each other, spinning.
        options.intra_op_num_threads = threads or 1
        # Whatever stops it is raised as well.
        options.log_severity_level = _FATAL
        if not optimize:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        try:
            self._session = onnxruntime.InferenceSession(
                os.fspath(path), options, providers=["CPUExecutionProvider"], enable_fallback=False
            )
            properties = self._session.get_modelmeta().custom_metadata_map
        except Exception as error:  # onnxruntime raises classes of its own, without a common base
            reason = " ".join(str(error).split())
            raise EdgeoodError(
                f"{path} is no model that ONNX Runtime opens ({reason}); export it again."
            ) from error
        self._path = os.fspath(path)
        self.about = read_description(properties, self._path, "onnx")
        """What the model knows of itself: score, step, threshold, inputs, classes."""
        self._check_interface(self._path)

    def _check_interface(self, path: str) -> None:
        """Raise :class:`EdgeoodError` unless (batch, …) inputs give a (batch,) or (batch, 1) ``score``."""
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if blind := self.mass_blind:
            *inputs, mass = inputs or [None]
            if mass is None or (mass.name, mass.type, mass.shape[1:]) != ("mass", "tensor(float)", [1]):
                raise EdgeoodError(
                    f"{path} promises a mass-blind decision but reads no mass; export it again."
                )
        taken = [tuple(one.shape[1:]) for one in inputs]
        shape = input_shape(self.about["inputs"]) if "inputs" in self.about else (taken or [()])[0]
        if len(taken) != 1 or inputs[0].type != "tensor(float)" or taken[0] != shape:
            raise EdgeoodError(
                f"{path} takes {taken} of each jet, its own description promises {shape}; export it again."
            )
        given = {one.name: (one.type, one.shape[1:]) for one in outputs}
        if blind and given.pop("decision", None) != ("tensor(bool)", [1]):
            raise EdgeoodError(f"{path} promises a mass-blind decision and gives none; export it again.")
        if len(given) != 1 or given.get("score") not in [
            (sort, rest) for sort in _FLOATS for rest in ([], [1])
        ]:
            raise EdgeoodError(f"{path} gives {given}, not one 'score' for each jet; export it again.")

    @property
    def threshold(self) -> float:
        """Jets with a score above it are anomalous."""
        return float(self.about["threshold"])

    @property
    def mass_blind(self) -> bool:
        """Whether the threshold depends on the jet's mass."""
        return "decision" in self.about

    def __call__(self, inputs: NDArray[Any]) -> NDArray[np.float64]:
        """(N,) scores from (N, 1, P, P) images or (N, constituents, F) candidates.

        Raises :class:`EdgeoodError` for inputs of another shape, or if the model cannot be computed.
        """
        return self._run(inputs, np.zeros(len(inputs), np.float32), ["score"])[0]

    def decide(self, inputs: NDArray[Any], mass_gev: NDArray[Any]) -> Decided:
        """The scores and the model's own decisions; without one in the model, what lies above the threshold."""
        if not self.mass_blind:
            scores = self(inputs)
            return Decided(scores, scores > self.threshold)
        scores, anomalous = self._run(inputs, mass_gev, ["score", "decision"])
        return Decided(scores, anomalous.astype(bool))

    def _run(
        self, inputs: NDArray[Any], mass_gev: NDArray[Any], outputs: list[str]
    ) -> list[NDArray[np.float64]]:
        """(N,) of every output; a mass is given to models that read one."""
        inputs = np.ascontiguousarray(inputs, np.float32)
        mass = np.ascontiguousarray(mass_gev, np.float32).reshape(-1, 1)
        names = [one.name for one in self._session.get_inputs()]
        results = [np.empty(len(inputs)) for _ in outputs]
        for start in range(0, len(inputs), _BATCH):
            rows = slice(start, start + _BATCH)
            given = dict(zip(names, (inputs[rows], mass[rows]), strict=False))
            for result, value in zip(results, self._computed(outputs, given), strict=True):
                result[rows] = value
        return results

    def _computed(self, outputs: list[str], given: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """The outputs of one batch, a number for each input; what ONNX Runtime says against it in a sentence."""
        shape = next(iter(given.values())).shape
        try:
            found = [value.reshape(-1) for value in self._session.run(outputs, given)]
        except Exception as error:  # as above
            reason = " ".join(str(error).split())
            raise EdgeoodError(
                f"{self._path} cannot score inputs of shape {shape} ({reason}); give it inputs of its own shape, or "
                "export it again."
            ) from error
        for value in found:
            if len(value) != shape[0]:
                raise EdgeoodError(
                    f"{self._path} gives {len(value)} scores for {shape[0]} inputs; export it again."
                )
        return found
