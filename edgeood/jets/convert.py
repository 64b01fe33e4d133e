"""Jets of any format that is known here → one file of ours, as a stream: memory does not grow with what is read."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.files.hdf5 import StreamedFile, streamed_hdf5
from edgeood.files.output import output_file, refuse_other_hdf5
from edgeood.jets.events import tells_events
from edgeood.jets.files import Paths, jet_files
from edgeood.jets.hdf5.sources import SOURCE_ROWS
from edgeood.jets.hdf5.storage import MOST_CONSTITUENTS
from edgeood.jets.hdf5.tables import EVENTS, FORMAT, FORMAT_VERSION
from edgeood.jets.layout import MOST_PROCESSES, Jets, too_many_processes
from edgeood.jets.reading import Portion, Reading, iterate_portions

_BATCH = 2048
"""Of jets: a multiple of the rows of both tables' chunks, so that none is packed twice."""
_ROWS = 256
_LEAST_WIDTH = 32
"""Of a chunk of constituents, so that a file whose first jets are small has not many."""


def convert(
    paths: Paths,
    out: str | os.PathLike[str],
    *,
    process: str | None = None,
    reading: Reading | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write the jets of files of any known format to one file of ours; how many there are.

    Parameters
    ----------
    paths : what :func:`edgeood.jets.format.read_jets` takes
    out : the HDF5 file, written wholly or not at all; its attribute ``sources`` names the files and their formats
    process : the name of the jets that have none ("unknown")
    reading : whether to pass over bad jets, which are then left out, and to sort; afterwards, what was passed over
    progress : called with the number of jets just written

    Raises :class:`EdgeoodError` for an unknown format, a bad file or jet, an ``out`` that is an input or holds other
    data, and where there is nothing to write.
    """
    reading = reading or Reading()
    files = jet_files(paths, reading.crashing)
    target = output_file(out, files)
    refuse_other_hdf5(target, "jets")
    with streamed_hdf5(target) as file:
        table = _Tables(file)
        for jets in _rebatched(_named(files, reading, process, table)):
            table.append(jets)
            if progress:
                progress(len(jets))
        if not table.count:
            why = f"; the first that was skipped: {reading.skipped[0].reason}" if reading.skipped else "."
            raise EdgeoodError(f"there are no jets to write to {out}{why}")
        read = [path for path in files if path in reading.formats]
        table.finish(
            [{"file": path.name, "format": reading.formats[path]} for path in read],
            events=all(_tells_events(path, reading) for path in read),
        )
        return table.count


def _named(files: list[Path], reading: Reading, process: str | None, table: "_Tables") -> Iterator[Jets]:
    """The sound jets of all files, with the names of all processes so far."""
    for portion in iterate_portions(files, _BATCH, reading):
        jets = portion.jets
        table.expect(portion)
        if not len(jets):
            continue
        names = jets.processes
        if process is not None:
            names = tuple(process if name == "unknown" else name for name in names)
        table.know(names)
        renumbered = jets.jets.copy()
        renumbered["process"] = np.array([table.processes.index(name) for name in names])[
            jets.jets["process"]
        ]
        yield Jets(renumbered, jets.constituents, tuple(table.processes))


def _tells_events(path: Path, reading: Reading) -> bool:
    """Whether a file tells which jets are of one event; one that cannot be read takes nothing from the others."""
    try:
        return tells_events(path, reading.formats[path])
    except EdgeoodError:
        if not reading.skip_bad:
            raise
        return True


def _rebatched(source: Iterator[Jets]) -> Iterator[Jets]:
    """The same jets in batches of :data:`_BATCH`, the last of what is left."""
    held: list[Jets] = []
    count = 0
    for jets in source:
        held.append(jets)
        count += len(jets)
        while count >= _BATCH:
            together = Jets.concatenate(held)
            yield together[:_BATCH]
            held, count = [together[_BATCH:]], count - _BATCH
    if count:
        yield Jets.concatenate(held)


class _Tables:
    """The two tables of a file of ours, which grow."""

    def __init__(self, file: StreamedFile) -> None:
        self._file = file
        self.processes: list[str] = []
        self.count = 0
        self._expected = 0
        self._first_rows: list[int] = []

    def expect(self, portion: Portion) -> None:
        """Note in which rows, of those that will be written, the files of a portion begin."""
        before = np.cumsum(np.append(0, portion.sound))
        self._first_rows += [self._expected + int(before[row]) for row in np.flatnonzero(portion.begins)]
        self._expected += len(portion.jets)

    def know(self, names: tuple[str, ...]) -> None:
        """Add the names of processes that some jets have, or a file tells, in their order."""
        self.processes += [name for name in dict.fromkeys(names) if name not in self.processes]
        if len(self.processes) > MOST_PROCESSES:
            raise EdgeoodError(f"the files together name {too_many_processes(len(self.processes))}")

    def append(self, jets: Jets) -> None:
        """Write a batch below the others."""
        content = self._file.content
        width = jets.constituents.shape[1]
        if not self.count:
            _create(content, "jets", jets.jets[:0], (2048,), (None,))
            chunk = (_ROWS, max(width, _LEAST_WIDTH))
            _create(content, "constituents", jets.constituents[:0], chunk, (None, MOST_CONSTITUENTS))
        end = self.count + len(jets)
        content["jets"].resize(end, axis=0)
        table = content["constituents"]
        table.resize((end, max(width, table.shape[1])))
        content["jets"][self.count :] = jets.jets
        table[self.count :, :width] = jets.constituents
        self.count = end
        self._file.check()

    def finish(self, sources: list[dict[str, str]], events: bool) -> None:
        """Write the attributes, once all processes are known, and in which rows the files begin."""
        attributes = self._file.content.attrs
        attributes["format"], attributes["version"] = FORMAT, FORMAT_VERSION
        attributes["processes"] = np.array([name.encode() for name in self.processes])
        text = json.dumps(sources, sort_keys=True)
        # Attributes are small (64 KiB): of very many files, the first.
        if len(text) > 32_768:
            text = json.dumps([*sources[:100], {"file": f"and {len(sources) - 100} more", "format": ""}])
        attributes["sources"] = text
        if not events:
            attributes[EVENTS] = False
        # Of a file without a sound jet there is nothing to begin.
        first_rows = sorted({row for row in self._first_rows if row < self.count})
        if len(first_rows) > 1:
            self._file.content.create_dataset(SOURCE_ROWS, data=np.array(first_rows), track_times=False)
            self._file.check()


def _create(
    content: Any, name: str, rows: NDArray[Any], chunks: tuple[int, ...], most: tuple[int | None, ...]
) -> Any:
    return content.create_dataset(
        name,
        data=rows,
        chunks=chunks,
        maxshape=most,
        compression="gzip",
        compression_opts=1,
        shuffle=True,
        track_times=False,
    )
