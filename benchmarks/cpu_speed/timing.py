"""Jets per second of the engines of one run, and whether they agree."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.export.record import exported
from edgeood.run import Run
from edgeood.runtime.cpu import open_cpu
from edgeood.runtime.csim import open_csim
from edgeood.runtime.csim_worker import simulate
from edgeood.runtime.onnxruntime import OnnxRuntime

_LEAST_SECONDS = 0.2


class Row(NamedTuple):
    """Jets per second, by processor time, of one network and score."""

    network: str
    score: str
    inputs: str
    filled: float
    """share of the input numbers that are not zero"""
    csim: float
    onnxruntime: float
    cpu: float
    ratio: float
    """cpu over csim"""
    jets: int
    """scored by ONNX Runtime and in integers"""
    csim_jets: int
    mismatches: int
    """jets, of all that were scored, where an engine gives another score than the integers"""


def jets_per_second(
    score: Callable[[NDArray[Any]], NDArray[Any]], inputs: NDArray[Any], rounds: int
) -> float:
    """The best rate of some rounds, by this process's processor time; others can only make a round slower."""
    score(inputs[:64])
    best = 0.0
    for _ in range(rounds):
        begin, done = time.process_time(), 0
        while (taken := time.process_time() - begin) < _LEAST_SECONDS:
            score(inputs)
            done += len(inputs)
        best = max(best, done / taken)
    return best


def timed(run: Run, score: str, inputs: NDArray[np.float32], source: str, csim_jets: int, rounds: int) -> Row:
    """All engines on (N, …) inputs, C-simulation on the first ``csim_jets`` of them; what is missing is exported."""
    for target in ("onnx", "vitis"):
        try:
            exported(run, score, target)
        except EdgeoodError:
            to(run, target, score=score)
    compiled = open_csim(run, score, workers=1)
    runtime, integers = OnnxRuntime(exported(run, score, "onnx")), open_cpu(run, score)

    def csim(jets: NDArray[Any]) -> NDArray[Any]:
        # In this process, as its own time is what is measured.
        flat = jets.reshape(len(jets), -1)
        return simulate(compiled.library, f"{compiled.project}_double", flat)

    few = inputs[:csim_jets]
    scores = integers(inputs)
    wrong = (runtime(inputs) != scores) | np.isnan(scores)
    wrong[: len(few)] |= csim(few) != scores[: len(few)]
    rates = [
        jets_per_second(engine, jets, rounds)
        for engine, jets in ((csim, few), (runtime, inputs), (integers, inputs))
    ]
    return Row(
        network=run.recipe.name,
        score=score,
        inputs=source,
        filled=float((inputs != 0).mean()),
        csim=rates[0],
        onnxruntime=rates[1],
        cpu=rates[2],
        ratio=rates[2] / rates[0],
        jets=len(inputs),
        csim_jets=len(few),
        mismatches=int(wrong.sum()),
    )
