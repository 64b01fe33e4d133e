"""Score jet files with one engine. With ONNX Runtime, the usual one, numpy, h5py and onnxruntime are enough."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.files.output import output_file, refuse_other_hdf5
from edgeood.inputs import inputs_of
from edgeood.jets.domain import Outside
from edgeood.jets.events import check_events
from edgeood.jets.files import Paths, jet_files
from edgeood.jets.reading import Reading, iterate_portions
from edgeood.jets.skipped import write_skipped
from edgeood.resources import run_folder
from edgeood.run import Run, run_files
from edgeood.runtime import Engine, Progress, open_engine
from edgeood.runtime.event_scores import EventStream
from edgeood.runtime.numbers import check_numbers
from edgeood.runtime.scores_file import scores_file

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
    reading: Reading | None = None,
    per_event: str | None = None,
) -> NDArray[np.float64]:
    """(N,) scores of the jets in ``jets``, larger = more anomalous.

    Parameters
    ----------
    run : a run, its folder, the name of a released detector, or a ``score.onnx`` file alone (ONNX Runtime only)
    jets : a jet file, a folder, or a sequence of them; read in batches
    out : also write ``score`` (f8), ``anomalous`` (bool: the engine's decision) and ``event`` (i8) to this
        HDF5 file; attributes tell the score, its threshold for all masses, whether the decision has one for each
        (``mass_blind``), and which share lies outside of the run's domain
    engine : one of :data:`edgeood.runtime.ENGINES`; all but ``network`` and ``cpu`` need an export
    score : default: the recipe's
    progress : called with the number of jets just scored
    reading : pass over what is bad, or sort constituents: a bad jet's score is NaN and it is not anomalous, so that
        every jet keeps its row; afterwards it tells what was passed over, and so does ``skipped`` in ``out``

    per_event : ``max`` or ``sum`` of the scores of each event's jets in place of theirs: (E,) are returned, and written
        with ``event`` and ``jets``, how many were scored; an event is anomalous if one of its jets is. Events are what
        :mod:`edgeood.jets.events` says

    Raises :class:`EdgeoodError` for unsound jets, a missing export or tool, a score that is no number, or an ``out``
    that cannot be written or would replace an input or other data; a link at ``out`` is followed. Warns once
    (:class:`~edgeood.errors.OutsideDomainWarning`) if the run is made for other jets.
    """
    kept = [np.empty(0)]
    asked = _Asked(engine, score, workers, progress, reading or Reading(), per_event)
    _scored(run, jets, out, asked, kept.append)
    return np.concatenate(kept)


def score_to_file(
    run: Run | str | os.PathLike[str],
    jets: Paths,
    out: str | os.PathLike[str],
    engine: str = "onnxruntime",
    *,
    score: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    reading: Reading | None = None,
    per_event: str | None = None,
) -> int:
    """Write what :func:`score` writes to ``out``, in memory that does not grow with the jets; how many scores.

    Parameters and errors are those of :func:`score`.
    """
    asked = _Asked(engine, score, workers, progress, reading or Reading(), per_event)
    return _scored(run, jets, out, asked, lambda values: None)


class _Asked(NamedTuple):
    """How to score, as :func:`score` is told."""

    engine: str
    score: str | None
    workers: int | None
    progress: Progress | None
    reading: Reading
    per_event: str | None


def _scored(
    run: Run | str | os.PathLike[str],
    jets: Paths,
    out: str | os.PathLike[str] | None,
    asked: _Asked,
    keep: Callable[[NDArray[np.float64]], None],
) -> int:
    """Score as a stream into ``out``, if there is one, and into ``keep``; how many scores."""
    reading = asked.reading
    events = None if asked.per_event is None else EventStream(asked.per_event)
    if events is not None:
        check_events(jets, reading)
    source = run.path if isinstance(run, Run) else run_folder(run)
    target = None if out is None else _target(out, source, jet_files(jets, reading.crashing))
    run = run if isinstance(run, Run) or Path(run).suffix == ".onnx" else Run.open(run)
    chosen, inputs, score_name = _open(run, asked.engine, asked.score, asked.workers)
    who = f"run {run.path}" if isinstance(run, Run) else f"run {os.fspath(run)}"
    outside = Outside(run.domain if isinstance(run, Run) else None)
    count, any_score = 0, False
    with scores_file(target) as file:

        def store(columns: dict[str, NDArray[Any]]) -> int:
            keep(columns["score"])
            if file is not None:
                file.append(columns)
            return len(columns["score"])

        for portion in iterate_portions(jets, _BATCH, reading):
            values, anomalous = np.full(len(portion), np.nan), np.zeros(len(portion), bool)
            if len(portion.jets):
                decided = chosen.decide(inputs_of(portion.jets, inputs, who), portion.jets.jets["mass"])
                values[portion.sound] = check_numbers(decided.scores, who)
                anomalous[portion.sound] = decided.anomalous
                outside.count(portion.jets)
                any_score = True
            if events is None:
                count += store({"score": values, "anomalous": anomalous, "event": portion.events})
            else:
                ended = events.add(values, anomalous, portion.events, portion.begins)
                count += store(ended._asdict())
            if asked.progress:
                asked.progress(len(portion))
        if reading.skipped and not any_score:
            raise EdgeoodError(
                f"no jet can be scored; the first that was skipped: {reading.skipped[0].reason}"
            )
        if events is not None:
            count += store(events.end()._asdict())
        if file is not None:
            about = {"score": score_name, "engine": asked.engine, "threshold": chosen.threshold}
            per_event = {} if asked.per_event is None else {"per_event": asked.per_event}
            file.content.attrs.update(
                {**about, "mass_blind": chosen.mass_blind, **outside.attributes(), **per_event}
            )
            if reading.skip_bad or reading.sort:
                write_skipped(file.content, reading)
    outside.warn(who)
    return count


def _target(out: str | os.PathLike[str], source: Path, jets: list[Path]) -> Path:
    """Where the scores go, once nothing that is read or of another sort can be lost there."""
    inputs = [*jets, source, *(run_files(source) if source.is_dir() else [])]
    target = output_file(out, inputs)
    refuse_other_hdf5(target, "score")
    return target


def _open(
    run: Run | str | os.PathLike[str], engine: str, score: str | None, workers: int | None
) -> tuple[Engine, Mapping[str, Any], str]:
    """The engine, the inputs section of its recipe, and the name of its score."""
    if not isinstance(run, Run):
        from edgeood.runtime.onnxruntime import OnnxRuntime

        alone = OnnxRuntime(run, threads=workers)
        if missing := [key for key in ("inputs", "threshold") if key not in alone.about]:
            raise EdgeoodError(f"{run} does not tell its {missing[0]}; score with the run that it is from.")
        return alone, alone.about["inputs"], alone.about["score"]
    recipe = run.manifest["recipe"]
    score_name = score or recipe["score"]["kind"]
    return open_engine(run, engine, score_name, workers=workers), recipe["inputs"], score_name
