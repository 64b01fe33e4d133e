"""Score jet files with one engine. With ONNX Runtime, the usual one, numpy, h5py and onnxruntime are enough."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from edgeood.atomic import atomic_path
from edgeood.inputs import inputs_of
from edgeood.jets.domain import Outside
from edgeood.jets.format import Paths, iterate_jets
from edgeood.run import Run
from edgeood.runtime import Engine, Progress, open_engine

_BATCH = 2048


def score(
    run: Run | str | os.PathLike[str],
    jets: Paths,
    out: str | os.PathLike[str] | None = None,
    engine: str = "onnxruntime",
    *,
    score: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float64]:
    """(N,) scores of the jets in ``jets``, larger = more anomalous.

    Parameters
    ----------
    run : a run, its folder, or a ``score.onnx`` file alone (ONNX Runtime only)
    jets : a jet file, a folder, or a sequence of them; read in batches
    out : also write ``score`` (f8), ``anomalous`` (bool: above the working point) and ``event`` (i8) to this
        HDF5 file; attributes tell the score, the threshold, and which share lies outside of the run's domain
    engine : one of :data:`edgeood.runtime.ENGINES`; all but ``network`` and ``cpu`` need an export
    score : default: the recipe's
    progress : called with the number of jets just scored

    Raises :class:`EdgeoodError` for unsound jets or a missing export or tool; warns once
    (:class:`~edgeood.errors.OutsideDomainWarning`) if the run is made for other jets.
    """
    run = run if isinstance(run, Run) or Path(run).suffix == ".onnx" else Run.open(run)
    chosen, inputs, score_name = _open(run, engine, score, workers)
    who = f"run {run.path}" if isinstance(run, Run) else f"run {os.fspath(run)}"
    outside = Outside(run.domain if isinstance(run, Run) else None)
    scores, events = [], []
    for batch in iterate_jets(jets, _BATCH):
        scores.append(chosen(inputs_of(batch, inputs, who)))
        events.append(batch.jets["event"])
        outside.count(batch)
        if progress:
            progress(len(batch))
    values = np.concatenate(scores)
    if out is not None:
        with atomic_path(out) as temporary, h5py.File(temporary, "w") as file:
            file.attrs.update({"score": score_name, "engine": engine, "threshold": chosen.threshold})
            file.attrs.update(outside.attributes())
            columns = {
                "score": values,
                "anomalous": values > chosen.threshold,
                "event": np.concatenate(events),
            }
            for name, column in columns.items():
                file.create_dataset(name, data=column, track_times=False)
    outside.warn(who)
    return values


def _open(
    run: Run | str | os.PathLike[str], engine: str, score: str | None, workers: int | None
) -> tuple[Engine, Mapping[str, Any], str]:
    """The engine, the inputs section of its recipe, and the name of its score."""
    if not isinstance(run, Run):
        from edgeood.runtime.onnxruntime import OnnxRuntime

        alone = OnnxRuntime(run, threads=workers)
        return alone, alone.about["inputs"], alone.about["score"]
    recipe = run.manifest["recipe"]
    score_name = score or recipe["score"]["kind"]
    return open_engine(run, engine, score_name, workers=workers), recipe["inputs"], score_name
